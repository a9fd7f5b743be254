"""Measures the queries of the admin endpoints on a database made for it, index by index.

    PYTHONPATH=. python scripts/measure_admin_queries.py postgresql://owner@localhost/throwaway
    PYTHONPATH=. python scripts/measure_admin_queries.py sqlite:////tmp/throwaway.db

The database must be empty; it is filled with invented users, sessions and events (by default
1,000,000 users and 5,000,000 events: some 4 GB and a few minutes), never emptied. A second run
finds it filled. Prints one line for each query: its times in milliseconds over `--rounds` rounds
with different values, and the indexes it used. With `--without` an index is dropped before, in a
transaction that is rolled back afterwards.
"""

import argparse
import re
import statistics
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from measure_data import BEGAN, DAYS, fill_database
from measure_lists import Query, lists_of_sessions, lists_of_the_panel
from sqlalchemy import Connection, Table, create_engine, event, select, text

from backend.features.admin.user_listing import find_page
from backend.features.audit.service import count_by
from backend.kernel.clock import SystemClock
from backend.kernel.randomness import min_uuid7
from backend.kernel.settings import Settings
from backend.storage.db import Db
from backend.storage.migrate import migrate
from backend.storage.queries import audit_list, sessions
from backend.storage.queries.audit_list import AuditFilter
from backend.storage.queries.user_list import Condition, UserListQuery
from backend.storage.tables import audit_events, users
from backend.storage.urls import database_url


def queries(db: Db) -> dict[str, Query]:
    """Every query to measure, by what it asks; the number of the round picks its values."""
    samples, lines = _samples(db, users), _samples(db, audit_events)
    now = BEGAN + timedelta(days=DAYS)
    return {
        **_lists_of_users(samples),
        **lists_of_the_panel(samples, now),
        "sessions of a user": lambda db, i: sessions.list_all(db, samples[i].id),
        **lists_of_sessions(samples, now),
        **_pages_of_events(samples, lines, now),
        **_figures(now),
    }


def _samples(db: Db, table: Table) -> list[Any]:
    """Pick rows from all over a table."""
    moments = [BEGAN + timedelta(days=DAYS) * number / 101 for number in range(101)]
    first = [select(table).where(table.c.id >= min_uuid7(each)).limit(1) for each in moments]
    return [db.execute(each.order_by(table.c.id)).one() for each in first]


def _lists_of_users(samples: Sequence[Any]) -> dict[str, Query]:
    def page(*conditions: Condition, by: str = "created_at", offset: int = 0) -> Query:
        return _page(lambda _: conditions, by, offset)

    def search(column: str, operator: Any, term: Callable[[Any], str]) -> Query:
        return _page(lambda i: (Condition(column, operator, term(samples[i])),), "created_at", 0)

    middle = BEGAN + timedelta(days=DAYS / 2)
    return {
        "users, newest first": page(),
        "users by name": page(by="name"),
        "users by role": page(by="role"),
        "users by updatedAt": page(by="updated_at"),
        "users, from the 10,000th on": page(offset=10_000),
        "users, from the 900,000th on": page(offset=900_000),
        "e-mail contains 6 rare letters": search("email", "contains", lambda u: u.email[3:9]),
        "e-mail contains the last name": search(
            "email", "contains", lambda u: u.name.split()[1].lower()
        ),
        "e-mail contains 'gmail'": page(Condition("email", "contains", "gmail")),
        "e-mail ends with '@proton.me'": page(Condition("email", "ends_with", "@proton.me")),
        "e-mail starts with 5 letters": search("email", "starts_with", lambda u: u.email[:5]),
        "e-mail contains nobody's letters": page(Condition("email", "contains", "xyzzy")),
        "e-mail contains 2 letters of many": page(Condition("email", "contains", "an")),
        "e-mail contains 2 letters of nobody": page(Condition("email", "contains", "zq")),
        "name contains the last name": search("name", "contains", lambda u: u.name.split()[1]),
        "name contains the first name": search("name", "contains", lambda u: u.name.split()[0]),
        "name contains 2 letters of nobody": page(Condition("name", "contains", "zq")),
        "role is admin": page(Condition("role", "eq", "admin")),
        "banned": page(Condition("banned", "eq", True)),
        "e-mail not verified": page(Condition("email_verified", "eq", False)),
        "created since the middle": page(Condition("created_at", "gte", middle)),
        "created since the middle, by name": page(
            Condition("created_at", "gte", middle), by="name"
        ),
    }


def _page(conditions: Callable[[int], Sequence[Condition]], by: str, offset: int) -> Query:
    return lambda db, i: find_page(db, UserListQuery(conditions(i), by, True, 100, offset))


