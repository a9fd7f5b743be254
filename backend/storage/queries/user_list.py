"""Lists of users: filtered, sorted, paged and counted by the database.

Made for a million users. How often a condition holds decides how a page is found: what few rows
match is collected first and sorted then; what many rows match is walked in the wanted order, until
the page is full.
"""

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, func, literal, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from backend.storage import dialects
from backend.storage.db import Db
from backend.storage.queries.users import SHOWN, User, user_from
from backend.storage.tables import users

COUNTED = 10_000
"""Up to here a count is exact; a larger one is an estimate."""

Comparison = Literal["eq", "ne", "lt", "lte", "gt", "gte"]
Operator = Literal[Comparison, "in", "not_in", "contains", "starts_with", "ends_with"]

_COMPARED = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
# What a trigram index can look for: three letters in a row, or where a word begins or ends.
_INDEXABLE = re.compile(r"[^\W_]{3}|[^\W_]{2}[\W_]|[\W_][^\W_]")


@dataclass(frozen=True, slots=True)
class Condition:
    """What a column must be; texts that contain, start or end with the value in either case."""

    column: str
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of several conditions holds."""

    conditions: Sequence[Condition]


Conditions = Sequence[Condition | AnyOf]
"""All of them hold."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a user stands in an order."""

    key: Any
    id: UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of users: all conditions hold; rows that sort alike follow each other by id."""

    conditions: Conditions
    sort_by: str
    descending: bool
    limit: int
    offset: int = 0
    after: Place | None = None
    """Whom the page follows; far down a list that is quick where an offset is not."""


def count(db: Db, conditions: Conditions) -> int:
    """Count who meets the conditions, up to one more than COUNTED."""
    found = ids_of(conditions).limit(COUNTED + 1).subquery()
    return int(db.execute(select(func.count()).select_from(found)).scalar_one())


def estimate(db: Db, conditions: Conditions) -> int:
    """Guess how many meet the conditions, where they are too many to count."""
    guessed = dialects.estimated_rows(db.dialect, db.execute, ids_of(conditions))
    return max(COUNTED + 1, guessed)


def ids_of(conditions: Conditions) -> Select[Any]:
    """Build a question for the ids of who meets the conditions."""
    return _matching(select(users.c.id), conditions)


def place_of(user: User, sort_by: str) -> Place:
    """Return where a user stands in the order of a column."""
    return Place(getattr(user, sort_by), user.id)


def find_among_few(db: Db, wanted: Wanted) -> Sequence[User]:
    """Find a page where at most COUNTED users meet the conditions."""
    key = users.c[wanted.sort_by]
    # The limit excludes nobody. It keeps the planner from walking a million rows in order.
    few = _matching(select(users.c.id, key.label("key")), wanted.conditions).limit(COUNTED)
    found = few.subquery()
    return _page(db, wanted, select(found.c.id), found.c.key, found.c.id)


def find_in_order(db: Db, wanted: Wanted) -> Sequence[User]:
    """Find a page by walking all users in the wanted order."""
    return _page(db, wanted, ids_of(wanted.conditions), users.c[wanted.sort_by], users.c.id)


def _page(
    db: Db, wanted: Wanted, ids: Select[Any], key: ColumnElement[Any], tie: ColumnElement[Any]
) -> Sequence[User]:
    # First the ids, which an index alone may know, then the rows of this page only: what is
    # skipped is not read.
    if wanted.after is not None:
        ids = ids.where(_beyond(wanted, wanted.after, key, tie))
    ordered = ids.order_by(*_in_order(wanted, key, tie)).limit(wanted.limit).offset(wanted.offset)
    page = ordered.subquery()
    statement = select(*SHOWN).join_from(users, page, users.c.id == page.c.id)
    statement = statement.order_by(*_in_order(wanted, users.c[wanted.sort_by], users.c.id))
    return [user_from(row) for row in db.execute(statement)]


def _in_order(
    wanted: Wanted, key: ColumnElement[Any], tie: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    keys = [key] if wanted.sort_by == "id" else [key, tie]
    return [each.desc() for each in keys] if wanted.descending else keys


def _beyond(
    wanted: Wanted, place: Place, key: ColumnElement[Any], tie: ColumnElement[Any]
) -> ColumnElement[bool]:
    further = operator.lt if wanted.descending else operator.gt
    last = tuple_(literal(place.key, key.type), literal(place.id, tie.type))
    return further(tuple_(key, tie), last)  # type: ignore[no-any-return]


def _matching(statement: Select[Any], conditions: Conditions) -> Select[Any]:
    return statement.where(*(_clause(condition) for condition in conditions))


def _clause(condition: Condition | AnyOf) -> ColumnElement[bool]:
    if isinstance(condition, AnyOf):
        return or_(*(_clause(each) for each in condition.conditions))
    column, value = users.c[condition.column], condition.value
    if condition.operator in _COMPARED:
        return _COMPARED[condition.operator](column, value)  # type: ignore[no-any-return]
    if condition.operator == "in":
        return column.in_(value)
    if condition.operator == "not_in":
        return column.not_in(value)
    return _like(column, condition.operator, value)


def _like(column: ColumnElement[Any], where: str, term: str) -> ColumnElement[bool]:
    """Compare in lower case; addresses are stored so, and an index knows names so."""
    begins, ends = where == "starts_with", where == "ends_with"
    escaped = re.sub(r"([%_/])", r"/\1", term)
    pattern = f"{'' if begins else '%'}{escaped}{'' if ends else '%'}"
    text: ColumnElement[str] = column if column is users.c.email else func.lower(column)
    if not _INDEXABLE.search(f"{'  ' if begins else ''}{term}{' ' if ends else ''}"):
        # For one or two letters within words the index would be read whole, which takes longer
        # than the table. An expression it does not know keeps the planner from it.
        text = text.concat("")
    return text.like(func.lower(pattern), escape="/")
