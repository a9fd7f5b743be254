"""What users have done lately, for all users of one page in one statement."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from backend.kernel.events import EventKind
from backend.storage.db import Db
from backend.storage.tables import audit_events, sessions, users


@dataclass(frozen=True, slots=True)
class Activity:
    """Of one user: how many sessions are live, when they last signed in or up, and whether they
    have a password.

    When is known for as long as the audit trail is kept.
    """

    active_sessions: int
    last_sign_in_at: datetime | None
    has_password: bool


# Spelled out, as SQLite wants it to recognise the index of these lines.
_SIGNED_IN: list[ColumnElement[str]] = [
    literal_column(f"'{kind.value}'") for kind in (EventKind.SIGN_IN, EventKind.SIGN_UP)
]


def activity_of(db: Db, user_ids: Collection[UUID], now: datetime) -> Mapping[UUID, Activity]:
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
    statement = select(users.c.id, live, signed_in, has_password).where(users.c.id.in_(user_ids))
    return {
        row.id: Activity(row.live, row.signed_in, bool(row.has_password))
        for row in db.execute(statement)
    }
