"""The live sessions of all users, filtered and paged for admins, newest first.

Ids sort by time, so a page starts after the last id of the page before. Expired rows on the way
are few, as housekeeping deletes them.
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
from backend.storage.queries.sessions import SELECT_WITH_USER, SessionWithUser, build_with_user
from backend.storage.queries.user_list import EXACT_COUNT_LIMIT, Condition
from backend.storage.tables import sessions, users

_ONES = IPv6Address("::1:1:1:1")


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions to find; all filters must match."""

    user_id: UUID | None = None
    address: str | IPv6Network | None = None
    """One address, or the /64 of an IPv6 subscriber."""
    email: str | None = None
    """A part of the user's e-mail address."""
    before: UUID | None = None
    """The last id of the page before."""


def find_page(
    db: Db, filters: SessionFilter, now: datetime, limit: int
) -> Sequence[SessionWithUser]:
    """Find the newest `limit` unexpired sessions, impersonations included."""
    statement = SELECT_WITH_USER.where(sessions.c.expires_at > now, *_conditions(db, filters))
    page = statement.order_by(sessions.c.id.desc()).limit(limit)
    return [build_with_user(row) for row in db.execute(page)]


def _conditions(db: Db, filters: SessionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.before is not None:
        conditions.append(sessions.c.id < filters.before)
    if filters.user_id is not None:
        conditions.append(sessions.c.user_id == filters.user_id)
    if isinstance(filters.address, IPv6Network):
        conditions.append(_is_in_network(filters.address))
    elif filters.address is not None:
        conditions.append(sessions.c.ip_address == filters.address)
    if filters.email is not None:
        conditions.append(_email_contains(db, filters.email))
    return conditions


def _email_contains(db: Db, part: str) -> ColumnElement[bool]:
    conditions = [Condition("email", "contains", part)]
    if user_list.count(db, conditions) > EXACT_COUNT_LIMIT:
        return users.c.id.in_(user_list.select_ids(conditions))
    # The limit excludes nobody: it makes the planner find the few users before their sessions.
    return sessions.c.user_id.in_(user_list.select_ids(conditions).limit(EXACT_COUNT_LIMIT))


def _is_in_network(network: IPv6Network) -> ColumnElement[bool]:
    """Match stored addresses, which are text, against a /64.

    Three spellings: all four groups of the network are written out; or the zeros at its end are
    part of `::`; or `::` stands for zeros inside it. In the latter two, an address with too many
    groups after the `::` lies outside the network.
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
