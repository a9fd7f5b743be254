"""The one place where secrets are hidden before anything is shown."""

import re

from doctor.client.redaction import mask_secrets

HIDDEN = "•••"
_FIELDS = "password|newPassword|currentPassword|token|sessionToken|secret"
_HEADERS = "authorization|set-auth-token"
_SHOWN = 4  # characters, enough to tell two tokens apart
_known: set[str] = set()


def hide(secret: str) -> None:
    """Hide this too from now on, wherever it stands: a server may quote a password in a message."""
    _known.add(secret)


def masked(text: str) -> str:
    """Return the text with every secret hidden: what is left opens nothing.

    Hidden are the values of cookies, of JSON fields and headers that are named after a secret, the
    password of a URL, what `hide` was told, and whatever else is as long and as shapeless as a
    token. To be called before a text is cut.
    """
    text = mask_secrets(text, _known, HIDDEN)
    for pattern, replace in _RULES:
        text = pattern.sub(replace, text)
    return text


def shortened(secret: str) -> str:
    """Return the first four characters of a secret, and how long it is."""
    return f"{secret[:_SHOWN]}{HIDDEN} ({len(secret)} characters)"


def _cookie(found: re.Match[str]) -> str:
    value = found["value"]
    return f"{found['name']}={value and value[:_SHOWN] + HIDDEN}"


def _field(found: re.Match[str]) -> str:
    is_token = "oken" in found["name"]  # the first letters of a password would help to guess it
    shown = found["value"][:_SHOWN] if is_token else ""
    return f"{found['start']}{shown}{HIDDEN}"


def _run(found: re.Match[str]) -> str:
    return f"{found[0][:_SHOWN]}{HIDDEN}"


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
