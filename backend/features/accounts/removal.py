"""Deleting a user with everything that names them."""

from uuid import UUID

from backend.features.accounts.service import Accounts
from backend.kernel.events import Event, EventKind
from backend.storage.queries import audit, links, one_time_codes, outbox, users
from backend.storage.queries.users import User
from backend.storage.work import Work


def remove_user(work: Work, accounts: Accounts, user: User, *, by: UUID) -> bool:
    """Delete a user with sessions, links and mails; False if the user no longer exists.

    The audit trail keeps its entries without what identifies the user, and gets one about the
    deletion: by the user, or by the admin with id `by`.
    """
    for hook in accounts.before_removal:
        hook(work, user)
    event = Event(EventKind.USER_DELETED, by, user.id, {"by_themselves": by == user.id})
    return erase_user(work, user, event)


def erase_user(work: Work, user: User, event: Event) -> bool:
    """Do what `remove_user` does without asking its hooks, which are about admins."""
    if not users.delete_one(work.db, user.id):
        return False
    outbox.delete_by_recipient(work.db, user.email)
    links.delete_without_user(work.db, user.email)
    one_time_codes.delete_without_user(work.db, user.email)
    work.record(event)
    audit.anonymize_user(work.db, user.id)
    return True
