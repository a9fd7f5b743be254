"""PostgreSQL databases that one test after another uses, as long as they are as new.

To look through one and to empty it costs a tenth of another copy of the template. Whatever a test
may leave in it besides rows is looked for: a trigger, a setting, what ANALYZE found out, somebody
who is still connected. A database that has any of it is dropped.
"""

from functools import cache
from typing import Any

import psycopg2

from tests.rig import shared
from tests.rig.migrated_databases import postgres_template
from tests.rig.postgres import PostgresServer
from tests.rig.processes import wait_until

# The deletions wake nobody: no ordinary trigger, no foreign key.
_OPTIONS = "-c session_replication_role=replica"
_PAGES = 8
"""Of a table or index, dead rows included: for the planner, a table that was never analysed has ten
pages if it has fewer, so it estimates what it estimates in a new database."""
_PATIENCE = 0.5  # seconds for those who have left already, but whose process has not ended yet

# Whatever is made, changed or removed in a database leaves its mark in one of these. Each is
# compared by its rows, and by those of them that are newer than the template.
_CATALOGS = """
attrdef attribute cast class constraint default_acl depend description enum event_trigger extension
index largeobject_metadata namespace operator policy proc publication rewrite statistic
statistic_ext trigger type"""
_COUNTED = """
(SELECT count(*) || '/' || count(*) FILTER (WHERE age(xmin) < age('{mark}'::xid)) FROM {table})"""
_REST = f"""
(SELECT count(*) FROM pg_db_role_setting JOIN this ON setdatabase = this.oid),
(SELECT (datdba, datallowconn, datconnlimit, datacl)::text FROM this),
(SELECT count(last_value) FROM pg_sequences),
(SELECT max(pg_relation_size(oid)) <= {_PAGES} * current_setting('block_size')::int FROM ours),
(SELECT md5(string_agg((to_jsonb(ours) - '{{relfilenode,relfrozenxid,relminmxid}}'::text[])::text,
 '' ORDER BY oid)) FROM ours)"""
_WITH = """
WITH this AS (SELECT * FROM pg_database WHERE datname = current_database()),
ours AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace)"""
_OTHERS = (
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class DatabasePool:
    """One worker's copies of the migrated template, each with our own connection to it."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._template = postgres_template(server)
        self._released: list[str] = []
        self._connections: dict[str, Any] = {}
        self._fingerprint_query, self._reset_statements, self._new_fingerprint = shared.once(
            "new-database", self._prepare
        )

    def acquire(self) -> str:
        """The name of a database with every table and no row, in which nobody is."""
        while self._released:
            name = self._released.pop()
            if self._is_like_new(name):
                return name
            self._drop(name)
        return self._server.create_database(self._template)

    def release(self, name: str) -> None:
        """Leave it to the next test, or to be dropped if it is no longer as new."""
        self._released.append(name)

    def close(self) -> None:
        """Drop those that were released."""
        while self._released:
            self._drop(self._released.pop())

    def _drop(self, name: str) -> None:
        if connection := self._connections.pop(name, None):
            connection.close()
        self._server.drop_database(name)

    def _is_like_new(self, name: str) -> bool:
        """Delete its rows; whether it is like new then."""
        try:
            with self._connection_to(name).cursor() as cursor:
                wait_until(lambda: not _rows(cursor, _OTHERS), "the end of others", _PATIENCE)
                if _rows(cursor, self._fingerprint_query) != [tuple(self._new_fingerprint)]:
                    return False
                cursor.execute(self._reset_statements)
                return True
        except (TimeoutError, psycopg2.Error):  # somebody stays, or even we are let in no more
            return False

    def _connection_to(self, name: str) -> Any:
        if name not in self._connections:
            self._connections[name] = psycopg2.connect(self._server.url(name), options=_OPTIONS)
            self._connections[name].autocommit = True
        return self._connections[name]

    def _prepare(self) -> tuple[str, str, tuple[Any, ...]]:
        """The query that fingerprints a database, the reset, and the fingerprint of a new one."""
        connection = psycopg2.connect(self._server.url(self._template))
        connection.autocommit = True
        with connection.cursor() as cursor:
            ((mark,),) = _rows(cursor, "SELECT txid_current() % (1::bigint << 32)")
            ours = (
                "SELECT format('public.%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
            )
            tables = [table for (table,) in _rows(cursor, ours)]
            empty = [table for table in tables if not _rows(cursor, f"SELECT FROM {table} LIMIT 1")]
            kept = {*tables} - {*empty} | {f"pg_catalog.pg_{name}" for name in _CATALOGS.split()}
            counted = [_COUNTED.format(mark=mark, table=table) for table in sorted(kept)]
            fingerprint_query = f"{_WITH} SELECT {', '.join([*counted, _REST])}"
            deletions = [f"DELETE FROM {table}" for table in empty]
            (fingerprint,) = _rows(cursor, fingerprint_query)
        connection.close()
        return fingerprint_query, "; ".join(deletions), fingerprint


@cache
def database_pool(server: PostgresServer) -> DatabasePool:
    """This worker's pool of databases on `server`."""
    return DatabasePool(server)


def _rows(cursor: Any, query: str) -> list[Any]:
    cursor.execute(query)
    rows: list[Any] = cursor.fetchall()
    return rows
