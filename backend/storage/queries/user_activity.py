"""The recent activity of users, for all users of a page in one statement."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from backend.kernel.events import EventKind
from backend.storage.db import Db
from backend.storage.tables import accounts, audit_events, sessions, users


@dataclass(frozen=True, slots=True)
class UserActivity:
    """The live sessions of a user, their last sign-in or sign-up, and whether they have a password.

    The last sign-in is known as long as the audit trail keeps it.
    """

    active_sessions: int
    last_sign_in_at: datetime | None
    has_password: bool
    provider_ids: Sequence[str] = ()
    """Where they have accounts."""


# Literals, or SQLite would not recognise the partial index on these events.
_SIGNED_IN: list[ColumnElement[str]] = [
    literal_column(f"'{kind.value}'") for kind in (EventKind.SIGN_IN, EventKind.SIGN_UP)
]


def find_activity(db: Db, user_ids: Collection[UUID], now: datetime) -> Mapping[UUID, UserActivity]:
    """Find the activity of some users."""
    if not user_ids:
        return {}
    live = (
        select(func.count())
        .where(sessions.c.user_id == users.c.id, sessions.c.expires_at > now)
        .scalar_subquery()
        .label("live")
    )
    signed_in = (
        select(audit_events.c.at)
        .where(audit_events.c.subject_id == users.c.id, audit_events.c.kind.in_(_SIGNED_IN))
        .order_by(audit_events.c.id.desc())
        .limit(1)
        .scalar_subquery()
        .label("signed_in")
    )
    has_password = users.c.password_hash.is_not(None).label("has_password")
    providers = (
        select(func.aggregate_strings(accounts.c.provider_id, ","))
        .where(accounts.c.user_id == users.c.id)
        .scalar_subquery()
        .label("providers")
    )
    statement = select(users.c.id, live, signed_in, has_password, providers)
    return {
        row.id: UserActivity(row.live, row.signed_in, bool(row.has_password), _split(row.providers))
        for row in db.execute(statement.where(users.c.id.in_(user_ids)))
    }


def _split(provider_ids: str | None) -> Sequence[str]:
    return sorted(set(provider_ids.split(","))) if provider_ids else ()
