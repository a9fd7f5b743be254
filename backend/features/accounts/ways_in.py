"""The ways into an account: its password, and accounts at providers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from backend.features.mail import templates
from backend.features.mail.service import Mailer
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.kernel.settings import Settings
from backend.storage.db import Db
from backend.storage.queries import accounts, users
from backend.storage.queries.users import User
from backend.storage.work import Work

CREDENTIAL = "credential"
"""How Better Auth lists a password."""


@dataclass(frozen=True, slots=True)
class WayIn:
    """One entry of the list."""

    id: UUID
    provider_id: str
    account_id: str
    """What the provider calls the user."""
    created_at: datetime
    updated_at: datetime
    scopes: Sequence[str] = ()


def list_ways_in(db: Db, user: User) -> Sequence[WayIn]:
    """List the ways in of a user, the password first."""
    found = [
        WayIn(
            each.id,
            each.provider_id,
            each.account_id,
            each.created_at,
            each.updated_at,
            each.scopes.split(),
        )
        for each in accounts.list_for_user(db, user.id)
    ]
    if users.find_password_hash(db, user.id) is None:
        return found
    password = WayIn(user.id, CREDENTIAL, str(user.id), user.created_at, user.updated_at)
    return [password, *found]


def remove_way_in(
    work: Work, mailer: Mailer, user: User, way_in_id: str, *, notice: str, actor: UUID
) -> None:
    """Remove an account or the password of a locked user, and mail them a notice.

    The last one stays, or nobody could come back. `notice` has a place for what was removed.
    """
    ways_in = list_ways_in(work.db, user)
    if len(ways_in) == 1:
        raise Refusal("FAILED_TO_UNLINK_LAST_ACCOUNT")
    way_in = next((each for each in ways_in if str(each.id) == way_in_id), None)
    if way_in is None:
        raise Refusal("ACCOUNT_NOT_FOUND")
    if way_in.provider_id == CREDENTIAL:
        users.update_profile(work.db, user.id, {"password_hash": None}, work.now())
    else:
        accounts.delete_one(work.db, way_in.id)
    detail = {"provider": way_in.provider_id}
    work.record(Event(EventKind.ACCOUNT_UNLINKED, actor, user.id, detail))
    sentence = notice.format(name_way_in(work.settings, way_in.provider_id))
    templates.enqueue_notice(work, mailer, user.email, sentence)


def name_way_in(settings: Settings, provider_id: str) -> str:
    """Return what people call a way in, also one that the settings do not name any more."""
    names = {each.id: each.name for each in settings.providers}
    return "a password" if provider_id == CREDENTIAL else names.get(provider_id, provider_id)