def _pages_of_events(
    samples: Sequence[Any], lines: Sequence[Any], now: datetime
) -> dict[str, Query]:
    def events(make_filter: Callable[[int], AuditFilter]) -> Query:
        return lambda db, i: audit_list.find_page(db, make_filter(i), 50)

    hour = timedelta(hours=1)
    return {
        "events, newest": events(lambda _: AuditFilter()),
        "events, a later page": events(lambda i: AuditFilter(before=lines[i].id)),
        "events of a frequent kind": events(lambda _: AuditFilter(kinds=["sign_in"])),
        "events of a rare kind": events(lambda _: AuditFilter(kinds=["role_changed"])),
        "events of three kinds": events(
            lambda _: AuditFilter(kinds=["role_changed", "user_banned", "sign_in_failed"])
        ),
        "events of a user": events(lambda i: AuditFilter(user_id=samples[i].id)),
        "events of an admin": events(lambda _: AuditFilter(user_id=samples[0].id)),
        "events of a user, two kinds": events(
            lambda i: AuditFilter(user_id=samples[i].id, kinds=["sign_in", "sign_up"])
        ),
        "events from an address": events(lambda i: AuditFilter(address=lines[i].ip_address)),
        "events of a request": events(lambda i: AuditFilter(request_id=lines[i].request_id)),
        "events of one hour": events(
            lambda i: AuditFilter(since=now - (i + 1) * hour, until=now - i * hour)
        ),
        "failures of one hour": events(
            lambda i: AuditFilter(
                ["sign_in_failed"], since=now - (i + 1) * hour, until=now - i * hour
            )
        ),
    }


def _figures(now: datetime) -> dict[str, Query]:
    day = timedelta(days=1)
    return {
        "figures by hour, 2 days": lambda db, _: count_by(db, "hour", now - 2 * day, None, now),
        "figures by day, 30 days": lambda db, _: count_by(db, "day", now - 30 * day, None, now),
        "figures by day, 90 days": lambda db, _: count_by(db, "day", now - 90 * day, None, now),
    }


def measure(db: Db, name: str, query: Query, rounds: int) -> str:
    """Ask `rounds` times after one time that warms up; returns a line of the report."""
    plans = _plans(db, query)
    used = set(re.findall(r"(?:'Index Name': '|USING (?:COVERING )?INDEX )(\w+)", plans))
    if re.search(r"'Seq Scan'|SCAN (users|audit_events|sessions)'", plans):
        used.add("(reads a table)")
    clock, times = SystemClock(), []
    for number in range(1, rounds + 1):
        began = clock.monotonic()
        query(db, number)
        times.append((clock.monotonic() - began) * 1000)
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    return f"{name:38} {p50:8.1f} {p95:8.1f}   {', '.join(sorted(used))}"


def _plans(db: Db, query: Query) -> str:
    """Ask once, and have the database explain every statement of it."""
    connection, statements = db._connection, []

    def record(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        statements.append((statement, parameters))

    event.listen(connection.engine, "before_cursor_execute", record)
    query(db, 0)
    event.remove(connection.engine, "before_cursor_execute", record)
    explain = "EXPLAIN QUERY PLAN " if db.dialect.name == "sqlite" else "EXPLAIN (FORMAT JSON) "
    plans: list[Any] = []
    for statement, parameters in statements:
        if not statement.startswith("EXPLAIN"):
            cursor = connection.connection.cursor()
            cursor.execute(explain + statement, parameters)
            plans += cursor.fetchall()
    return str(plans)


def sizes(db: Db) -> Sequence[Any]:
    """Every index with its size, the largest first."""
    if db.dialect.name == "sqlite":
        return []
    return db.execute(
        text(
            "SELECT indexrelname, pg_size_pretty(pg_relation_size(indexrelid)) AS size"
            " FROM pg_stat_user_indexes WHERE relname IN ('users', 'sessions', 'audit_events')"
            " ORDER BY pg_relation_size(indexrelid) DESC"
        )
    ).all()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("database", help="the URL of an empty database, or of one filled before")
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=40, help="at most 100")
    parser.add_argument("--only", default="", help="queries whose name matches this expression")
    parser.add_argument("--without", default="", help="an index to drop for the measurement")
    args = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    url = database_url(Settings(database_url=args.database))
    migrate(url)
    # Not through Database, which cuts what takes longer than four seconds.
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    db = Db(engine.connect, Connection.close, on_failure=lambda _: None)
    if db.execute(text("SELECT 1 FROM users LIMIT 1")).first() is None:
        fill_database(db, args.users, args.events)
    if args.without:
        db.execute(text("BEGIN"))
        db.execute(text(f'DROP INDEX "{args.without}"'))
    print(f"{'query':38} {'p50 ms':>8} {'p95 ms':>8}   indexes")
    for name, query in queries(db).items():
        if re.search(args.only, name):
            print(measure(db, name, query, args.rounds))
    if args.without:
        db.execute(text("ROLLBACK"))
    for index, size in sizes(db):
        print(f"{index:38} {size:>8}")
    db.release()
    engine.dispose()


if __name__ == "__main__":
    main()
