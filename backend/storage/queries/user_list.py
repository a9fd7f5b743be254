"""Lists of users: filtered, sorted, paged and counted by the database.

Made for a million users. How many rows match decides how a page is found: a few are collected and
then sorted; many are scanned in sort order until the page is full.
"""

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Column, Select, func, literal, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from backend.storage import dialects
from backend.storage.db import Db
from backend.storage.queries.users import USER_COLUMNS, User, user_from
from backend.storage.tables import users

EXACT_COUNT_LIMIT = 10_000
"""Counts up to this are exact; larger ones are estimates."""

Comparison = Literal["eq", "ne", "lt", "lte", "gt", "gte"]
Operator = Literal[Comparison, "in", "not_in", "contains", "starts_with", "ends_with"]

_COMPARISONS = {
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
    """A comparison of a column with a value; contains, starts_with and ends_with ignore case."""

    column: str
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True if at least one of its conditions is."""

    conditions: Sequence[Condition]


Conditions = Sequence[Condition | AnyOf]
"""True if all of them are."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The position of a user in a sort order."""

    key: Any
    id: UUID


@dataclass(frozen=True, slots=True)
class UserListQuery:
    """A page of users who meet all conditions; rows with equal sort keys are ordered by id."""

    conditions: Conditions
    sort_by: str
    descending: bool
    limit: int
    offset: int = 0
    after: Cursor | None = None
    """The last user of the page before; faster than an offset far down a list."""


def count(db: Db, conditions: Conditions) -> int:
    """Count users who meet the conditions, up to EXACT_COUNT_LIMIT + 1."""
    matches = select_ids(conditions).limit(EXACT_COUNT_LIMIT + 1).subquery()
    return int(db.execute(select(func.count()).select_from(matches)).scalar_one())


def estimate(db: Db, conditions: Conditions) -> int:
    """Estimate how many users meet the conditions, if they are too many to count."""
    guessed = dialects.estimate_row_count(db.dialect, db.execute, select_ids(conditions))
    return max(EXACT_COUNT_LIMIT + 1, guessed)


def select_ids(conditions: Conditions) -> Select[Any]:
    """Build a SELECT of the ids of users who meet the conditions."""
    return _filter_by(select(users.c.id), conditions)


def cursor_of(user: User, sort_by: str) -> Cursor:
    """Return the position of a user in the order of a column."""
    return Cursor(getattr(user, sort_by), user.id)


def find_page_by_sorting(db: Db, query: UserListQuery) -> Sequence[User]:
    """Find a page if at most EXACT_COUNT_LIMIT users meet the conditions."""
    key = users.c[query.sort_by]
    matching = _filter_by(select(users.c.id, key.label("key")), query.conditions)
    # The limit excludes nobody. It keeps the planner from scanning a million rows in order.
    matches = matching.limit(EXACT_COUNT_LIMIT).subquery()
    return _page(db, query, select(matches.c.id), matches.c.key, matches.c.id)


def find_page_by_scanning(db: Db, query: UserListQuery) -> Sequence[User]:
    """Find a page by scanning all users in sort order."""
    return _page(db, query, select_ids(query.conditions), users.c[query.sort_by], users.c.id)


def _page(
    db: Db, query: UserListQuery, ids: Select[Any], key: ColumnElement[Any], tie: ColumnElement[Any]
) -> Sequence[User]:
    # First the ids, often from an index alone, then the rows of this page: skipped rows are not
    # read.
    if query.after is not None:
        ids = ids.where(_is_after(query, query.after, key, tie))
    ordered = ids.order_by(*_order_by(query, key, tie)).limit(query.limit).offset(query.offset)
    page = ordered.subquery()
    statement = select(*USER_COLUMNS).join_from(users, page, users.c.id == page.c.id)
    statement = statement.order_by(*_order_by(query, users.c[query.sort_by], users.c.id))
    return [user_from(row) for row in db.execute(statement)]


def _order_by(
    query: UserListQuery, key: ColumnElement[Any], tie: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    keys = [key] if query.sort_by == "id" else [key, tie]
    if query.descending:
        keys = [each.desc() for each in keys]
    if query.sort_by == "username":  # many have none; SQLite would put them at the other end
        keys[0] = keys[0].nulls_first() if query.descending else keys[0].nulls_last()
    return keys


def _is_after(
    query: UserListQuery, cursor: Cursor, key: ColumnElement[Any], tie: ColumnElement[Any]
) -> ColumnElement[bool]:
    further = operator.lt if query.descending else operator.gt
    last = tuple_(literal(cursor.key, key.type), literal(cursor.id, tie.type))
    return further(tuple_(key, tie), last)  # type: ignore[no-any-return]


def _filter_by(statement: Select[Any], conditions: Conditions) -> Select[Any]:
    return statement.where(*(_clause(condition) for condition in conditions))


def _clause(condition: Condition | AnyOf) -> ColumnElement[bool]:
    if isinstance(condition, AnyOf):
        return or_(*(_clause(each) for each in condition.conditions))
    column, value = users.c[condition.column], condition.value
    if condition.operator in _COMPARISONS:
        return _COMPARISONS[condition.operator](column, value)  # type: ignore[no-any-return]
    if condition.operator == "in":
        return column.in_(value)
    if condition.operator == "not_in":
        return column.not_in(value)
    return _like(column, condition.operator, value)


def _like(column: Column[Any], where: str, term: str) -> ColumnElement[bool]:
    """Compare in lower case, in which addresses are stored and names indexed."""
    begins, ends = where == "starts_with", where == "ends_with"
    escaped = re.sub(r"([%_/])", r"/\1", term)
    pattern = f"{'' if begins else '%'}{escaped}{'' if ends else '%'}"
    is_lower = column.name in {"email", "username"}
    text: ColumnElement[str] = column if is_lower else func.lower(column)
    if not _INDEXABLE.search(f"{'  ' if begins else ''}{term}{' ' if ends else ''}"):
        # For one or two letters the whole index would be read, which takes longer than the table.
        # An expression without an index keeps the planner from it.
        text = text.concat("")
    return text.like(func.lower(pattern), escape="/")
