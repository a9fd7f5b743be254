"""PgBouncer in transaction mode in front of the PostgreSQL of this run, as Neon's pooler is."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from tests.rig import shared
from tests.rig.missing import missing
from tests.rig.postgres import OWNER, PostgresServer
from tests.rig.processes import free_port, give_to_unprivileged, listens, unprivileged, wait_until

# Three connections for everybody: whoever keeps state in one, or holds one for long, is found out.
SETTINGS = """\
[databases]
* = host=127.0.0.1 port={postgres}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 3
max_client_conn = 300
logfile = {folder}/log
pidfile = {folder}/pid
"""


def shared_pgbouncer(postgres: PostgresServer) -> int:
    """The port of this run's PgBouncer, started by whoever needs it first."""
    if not _program():
        missing("PgBouncer", "install the package pgbouncer (make test does it where it is root)")
    port: int = shared.once("pgbouncer", lambda: _start(_folder(), postgres.port))
    return port


def stop_shared_pgbouncer() -> None:
    """Stop the PgBouncer of this run, if one was started."""
    pid = _folder() / "pid"
    if pid.exists():
        os.kill(int(pid.read_text()), signal.SIGTERM)
        wait_until(lambda: not pid.exists(), "the end of PgBouncer")


def _start(folder: Path, postgres: int) -> int:
    port = free_port()
    folder.mkdir()
    give_to_unprivileged(folder)
    (folder / "users").write_text(f'"{OWNER}" ""\n')
    (folder / "ini").write_text(SETTINGS.format(folder=folder, port=port, postgres=postgres))
    subprocess.run(
        [str(_program()), "--quiet", "--daemon", folder / "ini"],
        check=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **unprivileged(),
    )
    wait_until(lambda: listens(port), f"PgBouncer ({folder}/log)")
    return port


def _folder() -> Path:
    return shared.folder() / "pgbouncer"


def _program() -> str | None:
    return shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
