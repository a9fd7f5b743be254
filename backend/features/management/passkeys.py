"""The passkeys of a user, as an admin sees and removes them."""

from collections.abc import Sequence
from uuid import UUID

from backend.features.admin.permissions import UPDATE_USERS, authorise_for_user
from backend.features.mail import templates
from backend.features.mail.service import Mailer
from backend.features.sessions.cache import CurrentSession
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import parse_uuid
from backend.kernel.refusals import Refusal
from backend.storage.queries import passkeys
from backend.storage.queries.users import User
from backend.storage.work import Work

_ONE = "An administrator removed a passkey from your account."
_ALL = "An administrator removed all passkeys from your account."


def remove_as_admin(
    work: Work, mailer: Mailer, current: CurrentSession, user_id: str, passkey_id: str | None
) -> int:
    """Remove one passkey of a user, or all of them, and mail them a notice; returns how many.

    Sessions stay: an admin who doubts who has signed in can end them.
    """
    user = authorise_for_user(work, current, user_id, UPDATE_USERS)
    chosen = _choose(work, user, passkey_id)
    for each in chosen:
        passkeys.delete_one(work.db, each)
        detail = {"passkey": str(each)}
        work.record(Event(EventKind.PASSKEY_REMOVED, current.user.id, user.id, detail))
    notice = _ALL if passkey_id is None else _ONE
    templates.enqueue_notice(work, mailer, user.email, notice)
    return len(chosen)


def _choose(work: Work, user: User, passkey_id: str | None) -> Sequence[UUID]:
    """Return the ids of the passkeys to remove; refuses PASSKEY_NOT_FOUND if there are none."""
    ids = [each.id for each in passkeys.list_for_user(work.db, user.id)]
    if passkey_id is not None:
        ids = [each for each in ids if each == parse_uuid(passkey_id)]
    if not ids:
        raise Refusal("PASSKEY_NOT_FOUND")
    return ids
