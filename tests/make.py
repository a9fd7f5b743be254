"""Makes settings, users and sessions with sensible defaults, which keyword arguments override."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from backend.features.sessions.cache import CurrentSession
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import TokenDigest
from backend.kernel.settings import Settings
from backend.storage.queries.sessions import Session
from backend.storage.queries.users import User
from tests.clocks import NOON

PASSWORD = "correct horse battery"
KEY = "c8Jq2vXo5mRzL0tW9yKpB4nGd7sHf1Ea6uTi3"
"""A signing key that production would take too."""
READABLE_COOKIE = "better-auth.last_used_login_method"
"""How somebody signed in last: for pages to read, and no secret."""


class ExplicitSettings(Settings):
    """Settings from arguments only: no environment, no .env."""

    @classmethod
    def settings_customise_sources(  # type: ignore[override]
        cls, _: Any, init_settings: Any, **__: Any
    ) -> tuple[Any, ...]:
        return (init_settings,)


def make_settings(folder: Path, **overrides: Any) -> Settings:
    """Settings for tests: development, a hash in a millisecond, data in `folder`."""
    defaults = {"data_dir": folder, "bcrypt_rounds": 4, "secret_key": KEY, "panel": False}
    return ExplicitSettings(**{**defaults, **overrides})


def make_user(number: int = 1, **overrides: Any) -> User:
    """A user; users of different numbers are different."""
    defaults: dict[str, Any] = {
        "id": UUID(int=number),
        "email": f"user{number}@example.com",
        "email_verified": False,
        "name": f"User {number}",
        "image": None,
        "role": "user",
        "banned": False,
        "ban_reason": None,
        "ban_expires": None,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return User(**{**defaults, **overrides})


def make_session(number: int = 1, **overrides: Any) -> Session:
    """A remembered session of user 1, just begun, with a week to go."""
    defaults: dict[str, Any] = {
        "id": UUID(int=1000 + number),
        "user_id": UUID(int=1),
        "expires_at": NOON + timedelta(days=7),
        "created_at": NOON,
        "updated_at": NOON,
        "ip_address": "203.0.113.7",
        "user_agent": "Browser/1.0",
        "remembered": True,
        "impersonated_by": None,
    }
    return Session(**{**defaults, **overrides})


def make_entry(
    number: int = 1, *, user: int = 1, valid_until: datetime | None = None
) -> CurrentSession:
    """What the session cache keeps: session `number` of user `user`."""
    return CurrentSession(
        session=make_session(number, user_id=UUID(int=user)),
        user=make_user(user),
        token=SessionToken(f"token{number}"),
        digest=TokenDigest(number.to_bytes(32, "big")),
        valid_until=valid_until or NOON + timedelta(days=1),
    )
