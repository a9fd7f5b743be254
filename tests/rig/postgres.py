"""A real PostgreSQL, thrown away at the end of the run."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg2

from tests.rig import shared
from tests.rig.missing_tools import skip_test
from tests.rig.processes import free_port, give_to_unprivileged, unprivileged

OWNER = "gatehouse"
WITH_PASSWORD = "with_password"
"""The role whose members must say their password; everybody else is trusted."""
FAST_BUT_UNSAFE = (
    "-c deadlock_timeout=50ms -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    " -c autovacuum=off"  # it would change the template, and stay in databases that must be empty
)
_numbers = count(1)
_administrators: dict[int, Any] = {}  # an open connection by the server's port


@dataclass(frozen=True)
class PostgresServer:
    """One server and its data. `durable`: what it has committed also survives a power cut."""

    folder: Path
    port: int
    durable: bool = False

    @classmethod
    def create(cls, folder: Path, *, durable: bool = False) -> "PostgresServer":
        """Make a server in `folder`, which must not exist yet, and start it."""
        server = cls(folder, free_port(), durable)
        folder.mkdir()
        give_to_unprivileged(folder)
        server._run("initdb", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        rules = folder / "pg_hba.conf"  # the first that fits counts
        passwords = f"host all +{WITH_PASSWORD} 127.0.0.1/32 scram-sha-256\n"
        rules.write_text(passwords + rules.read_text())
        server.start()
        server.execute(f"CREATE ROLE {WITH_PASSWORD}")
        return server

    def start(self) -> None:
        """Start, or start again after `stop` or `crash`; returns when it accepts connections."""
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories="
            f" -c max_connections=300 {'' if self.durable else FAST_BUT_UNSAFE}"
        )
        self._run("pg_ctl", "start", "-w", "-l", f"{self.folder}/log", "-o", options)

    @property
    def is_running(self) -> bool:
        """Whether it was started, and neither stopped nor crashed since."""
        return (self.folder / "postmaster.pid").exists()

    def stop(self) -> None:
        """Stop at once and cut all connections; commits are kept."""
        self._close_administrator()
        self._run("pg_ctl", "stop", "-w", "-m", "fast")

    def crash(self) -> None:
        """Stop as after a power cut of the process: no farewell, recovery at the next start."""
        self._close_administrator()
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")

    def url(self, database: str) -> str:
        """The address of a database, as a provider would print it."""
        return f"postgresql://{OWNER}:{OWNER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """Make a new database, a copy of `template` (tens of milliseconds); returns its name."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        with self._administrator() as cursor:
            copies_files = cursor.connection.server_version >= 150000  # always in older ones
            strategy = "STRATEGY FILE_COPY" if copies_files else ""  # half the work of the log's
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template} {strategy}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, and cut the connections to it."""
        with self._administrator() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _administrator(self) -> Any:
        """A cursor of a connection that stays open: to open one costs as much as what it does."""
        connection = _administrators.get(self.port)
        if connection is None or connection.closed:
            connection = _administrators[self.port] = psycopg2.connect(self.url("postgres"))
            connection.autocommit = True
        return connection.cursor()

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement outside any transaction."""
        connection = psycopg2.connect(self.url(database))
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def _close_administrator(self) -> None:
        if connection := _administrators.pop(self.port, None):
            connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        # A file, not a pipe: the server inherits it, and we would read until the server ends.
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.run(
                [f"{_binaries()}/{program}", "-D", self.folder, *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=120,
                **unprivileged(),
            )
            output.seek(0)
            if process.returncode != 0:
                raise RuntimeError(f"{program} failed: {output.read().strip()}")


def shared_server() -> PostgresServer:
    """This run's server, started by the first worker that needs it, or skips the test."""
    require_postgres()
    folder = shared.folder() / "postgres"
    port = shared.once("postgres", lambda: PostgresServer.create(folder).port)
    return PostgresServer(folder, port)


@contextmanager
def own_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A server of a test's own, which it may stop and whose databases it may name freely."""
    require_postgres()
    folder = shared.folder() / f"own-{os.getpid()}-{next(_numbers)}"
    server = PostgresServer.create(folder, durable=durable)
    try:
        yield server
    finally:
        if server.is_running:  # else what failed while it was stopped would be hidden by this
            server.crash()


def stop_shared_server() -> None:
    """Stop the server of this run, if one was started."""
    server = PostgresServer(shared.folder() / "postgres", 0)
    if server.is_running:
        server.crash()


def require_postgres() -> None:
    """Leave the test out where no PostgreSQL can run."""
    if not _binaries():
        skip_test(
            "PostgreSQL", "install the package postgresql (make test does it where it is root)"
        )
    try:
        pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    except KeyError:
        skip_test("PostgreSQL", "its user (as root: postgres, else yourself) needs a passwd entry")


def _binaries() -> Path | None:
    """The folder of initdb and pg_ctl; Debian keeps it off the PATH, one for each version."""
    programs = [*map(Path, filter(None, [shutil.which("initdb")]))]
    programs += sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version, reverse=True)
    return programs[0].resolve().parent if programs else None


def _version(initdb: Path) -> int:
    return int(initdb.parts[-3])
