"""Everybody's live sessions as admins read them: page by page, newest first.

Ids sort by time, so a page begins where the last one ended, and expired rows, which housekeeping
deletes, are few on the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, IPv6Network
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy.sql.elements import ColumnElement

from backend.storage.db import Db
from backend.storage.queries import user_list
from backend.storage.queries.sessions import WITH_USER, SessionWithUser, with_user
from backend.storage.queries.user_list import COUNTED, Condition
from backend.storage.tables import sessions, users

_ONES = IPv6Address("::1:1:1:1")


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions are wanted; all that is said must hold."""

    user_id: UUID | None = None
    address: str | IPv6Network | None = None
    """One address, or the /64 of an IPv6 subscriber."""
    email: str | None = None
    """Letters in the address of the user."""
    before: UUID | None = None
    """The last session of the page before."""


def find_page(
    db: Db, wanted: SessionFilter, now: datetime, limit: int
) -> Sequence[SessionWithUser]:
    """Find the newest `limit` sessions that have not expired, those of impersonators included."""
    statement = WITH_USER.where(sessions.c.expires_at > now, *_conditions(db, wanted))
    page = statement.order_by(sessions.c.id.desc()).limit(limit)
    return [with_user(row) for row in db.execute(page)]


def _conditions(db: Db, wanted: SessionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.before is not None:
        conditions.append(sessions.c.id < wanted.before)
    if wanted.user_id is not None:
        conditions.append(sessions.c.user_id == wanted.user_id)
    if isinstance(wanted.address, IPv6Network):
        conditions.append(_lies_in(wanted.address))
    elif wanted.address is not None:
        conditions.append(sessions.c.ip_address == wanted.address)
    if wanted.email is not None:
        conditions.append(_is_of_users_with(db, wanted.email))
    return conditions


def _is_of_users_with(db: Db, letters: str) -> ColumnElement[bool]:
    held = [Condition("email", "contains", letters)]
    if user_list.count(db, held) > COUNTED:
        return users.c.id.in_(user_list.ids_of(held))
    # The limit excludes nobody. It has the few users found first, and their sessions then.
    return sessions.c.user_id.in_(user_list.ids_of(held).limit(COUNTED))


def _lies_in(network: IPv6Network) -> ColumnElement[bool]:
    """Compare the text of addresses, as stored, with that of a /64.

    Its first four groups are all there; or the zeros at their end are among those that `::` stands
    for; or `::` stands for other zeros among them. In the latter two, more groups than there may
    be after it belong to an address that lies elsewhere.
    """
    written = ":".join(f"{int(group, 16):x}" for group in network.exploded.split(":")[:4])
    at_the_end = str(network.network_address)
    inside = str(IPv6Address(int(network.network_address) | int(_ONES))).removesuffix("1:1:1:1")
    text = sessions.c.ip_address
    return or_(
        text.like(f"{written}:%"),
        and_(text.like(f"{at_the_end}%"), text.not_like(f"{at_the_end}%:%:%:%:%")),
        and_(text.like(f"{inside}%:%:%:%"), text.not_like(f"{inside}%:%:%:%:%")),
    )
