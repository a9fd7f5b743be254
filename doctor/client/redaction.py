"""Redacts secrets in evidence: a server may quote what it was sent.

Always done before a text is cut, quoted or escaped, which would make a secret unrecognisable.
"""

import html
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

from doctor.client.secret_text import SecretText

BLANK = "***"
_MIN_SECRET_CHARS = 6  # a shorter one would redact much that is no secret
# Tokens of sessions and mailed links; a commit hash has no capital letters. Only from the start of
# a word, so that a word of a million letters is scanned once.
_TOKEN = re.compile(r"(?<![A-Za-z0-9])(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{32,}(?:\.[\w%+/=-]+)?")

_ONE_SPELLING = re.compile("[A-Za-z0-9]*")


class EvidenceRedactor:
    """Redacts known secrets by their value, and tokens by their shape."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def add(self, *secrets: SecretText | str) -> None:
        """Redact these too from now on."""
        self._known |= {each if isinstance(each, str) else each.reveal() for each in secrets}

    def redact(self, text: str) -> str:
        """Return the text without secrets."""
        return _TOKEN.sub(BLANK, mask_secrets(text, self._known, BLANK))


def mask_secrets(text: str, secrets: Iterable[str], mask: str) -> str:
    """Return the text with these masked, also where they are encoded, escaped or in HTML."""
    for each in sorted(secrets, key=len, reverse=True):
        if len(each) >= _MIN_SECRET_CHARS and any(part in text for part in _unchanged_parts(each)):
            text = _spellings(each).sub(mask, text)
    return text


def _forms(secret: str) -> Iterable[str]:
    # A cookie is sent encoded, and a server may quote it decoded.
    return dict.fromkeys((secret, unquote(secret), unquote_plus(secret)))


@lru_cache(1000)
def _unchanged_parts(secret: str) -> list[str]:
    """Return of each form the longest part that has one spelling only.

    Most texts contain none, and need no pattern: making one takes a millisecond.
    """
    return [max(_ONE_SPELLING.findall(each), key=len) for each in _forms(secret)]


@lru_cache(1000)
def _spellings(secret: str) -> re.Pattern[str]:
    return re.compile("|".join("".join(map(_character_pattern, each)) for each in _forms(secret)))


def _character_pattern(letter: str) -> str:
    if letter.isascii() and letter.isalnum():
        return letter
    utf8 = letter.encode("utf-8", "surrogatepass")
    utf16 = letter.encode("utf-16-be", "surrogatepass").hex()
    units = [utf16[start : start + 4] for start in range(0, len(utf16), 4)]
    spellings = [
        re.escape(letter),
        # Percent-encoded, perhaps more than once.
        "".join(f"(?i:%(?:25)*{byte:02x})" for byte in utf8),
        r"\\{1,7}".join(["", *(f"(?i:u{unit})" for unit in units)]),
        re.escape(html.escape(letter)),
        # A header's bytes, read as the encoding that headers had before UTF-8.
        re.escape(utf8.decode("latin-1")),
        *([r"\+"] if letter == " " else []),
    ]
    # JSON quoted in JSON has several backslashes in front of a quotation mark.
    return rf"\\{{0,7}}(?:{'|'.join(dict.fromkeys(spellings))})"
