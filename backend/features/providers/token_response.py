"""What a provider's token endpoint answers (RFC 6749, section 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.kernel.secrets.secret import Secret

_MAX_TOKEN_LENGTH = 16_384  # characters
_MAX_LIFETIME = 10 * 365 * 86_400  # seconds


@dataclass(frozen=True, slots=True)
class ProviderTokens:
    """What a provider gives for a code or a refresh token."""

    access_token: Secret | None
    """Always there after an exchange or a refresh."""
    refresh_token: Secret | None = None
    id_token: Secret | None = None
    access_token_expires_at: datetime | None = None
    refresh_token_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    """What the person has granted."""


def read_tokens(answer: Mapping[str, Any], now: datetime, asked: Sequence[str]) -> ProviderTokens:
    """Read a token response (RFC 6749, 5.1); raises ValueError."""
    access_token = _read_token(answer, "access_token")
    if access_token is None:
        raise ValueError("no access token in the response")
    scope = answer.get("scope")
    if isinstance(scope, list):  # some providers do not know the standard
        scope = " ".join(each for each in scope if isinstance(each, str))
    granted = scope.replace(",", " ").split() if isinstance(scope, str) and scope else asked
    return ProviderTokens(
        access_token,
        _read_token(answer, "refresh_token"),
        _read_token(answer, "id_token"),
        _read_expiry(answer.get("expires_in"), now),
        # Keycloak's is the shorter name.
        _read_expiry(answer.get("refresh_token_expires_in", answer.get("refresh_expires_in")), now),
        tuple(granted),
    )


def _read_token(answer: Mapping[str, Any], name: str) -> Secret | None:
    value = answer.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _MAX_TOKEN_LENGTH or not value.isprintable():
        raise ValueError(f"its {name} is no token")
    return Secret(value)


def _read_expiry(value: Any, now: datetime) -> datetime | None:
    try:
        seconds = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return now + timedelta(seconds=min(seconds, _MAX_LIFETIME)) if seconds > 0 else None
