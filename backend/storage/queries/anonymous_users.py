"""Anonymous users: one SQL statement per function."""

from collections.abc import Sequence

from sqlalchemy import exists, select

from backend.storage.db import Db
from backend.storage.queries.users import USER_COLUMNS, User, user_from
from backend.storage.tables import passkeys, sessions, sign_in_challenges, users


def lock_abandoned(db: Db, limit: int) -> Sequence[User]:
    """Lock at most `limit` anonymous users who have no session, and no other way to come back.

    Nor does a sign-in wait for its second step that would turn them into somebody else.
    """
    waits = sign_in_challenges.c.anonymous_user_id == users.c.id
    statement = (
        select(*USER_COLUMNS)
        .where(users.c.is_anonymous, users.c.password_hash.is_(None))
        .where(~exists().where(sessions.c.user_id == users.c.id))
        .where(~exists().where(passkeys.c.user_id == users.c.id))
        .where(~exists().where(waits))
        .order_by(users.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [user_from(row) for row in db.execute(statement)]
