"""Redacts secrets and e-mail addresses in texts before they are stored, logged or shown.

Our own code writes no secret into a text. But the error of a library may quote one, a mail server
may quote a link, and paths and User-Agents may contain some (ASVS 14.2.1, 16.2.5).
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote

_MIN_LENGTH, _LONG = 6, 12  # characters; redacting shorter secrets would spoil ordinary words

# Only from the start of a word, so that a long path is scanned once.
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
    """Finds configured secrets by their value, and others by their shape."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        written = {each for secret in secrets for each in _spellings(secret)}
        longest_first = sorted(written, key=lambda each: (-len(each), each))
        self._configured = re.compile("|".join(map(_pattern, longest_first))) if written else None

    def redact_secrets(self, text: str) -> str:
        """Redact keys, passwords, tokens, cookies and hashes."""
        if self._configured is not None:
            text = self._configured.sub("***", text)
        return _redact_shapes(text)

    def redact_secrets_and_emails(self, text: str) -> str:
        """Redact secrets and e-mail addresses, which only admins may read."""
        text = self.redact_secrets(text)
        return _ADDRESS.sub("(address)", text) if "@" in text else text


def _redact_shapes(text: str) -> str:
    # Searching a substring costs a tenth of a pattern, and most texts contain none of these.
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
    """Return the secrets in a URL: its password and secret query parameters.

    The password also in the pieces into which a parser splits one that is not percent-encoded, and
    together with the user, as they are sent (RFC 4616, RFC 7617).
    """
    _, _, rest = url.partition("://")
    credentials, at, location = rest.rpartition("@")
    user, _, password = credentials.partition(":") if at else ("", "", "")
    combined = [f"\0{user}\0{password}", f"{user}:{password}"] if password else []
    query = (pair.partition("=") for pair in location.partition("?")[2].split("&"))
    by_name = [value for name, _, value in query if _SECRET_NAME.search(name)]
    return [password, *re.split(r"[/?#@:\[\]]", password), *combined, *by_name]


def _spellings(secret: str) -> set[str]:
    """Return the spellings of a secret that may occur in a text."""
    stripped = {secret.strip(), *secret.split("\n")}
    plain = {form for each in stripped for form in (each, unquote(each))}
    forms = {
        form
        for each in plain
        for form in (
            *(each, quote(each, safe=""), quote(each), quote_plus(each), repr(each)[1:-1]),
            *(json.dumps(each)[1:-1], repr(_bytes(each))[2:-1]),
            b64encode(_bytes(each)).decode().rstrip("="),  # as a server may quote a sign-in
        )
    }
    return {each for each in forms if len(each) >= _MIN_LENGTH}


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _pattern(secret: str) -> str:
    escaped = re.escape(secret)
    # A short secret may be part of ordinary words.
    return escaped if len(secret) >= _LONG else rf"(?<!\w){escaped}(?!\w)"
