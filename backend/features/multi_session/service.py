"""The accounts of one browser, whose sessions its cookies show."""

from collections.abc import Sequence
from datetime import datetime

from backend.features.sessions.service import find_live, is_live
from backend.kernel.events import Event, EventKind
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import digest
from backend.storage.db import Db
from backend.storage.queries import sessions
from backend.storage.queries.sessions import SessionWithUser
from backend.storage.work import Work

Account = tuple[SessionToken, SessionWithUser]


def list_accounts(db: Db, tokens: Sequence[SessionToken], now: datetime) -> list[Account]:
    """List the live sessions that these tokens open, one of each user, in the same order."""
    rows = sessions.find_all_with_user(db, [digest(token) for token in tokens]) if tokens else {}
    accounts: dict[object, Account] = {}
    for token in tokens:
        row = rows.get(digest(token))
        if row is not None and is_live(row, now):
            accounts.setdefault(row.user.id, (token, row))
    return list(accounts.values())


def activate(
    work: Work, chosen: SessionToken, presented: Sequence[SessionToken]
) -> SessionWithUser | None:
    """Return the session that this browser goes on with; None if it has ended.

    An impersonation that was active ends: the admin would leave it behind without a way back.
    """
    row = find_live(work, digest(chosen))
    if row is None:
        return None
    digests = [digest(token) for token in presented]
    for former in sessions.find_all_with_user(work.db, digests).values():
        admin_id = former.session.impersonated_by
        if admin_id is not None:
            sessions.delete_by_id(work.db, former.session.id)
            work.record(Event(EventKind.IMPERSONATION_ENDED, admin_id, former.user.id))
    return row
