"""Pending sign-ups, which are links with what was chosen: one SQL statement per function."""

from datetime import datetime

from sqlalchemy import select

from backend.storage.db import Db
from backend.storage.queries.users import USER_COLUMNS, UserWithHash, user_from
from backend.storage.tables import links, users


def find_by_username(
    db: Db, kind: str, username: str, now: datetime
) -> tuple[UserWithHash, str] | None:
    """Find the newest unexpired sign-up with a user name.

    Returns who has its address, and the hash of its password.
    """
    statement = (
        select(*USER_COLUMNS, users.c.password_hash, links.c.data)
        .join_from(links, users, links.c.user_id == users.c.id)
        .where(links.c.kind == kind, links.c.expires_at > now)
        .where(links.c.data["username"].as_string() == username)
        .order_by(links.c.id.desc())
        .limit(1)
    )
    row = db.execute(statement).first()
    if row is None:
        return None
    return UserWithHash(user_from(row), row.password_hash), row.data["password_hash"]
