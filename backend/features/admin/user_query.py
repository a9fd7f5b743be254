"""What may be asked of a list of users, and what it means.

Search and filter both hold. They compare texts in lower case, so "ADA" finds ada@example.com; on
SQLite, which knows no other letters, only a-z are lowered in names.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import permutations
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from backend.kernel.email_address import normal_form
from backend.kernel.refusals import Refusal
from backend.kernel.roles import KNOWN
from backend.kernel.timestamps import moment_from
from backend.storage.queries.user_list import AnyOf, Condition, Conditions, Operator, Wanted
from backend.web.query_types import Flag, Number, Repeated
from backend.web.wire import Text, WireModel

_PAGE, _LARGEST_PAGE = 100, 500
_PANEL_PAGE, _LARGEST_PANEL_PAGE = 50, 200
_FURTHEST = 1_000_000_000
_LONGEST_LIST = 100  # values that a filter compares with

SortField = Literal["id", "name", "email", "role", "createdAt", "updatedAt"]
FilterField = Literal[
    "id",
    "name",
    "email",
    "emailVerified",
    "role",
    "banned",
    "banExpires",
    "createdAt",
    "updatedAt",
]
Letters = Literal["contains", "starts_with", "ends_with"]
_TEXTS = {"name", "email", "role"}
_COLUMNS = {
    "emailVerified": "email_verified",
    "banExpires": "ban_expires",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}


Offset = Annotated[Number, Field(ge=0, le=_FURTHEST)]


class ListUsers(WireModel):
    """Which users, in which order. At most 500 a page, 100 if nothing is said.

    Sorted by one of the fields that have an index. `filterValue` may be repeated for `in` and
    `not_in`; dates are ISO 8601, booleans `true` and `false`.
    """

    search_value: Annotated[Text | None, Field(examples=["ada"])] = None
    search_field: Literal["email", "name"] = "email"
    search_operator: Letters = "contains"
    limit: Annotated[Number, Field(ge=0)] = _PAGE
    offset: Offset = 0
    sort_by: SortField = "id"
    sort_direction: Literal["asc", "desc"] = "asc"
    filter_field: FilterField = "email"
    filter_value: Annotated[list[Text] | None, Repeated] = None
    filter_operator: Operator = "eq"

    def wanted(self) -> Wanted:
        """Return what the database is asked; refuses a filter that means nothing."""
        conditions = []
        if self.search_value:
            term = Condition(self.search_field, self.search_operator, self.search_value)
            conditions.append(term)
        if self.filter_value is not None:
            conditions.append(_filter(self.filter_field, self.filter_operator, self.filter_value))
        return Wanted(
            conditions=conditions,
            sort_by=_COLUMNS.get(self.sort_by, self.sort_by),
            descending=self.sort_direction == "desc",
            limit=min(self.limit or _PAGE, _LARGEST_PAGE),
            offset=self.offset,
        )


class FilterUsers(WireModel):
    """Which users, in which order, the latest first if nothing is said; all that is said holds."""

    search: Annotated[
        Text | None,
        Field(description="Letters of the address or the name, or an id.", examples=["ada"]),
    ] = None
    role: Literal["admin", "user"] | None = None
    banned: Annotated[Flag | None, Field(description="A ban that has ended is none.")] = None
    verified: Annotated[Flag | None, Field(description="Whether the address is.")] = None
    sort_by: Literal["createdAt", "updatedAt", "email", "name", "role"] = "createdAt"
    sort_direction: Literal["asc", "desc"] = "desc"

    def wanted(self, now: datetime, limit: int, offset: int = 0) -> Wanted:
        """Return what the database is asked."""
        return Wanted(
            conditions=[*self._searched(), *self._held(now)],
            sort_by=_COLUMNS.get(self.sort_by, self.sort_by),
            descending=self.sort_direction == "desc",
            limit=limit,
            offset=offset,
        )

    def filters(self) -> list[str]:
        """Return the names of the filters that were said."""
        filters = ("banned", "role", "search", "verified")
        return [name for name in filters if getattr(self, name) not in {None, ""}]

    def _searched(self) -> Conditions:
        term = (self.search or "").strip()
        if not term:
            return []
        found = [Condition("email", "contains", term), Condition("name", "contains", term)]
        with suppress(ValueError):  # most searches are no id
            found.append(Condition("id", "eq", UUID(term)))
        return [AnyOf(found)]

    def _held(self, now: datetime) -> Conditions:
        conditions: list[Condition | AnyOf] = []
        if self.role is not None:
            conditions.append(Condition("role", "in", _roles_with(self.role)))
        if self.banned is not None:
            conditions += _banned(now) if self.banned else _not_banned(now)
        if self.verified is not None:
            conditions.append(Condition("email_verified", "eq", self.verified))
        return conditions


class PageOfUsers(FilterUsers):
    """Which users, in which order, and which of them."""

    limit: Annotated[Number, Field(ge=1, le=_LARGEST_PANEL_PAGE)] = _PANEL_PAGE
    offset: Offset = 0


def _roles_with(role: str) -> list[str]:
    """Return what may stand in the column of who holds a role: several are joined by commas."""
    every = (order for size in range(1, len(KNOWN) + 1) for order in permutations(KNOWN, size))
    return sorted(",".join(order) for order in every if role in order)


def _banned(now: datetime) -> Conditions:
    lasts = [Condition("ban_expires", "eq", None), Condition("ban_expires", "gt", now)]
    return [Condition("banned", "eq", True), AnyOf(lasts)]


def _not_banned(now: datetime) -> Conditions:
    return [AnyOf([Condition("banned", "eq", False), Condition("ban_expires", "lte", now)])]


def _filter(field: str, operator: Operator, said: list[str]) -> Condition:
    column, read = _COLUMNS.get(field, field), _READERS[field]
    if operator in {"in", "not_in"}:
        if len(said) > _LONGEST_LIST:
            raise _refusal(f"Too big: expected array to have <={_LONGEST_LIST} items")
        return Condition(column, operator, [read(each) for each in said])
    if len(said) != 1:
        raise _refusal("Invalid input: expected string, received array")
    if operator in {"contains", "starts_with", "ends_with"}:
        if field not in _TEXTS:
            raise _refusal(f"{field} can only be compared as a whole", "filterOperator")
        return Condition(column, operator, said[0])
    return Condition(column, operator, read(said[0]))


def _flag(said: str) -> bool:
    if said not in {"true", "false"}:
        raise _refusal("Invalid input: expected boolean, received string")
    return said == "true"


def _moment(said: str) -> datetime:
    try:
        return moment_from(said)
    except ValueError:
        raise _refusal("Invalid input: expected date, received string") from None


def _id(said: str) -> UUID:
    try:
        return UUID(said)
    except ValueError:
        raise _refusal("Invalid input: expected id, received string") from None


_READERS: Mapping[str, Callable[[str], Any]] = {
    "id": _id,
    "name": str,
    "email": normal_form,
    "emailVerified": _flag,
    "role": str,
    "banned": _flag,
    "banExpires": _moment,
    "createdAt": _moment,
    "updatedAt": _moment,
}


def _refusal(problem: str, field: str = "filterValue") -> Refusal:
    return Refusal("VALIDATION_ERROR", f"[query.{field}] {problem}")
