"""The queries of the panel's lists for `measure_admin_queries.py`: combined filters, exports."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv6Network
from typing import Any

from backend.features.admin.user_listing import add_activity, count, find_page
from backend.features.admin.user_query import FilterUsers
from backend.features.management.user_export import BATCH
from backend.kernel.randomness import min_uuid7
from backend.storage.db import Db
from backend.storage.queries import session_list
from backend.storage.queries.session_list import SessionFilter
from backend.storage.queries.user_list import (
    Cursor,
    UserListQuery,
    find_page_by_scanning,
    find_page_by_sorting,
)

Query = Callable[[Db, int], Any]
"""Asks one query; the number of the round picks its values."""


def lists_of_the_panel(samples: Sequence[Any], now: datetime) -> dict[str, Query]:
    """Pages of users as the panel asks for them, and batches of the export."""

    def load_page(db: Db, query: UserListQuery) -> Any:
        return add_activity(db, find_page(db, query)[0], now)

    def page(offset: int = 0, **filters: Any) -> Query:
        query = FilterUsers(**filters).to_query(now, 50, offset)
        return lambda db, _: load_page(db, query)

    def search(term: Callable[[Any], str], **filters: Any) -> Query:
        queries = [FilterUsers(search=term(user), **filters).to_query(now, 50) for user in samples]
        return lambda db, i: load_page(db, queries[i])

    everybody = FilterUsers().to_query(now, BATCH)
    few = FilterUsers(banned="true").to_query(now, BATCH)

    def behind(query: UserListQuery) -> Query:
        rows = [Cursor(user.created_at, user.id) for user in samples]
        find = find_page_by_scanning if query is everybody else find_page_by_sorting
        return lambda db, i: add_activity(db, find(db, replace(query, after=rows[i])), now)

    rare: dict[str, Any] = {"verified": "true", "banned": "false", "role": "user"}
    return {
        "panel: newest": page(),
        "panel: by name": page(sort_by="name", sort_direction="asc"),
        "panel: from the 10,000th on": page(offset=10_000),
        "panel: an id": search(lambda user: str(user.id)),
        "panel: search 6 rare letters": search(lambda user: user.email[3:9]),
        "panel: search the last name": search(lambda user: user.name.split()[1]),
        "panel: search the first name": search(lambda user: user.name.split()[0]),
        "panel: search 'gmail'": page(search="gmail"),
        "panel: search nobody": page(search="xyzzy"),
        "panel: search 2 letters of many": page(search="an"),
        "panel: search 2 letters of nobody": page(search="zq"),
        "panel: admins": page(role="admin"),
        "panel: banned": page(banned="true"),
        "panel: not banned, by e-mail": page(banned="false", sort_by="email"),
        "panel: not verified, by name": page(verified="false", sort_by="name"),
        "panel: banned admins": page(role="admin", banned="true"),
        "panel: banned, not verified": page(banned="true", verified="false"),
        "panel: search 'gmail', all filters": page(search="gmail", **rare),
        "panel: last name, all filters": search(lambda user: user.name.split()[1], **rare),
        "panel: 'gmail', banned": page(search="gmail", banned="true"),
        "panel: 'gmail', not verified, by role": page(
            search="gmail", verified="false", sort_by="role"
        ),
        "export: a batch of everybody": behind(everybody),
        "export: a batch of the banned": behind(few),
        "export: how many": lambda db, _: count(db, everybody.conditions),
        "export: how many 'gmail'": lambda db, _: count(
            db, FilterUsers(search="gmail").to_query(now, BATCH).conditions
        ),
    }


def lists_of_sessions(samples: Sequence[Any], now: datetime) -> dict[str, Query]:
    """Pages of live sessions."""

    def live(make_filter: Callable[[int], SessionFilter]) -> Query:
        return lambda db, i: session_list.find_page(db, make_filter(i), now, 51)

    return {
        "live sessions, newest": live(lambda _: SessionFilter()),
        "live sessions, a later page": live(
            lambda i: SessionFilter(before=min_uuid7(now - timedelta(days=6) * i / 101))
        ),
        "live sessions of a user": live(lambda i: SessionFilter(samples[i].id)),
        "live sessions from an address": live(
            lambda i: SessionFilter(address=f"10.1.{4 * (i % 60) + 1}.7")
        ),
        "live sessions from an IPv6 /64": live(
            lambda i: SessionFilter(address=IPv6Network(f"2001:db8:0:{4 * (i % 60):x}::/64"))
        ),
        "live sessions, 6 rare letters": live(lambda i: SessionFilter(email=samples[i].email[3:9])),
        "live sessions, the last name": live(
            lambda i: SessionFilter(email=samples[i].name.split()[1])
        ),
        "live sessions, 'gmail'": live(lambda _: SessionFilter(email="gmail")),
        "live sessions, letters of nobody": live(lambda _: SessionFilter(email="xyzzy")),
    }
