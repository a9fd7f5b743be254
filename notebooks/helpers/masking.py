"""Hides secrets before anything is displayed."""

import re

from doctor.client.redaction import mask_secrets

HIDDEN = "•••"
_FIELDS = "password|newPassword|currentPassword|token|sessionToken|secret"
_HEADERS = "authorization|set-auth-token"
_VISIBLE = 4  # characters, enough to tell two tokens apart
_known: set[str] = set()


def hide(secret: str) -> None:
    """Hide this too from now on: a server may quote a password in a message."""
    _known.add(secret)


def masked(text: str) -> str:
    """Return the text with every secret hidden; call it before the text is cut.

    Hides the values of cookies, of JSON fields and headers with a secret's name, passwords in URLs,
    the secrets given to `hide`, and anything as long and random as a token.
    """
    text = mask_secrets(text, _known, HIDDEN)
    for pattern, replace in _RULES:
        text = pattern.sub(replace, text)
    return text


def shortened(secret: str) -> str:
    """Return the first four characters of a secret, and how long it is."""
    return f"{secret[:_VISIBLE]}{HIDDEN} ({len(secret)} characters)"


def _cookie(match: re.Match[str]) -> str:
    value = match["value"]
    return f"{match['name']}={value and value[:_VISIBLE] + HIDDEN}"


def _field(match: re.Match[str]) -> str:
    is_token = "oken" in match["name"]  # the first letters of a password would help to guess it
    visible = match["value"][:_VISIBLE] if is_token else ""
    return f"{match['start']}{visible}{HIDDEN}"


def _run(match: re.Match[str]) -> str:
    return f"{match[0][:_VISIBLE]}{HIDDEN}"


_RULES = (
    (re.compile(r"(?P<name>[\w.-]*(?:better-auth|gatehouse)\.\w+)=(?P<value>[^;\s\"']*)"), _cookie),
    (
        re.compile(
            rf"(?P<start>[\"'](?P<name>{_FIELDS})[\"']\s*:\s*(?P<quote>[\"']))"
            r"(?P<value>(?:\\.|(?!(?P=quote))[^\\])*)"
        ),
        _field,
    ),
    (
        re.compile(rf"(?P<start>\b(?P<name>{_HEADERS}):\s*(?:Bearer\s+)?)(?P<value>\S+)", re.I),
        _field,
    ),
    (re.compile(r"(?P<start>\w://[^:/@\s]*:)(?P<name>)(?P<value>[^/\s]+)(?=@)"), _field),
    (re.compile(r"[A-Za-z0-9]{32,}(?:\.[A-Za-z0-9+/%_=-]{20,})?"), _run),
)
