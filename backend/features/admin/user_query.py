"""Query parameters of user lists.

Search and filter are combined with AND and ignore case: "ADA" finds ada@example.com. SQLite
lowers only a-z in names.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import permutations
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from backend.kernel.email_address import normalize_email
from backend.kernel.refusals import Refusal
from backend.kernel.roles import ROLES
from backend.kernel.timestamps import parse_timestamp
from backend.kernel.username import normalize_username
from backend.storage.queries.user_list import AnyOf, Condition, Conditions, Operator, UserListQuery
from backend.web.query_types import Flag, Number, Repeated
from backend.web.wire import Text, WireModel

_PAGE, _MAX_PAGE = 100, 500
_PANEL_PAGE, _MAX_PANEL_PAGE = 50, 200
_MAX_OFFSET = 1_000_000_000
_MAX_VALUES = 100  # values per filter

SortField = Literal["id", "name", "email", "username", "role", "createdAt", "updatedAt"]
FilterField = Literal[
    "id",
    "_id",  # what Better Auth takes too: MongoDB's name of it
    "name",
    "email",
    "emailVerified",
    "username",
    "displayUsername",
    "isAnonymous",
    "role",
    "banned",
    "banExpires",
    "createdAt",
    "updatedAt",
]
TextOperator = Literal["contains", "starts_with", "ends_with"]
_TEXTS = {"name", "email", "username", "displayUsername", "role"}
_COLUMNS = {
    "_id": "id",
    "emailVerified": "email_verified",
    "displayUsername": "display_username",
    "isAnonymous": "is_anonymous",
    "banExpires": "ban_expires",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}


Offset = Annotated[Number, Field(ge=0, le=_MAX_OFFSET)]


class ListUsers(WireModel):
    """Filters, order and page: 100 users by default, at most 500.

    Users can be sorted by the fields that have an index. `filterValue` may be repeated for `in` and
    `not_in`; dates are ISO 8601, booleans `true` and `false`.
    """

    search_value: Annotated[Text | None, Field(examples=["ada"])] = None
    search_field: Literal["email", "name", "username"] = "email"
    search_operator: TextOperator = "contains"
    limit: Annotated[Number, Field(ge=0)] = _PAGE
    offset: Offset = 0
    sort_by: SortField = "id"
    sort_direction: Literal["asc", "desc"] = "asc"
    filter_field: FilterField = "email"
    filter_value: Annotated[list[Text] | None, Repeated] = None
    filter_operator: Operator = "eq"

    def to_query(self) -> UserListQuery:
        """Convert to a database query; refuses an invalid filter."""
        conditions = []
        if self.search_value:
            term = Condition(self.search_field, self.search_operator, self.search_value)
            conditions.append(term)
        if self.filter_value is not None:
            conditions.append(
                _parse_filter(self.filter_field, self.filter_operator, self.filter_value)
            )
        return UserListQuery(
            conditions=conditions,
            sort_by=_COLUMNS.get(self.sort_by, self.sort_by),
            descending=self.sort_direction == "desc",
            limit=min(self.limit or _PAGE, _MAX_PAGE),
            offset=self.offset,
        )


class FilterUsers(WireModel):
    """Filters and order; newest first by default. A user must match all filters."""

    search: Annotated[
        Text | None,
        Field(description="Part of the address, name or user name, or an id.", examples=["ada"]),
    ] = None
    role: Literal["admin", "user"] | None = None
    banned: Annotated[Flag | None, Field(description="An expired ban does not count.")] = None
    verified: Annotated[Flag | None, Field(description="Whether the address is verified.")] = None
    anonymous: Annotated[Flag | None, Field(description="Whether they have no account.")] = None
    sort_by: Literal["createdAt", "updatedAt", "email", "name", "role"] = "createdAt"
    sort_direction: Literal["asc", "desc"] = "desc"

    def to_query(self, now: datetime, limit: int, offset: int = 0) -> UserListQuery:
        """Convert to a database query."""
        return UserListQuery(
            conditions=[*self._search_conditions(), *self._filter_conditions(now)],
            sort_by=_COLUMNS.get(self.sort_by, self.sort_by),
            descending=self.sort_direction == "desc",
            limit=limit,
            offset=offset,
        )

    def active_filters(self) -> list[str]:
        """Return the names of the filters that are set."""
        filters = ("anonymous", "banned", "role", "search", "verified")
        return [name for name in filters if getattr(self, name) not in {None, ""}]

    def _search_conditions(self) -> Conditions:
        term = (self.search or "").strip()
        if not term:
            return []
        fields = ("email", "name", "username")
        alternatives = [Condition(each, "contains", term) for each in fields]
        with suppress(ValueError):  # most searches are not an id
            alternatives.append(Condition("id", "eq", UUID(term)))
        return [AnyOf(alternatives)]

    def _filter_conditions(self, now: datetime) -> Conditions:
        conditions: list[Condition | AnyOf] = []
        if self.role is not None:
            conditions.append(Condition("role", "in", _role_values(self.role)))
        if self.banned is not None:
            conditions += _banned_conditions(now) if self.banned else _not_banned_conditions(now)
        if self.verified is not None:
            conditions.append(Condition("email_verified", "eq", self.verified))
        if self.anonymous is not None:
            conditions.append(Condition("is_anonymous", "eq", self.anonymous))
        return conditions


class PageOfUsers(FilterUsers):
    """Filters, order and page."""

    limit: Annotated[Number, Field(ge=1, le=_MAX_PANEL_PAGE)] = _PANEL_PAGE
    offset: Offset = 0


def _role_values(role: str) -> list[str]:
    """Return every value of the role column that contains a role; several are comma-joined."""
    every = (order for size in range(1, len(ROLES) + 1) for order in permutations(ROLES, size))
    return sorted(",".join(order) for order in every if role in order)


def _banned_conditions(now: datetime) -> Conditions:
    lasts = [Condition("ban_expires", "eq", None), Condition("ban_expires", "gt", now)]
    return [Condition("banned", "eq", True), AnyOf(lasts)]


def _not_banned_conditions(now: datetime) -> Conditions:
    return [AnyOf([Condition("banned", "eq", False), Condition("ban_expires", "lte", now)])]


def _parse_filter(field: str, operator: Operator, values: list[str]) -> Condition:
    column, parse = _COLUMNS.get(field, field), _PARSERS[field]
    if operator in {"in", "not_in"}:
        if len(values) > _MAX_VALUES:
            raise _invalid(f"Too big: expected array to have <={_MAX_VALUES} items")
        return Condition(column, operator, [parse(each) for each in values])
    if len(values) != 1:
        raise _invalid("Invalid input: expected string, received array")
    if operator in {"contains", "starts_with", "ends_with"}:
        if field not in _TEXTS:
            raise _invalid(f"{field} can only be compared as a whole", "filterOperator")
        return Condition(column, operator, values[0])
    return Condition(column, operator, parse(values[0]))


def _parse_bool(text: str) -> bool:
    if text not in {"true", "false"}:
        raise _invalid("Invalid input: expected boolean, received string")
    return text == "true"


def _parse_date(text: str) -> datetime:
    try:
        return parse_timestamp(text)
    except ValueError:
        raise _invalid("Invalid input: expected date, received string") from None


def _parse_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _invalid("Invalid input: expected id, received string") from None


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "id": _parse_id,
    "_id": _parse_id,
    "name": str,
    "email": normalize_email,
    "emailVerified": _parse_bool,
    "username": normalize_username,
    "displayUsername": str,
    "isAnonymous": _parse_bool,
    "role": str,
    "banned": _parse_bool,
    "banExpires": _parse_date,
    "createdAt": _parse_date,
    "updatedAt": _parse_date,
}


def _invalid(problem: str, field: str = "filterValue") -> Refusal:
    return Refusal("VALIDATION_ERROR", f"[query.{field}] {problem}")
