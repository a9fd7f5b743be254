"""PgBouncer in transaction mode in front of the PostgreSQL of this run, as Neon's pooler is."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from tests.rig import shared
from tests.rig.missing_tools import skip_test
from tests.rig.postgres import OWNER, PostgresServer
from tests.rig.processes import (
    free_port,
    give_to_unprivileged,
    is_listening,
    unprivileged,
    wait_until,
)

# Three connections for everybody, so that state kept in one, or one held for long, shows. A login
# that failed, as its database was just being replaced, would otherwise be tried again after 15 s.
SETTINGS = """\
[databases]
* = host=127.0.0.1 port={postgres}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
admin_users = {owner}
pool_mode = transaction
default_pool_size = 3
max_client_conn = 300
server_login_retry = 0.2
logfile = {folder}/log
pidfile = {folder}/pid
"""


@dataclass(frozen=True)
class PgBouncer:
    """One pooler, which keeps its settings in `folder`."""

    folder: Path
    port: int

    @classmethod
    def create(cls, folder: Path, postgres: PostgresServer) -> "PgBouncer":
        """Make one in `folder`, which must not exist yet, and start it."""
        pooler = cls(folder, free_port())
        folder.mkdir()
        give_to_unprivileged(folder)
        (folder / "users").write_text(f'"{OWNER}" ""\n')
        (folder / "ini").write_text(
            SETTINGS.format(folder=folder, port=pooler.port, postgres=postgres.port, owner=OWNER)
        )
        pooler.start()
        return pooler

    def start(self) -> None:
        """Start, or start again after `stop`; returns when it accepts connections."""
        subprocess.run(
            [str(_program()), "--quiet", "--daemon", self.folder / "ini"],
            check=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **unprivileged(),
        )
        wait_until(lambda: is_listening(self.port), f"PgBouncer ({self.folder}/log)")

    def stop(self) -> None:
        """Stop at once and cut all connections; nothing happens if it does not run."""
        pid = self.folder / "pid"
        if pid.exists():
            os.kill(int(pid.read_text()), signal.SIGTERM)
            wait_until(lambda: not pid.exists(), "the end of PgBouncer")

    def command(self, *commands: str) -> None:
        """Give commands of its console, such as PAUSE or RESUME, and wait until they are done."""
        console = psycopg2.connect(host="127.0.0.1", port=self.port, user=OWNER, dbname="pgbouncer")
        with closing(console):
            console.autocommit = True
            for command in commands:
                console.cursor().execute(command)

    def forget(self, database: str) -> None:
        """Close the idle connections to a database."""
        try:
            self.command(f"KILL {database}", f"RESUME {database}")
        except psycopg2.Error as error:
            if "no such database" not in str(error):  # nobody has come this way
                raise


def shared_pgbouncer(postgres: PostgresServer) -> PgBouncer:
    """This run's PgBouncer, started by the first worker that needs it."""
    _require()
    port = shared.once("pgbouncer", lambda: PgBouncer.create(_folder(), postgres).port)
    return PgBouncer(_folder(), port)


def stop_shared_pgbouncer() -> None:
    """Stop the PgBouncer of this run, if one was started."""
    PgBouncer(_folder(), 0).stop()


@contextmanager
def own_pgbouncer(postgres: PostgresServer) -> Iterator[PgBouncer]:
    """A pooler that a test may stop and pause."""
    _require()
    pooler = PgBouncer.create(shared.folder() / f"own-pgbouncer-{os.getpid()}", postgres)
    try:
        yield pooler
    finally:
        pooler.stop()
        shutil.rmtree(pooler.folder)


def _require() -> None:
    if not _program():
        skip_test("PgBouncer", "install the package pgbouncer (make test does it where it is root)")


def _folder() -> Path:
    return shared.folder() / "pgbouncer"


def _program() -> str | None:
    return shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
