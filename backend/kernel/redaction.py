"""Takes out of a text what opens something or names somebody, before it is kept, logged or shown.

Nothing of ours puts a secret into a text. But a library's error may quote one, a server that
refuses a mail its link, and so may a path or a User-Agent (ASVS 14.2.1, 16.2.5).
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote

_MIN_LENGTH = 6  # characters; redacting a shorter secret would blank parts of ordinary words
_MATCH_ANYWHERE_FROM = 12

# From the start of a word only: a path may have thousands of characters, each looked at once.
_ADDRESS = re.compile(r"(?<![^\s<>\"'(/@])[^\s<>\"'(/@]+@[^\s<>\"')/@]+")
_SECRET_NAME = re.compile(r"token|key|password|secret", re.I)
_CREDENTIALS = re.compile(r"(?<=://)[^\s/?#@]*(?:@[^\s/?#@]*)*@")
_BEARER = re.compile(r"(?i)\b(bearer|basic) +(?=\S*\d)[^\s'\",]{6,}")
_IN_QUERY = re.compile(r"(?i)([?&](?:token|code|key|api_?key|password|secret)=)[^&\s'\"<>]+")
_HASH = re.compile(r"\$[a-z][a-z0-9-]{1,20}\$[^\s'\"()]{8,}|\$2[aby]\$[^\s'\"()]{20,}")
_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{32,}(?![A-Za-z0-9])(?:\.[\w%+/=-]+)?")
_BASE64_URL = re.compile(
    r"(?<![\w-])(?=[\w-]*[0-9])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{40,}(?:\.[\w%+/=-]+)*"
)


class Redactor:
    """Knows the configured secrets by their value, and everything else by its shape."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        written = {each for secret in secrets for each in _spellings(secret)}
        longest_first = sorted(written, key=lambda each: (-len(each), each))
        self._configured = re.compile("|".join(map(_pattern, longest_first))) if written else None

    def redact_secrets(self, text: str) -> str:
        """Blank what opens something: keys, passwords, tokens, cookies, hashes."""
        if self._configured is not None:
            text = self._configured.sub("***", text)
        return _redact_shapes(text)

    def redact_secrets_and_emails(self, text: str) -> str:
        """As `redact_secrets`, and blank e-mail addresses too: for what admins alone may read."""
        text = self.redact_secrets(text)
        return _ADDRESS.sub("(address)", text) if "@" in text else text


def _redact_shapes(text: str) -> str:
    # Looking for a letter costs a tenth of looking for a pattern, and most texts have none of it.
    if "://" in text:
        text = _CREDENTIALS.sub("(credentials)@", text)
    if "earer " in text or "asic " in text or "BEARER " in text:
        text = _BEARER.sub(r"\1 (token)", text)
    if "=" in text:
        text = _IN_QUERY.sub(r"\1***", text)
    if "$" in text:
        text = _HASH.sub("(hash)", text)
    if len(text) < 32:
        return text
    return _BASE64_URL.sub("(token)", _TOKEN.sub("(token)", text))


def secrets_in_url(url: str) -> list[str]:
    """Return what of a URL is secret: its password, whole and in the pieces that a parser makes of
    one whose special characters are not percent-encoded, and what its query names so.

    Also with the user, as the two are sent together (RFC 4616, RFC 7617).
    """
    _, _, rest = url.partition("://")
    credentials, at, place = rest.rpartition("@")
    user, _, password = credentials.partition(":") if at else ("", "", "")
    together = [f"\0{user}\0{password}", f"{user}:{password}"] if password else []
    query = (pair.partition("=") for pair in place.partition("?")[2].split("&"))
    named = [value for name, _, value in query if _SECRET_NAME.search(name)]
    return [password, *re.split(r"[/?#@:\[\]]", password), *together, *named]


def _spellings(secret: str) -> set[str]:
    """Return the ways in which a secret may stand in a text."""
    stripped = {secret.strip(), *secret.split("\n")}
    plain = {form for each in stripped for form in (each, unquote(each))}
    forms = {
        form
        for each in plain
        for form in (
            *(each, quote(each, safe=""), quote(each), quote_plus(each), repr(each)[1:-1]),
            *(json.dumps(each)[1:-1], repr(_bytes(each))[2:-1]),
            b64encode(_bytes(each)).decode().rstrip("="),  # a server may quote how we signed in
        )
    }
    return {each for each in forms if len(each) >= _MIN_LENGTH}


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _pattern(secret: str) -> str:
    escaped = re.escape(secret)
    # A short one may be a part of ordinary words.
    return escaped if len(secret) >= _MATCH_ANYWHERE_FROM else rf"(?<!\w){escaped}(?!\w)"
