"""A database restored from a snapshot must not revive what has ended since."""

import os
import shutil
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from backend.features.management.status import DeploymentStatus
from backend.main import create_app
from backend.storage.engine import Database
from backend.storage.snapshots.after_restore import invalidate_restored_data
from backend.storage.snapshots.snapshots import Snapshots
from backend.storage.snapshots.store import Copy, snapshot_stores
from backend.storage.tables import audit_events
from tests.admins import ADA, give_role, make_admin, user_id_of
from tests.in_process import Gatehouse, Visitor
from tests.mailbox import Mailbox
from tests.make import KEY, PASSWORD, make_settings
from tests.rig import space as rig
from tests.rig.background import in_background
from tests.rig.processes import wait_until


class SpaceWithBucket:
    """A Space: each run begins with an empty disk, and finds its bucket again."""

    def __init__(self, start: Callable[..., Gatehouse], folder: Path) -> None:
        self._start, self._folder = start, folder
        self._bucket = folder / "bucket"
        self._runs = 0

    def run(self) -> Gatehouse:
        self._runs += 1
        disk = self._folder / f"disk {self._runs}"
        mails = self._folder / "mails"
        return self._start(data_dir=disk, snapshot_dir=self._bucket, mailbox_file=mails)

    def take_last_snapshot(self, gatehouse: Gatehouse) -> None:
        """Take a snapshot; what comes after it is lost."""
        ((events,),) = gatehouse.rows(select(func.count()).select_from(audit_events))
        gatehouse.context.services[DeploymentStatus].snapshots.save_now()
        wait_until(lambda: count_saved_rows(self._bucket, "audit_events") == events, "the snapshot")

    def crash(self, gatehouse: Gatehouse) -> None:
        """End the run: only what is in the bucket remains."""
        bucket_copy = shutil.copytree(self._bucket, self._folder / "kept")
        gatehouse.close()
        shutil.rmtree(self._bucket)
        bucket_copy.rename(self._bucket)


def count_saved_rows(bucket: Path, table: str) -> int:
    """How many rows the newest whole snapshot has; -1 without one."""
    copies = snapshot_stores(bucket)[0].newest_first() if bucket.exists() else []
    for newest in filter(Copy.is_intact, copies):
        with closing(sqlite3.connect(newest.path)) as connection:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return -1


@pytest.fixture
def space(start, tmp_path) -> SpaceWithBucket:
    return SpaceWithBucket(start, tmp_path)


def move_browser(gatehouse: Gatehouse, browser: Visitor) -> Visitor:
    """The same browser, in front of the next run."""
    visitor = gatehouse.visitor()
    visitor.cookies = dict(browser.cookies)
    return visitor


def test_after_a_crash_nobody_is_signed_in_who_was_signed_out_since(space):
    first = space.run()
    ada, bob = first.member(), first.member("bob@example.com")
    space.take_last_snapshot(first)
    thief = move_browser(first, ada)
    ada.post("sign-out", {})
    assert thief.session() is None
    space.crash(first)

    second = space.run()
    assert move_browser(second, thief).session() is None
    assert move_browser(second, bob).session() is None, "nobody knows who else was signed out"
    assert second.visitor().sign_in(ADA).status_code == 200


def test_after_a_crash_a_reset_link_that_was_used_stays_used(space, mailbox: Mailbox):
    first = space.run()
    first.member()
    first.visitor().post("request-password-reset", {"email": ADA})
    space.take_last_snapshot(first)
    token = mailbox.last("reset").token
    reset = {"newPassword": "another horse battery", "token": token}
    assert first.visitor().post("reset-password", reset).status_code == 200
    space.crash(first)

    again = space.run().visitor().post("reset-password", {**reset, "newPassword": PASSWORD * 2})
    assert again.json()["code"] == "INVALID_TOKEN"


def test_an_orderly_restart_ends_no_session_and_no_link(space, mailbox: Mailbox):
    first = space.run()
    ada = first.member()
    gone = move_browser(first, first.member("bob@example.com"))
    move_browser(first, gone).post("sign-out", {})
    first.visitor().post("request-password-reset", {"email": ADA})
    first.close()

    second = space.run()
    assert move_browser(second, ada).session() is not None
    assert move_browser(second, gone).session() is None
    reset = {"newPassword": "another horse battery", "token": mailbox.last("reset").token}
    assert second.visitor().post("reset-password", reset).status_code == 200
    second.close()

    third = space.run()
    assert third.visitor().sign_in(ADA, "another horse battery").status_code == 200


def test_admins_are_told_what_came_back_and_as_of_when(space):
    first = space.run()
    root = make_admin(first)
    first.member()
    space.take_last_snapshot(first)
    assert root.post("admin/ban-user", {"userId": user_id_of(first, ADA)}).status_code == 200
    space.crash(first)
    first.clock.advance(minutes=20)

    second = space.run()
    assert second.visitor().sign_in(ADA).status_code == 200, "the ban is lost, and cannot be known"
    root = second.visitor()
    root.sign_in("root@example.com")
    body = root.get("/api/admin/status").json()["database"]["restored"]
    assert body.pop("asOf").startswith("2026-11-22T12:00:00")
    assert body == {
        "restoredAt": "2026-11-22T12:20:00.000Z",
        "accounts": 2,
        "sessionsEnded": 2,
        "linksEnded": 2,  # mailed at the sign-ups
        "damaged": 0,
    }
    second.close()

    third = space.run()
    give_role(third, ADA, "admin")
    ada = third.visitor()
    ada.sign_in(ADA)
    restored = ada.get("/api/admin/status").json()["database"]["restored"]
    assert restored["restoredAt"] == body["restoredAt"], "the next restart forgets nothing of it"


def test_after_a_backup_was_put_back_a_command_ends_everything_at_once(start_on, mailbox: Mailbox):
    running = start_on(mailbox_file=mailbox.file)
    make_admin(running)
    ada = running.member()
    ada.post("request-password-reset", {"email": ADA})
    running.wait_for_the_feed()
    assert ada.session() is not None, "it is remembered"
    there = running.context.runtime.database
    other = Database(there.url, running.clock, connections=1)  # as a command opens it
    try:
        as_of = running.clock.now() - timedelta(days=1)
        invalidate_restored_data(replace(running.context.runtime, database=other), as_of)
    finally:
        other.close()

    running.clock.advance(seconds=1)  # on SQLite the next request looks at the file again
    wait_until(lambda: ada.session() is None, "the server to hear of it")
    reset = {"newPassword": "another horse battery", "token": mailbox.last("reset").token}
    assert running.visitor().post("reset-password", reset).json()["code"] == "INVALID_TOKEN"
    root = running.visitor()
    root.sign_in("root@example.com")
    body = root.get("/api/admin/status").json()["database"]["restored"]
    assert (body["asOf"], body["sessionsEnded"]) == ("2026-11-21T12:00:00.000Z", 2)


HALF = (
    b"POST /api/auth/sign-in/email HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
)


def test_a_request_that_does_not_end_does_not_keep_the_last_snapshot_waiting(tmp_path):
    bucket = tmp_path / "bucket"
    with (
        rig.Space(tmp_path, {"SNAPSHOT_DIR": str(bucket), "SECRET_KEY": KEY}) as server,
        httpx.Client(base_url=server.url, trust_env=False) as ada,
        closing(socket.create_connection(("127.0.0.1", server.port))) as stuck,
    ):
        wait_until(lambda: count_saved_rows(bucket, "users") == 0, "the snapshot of the start")
        stuck.sendall(HALF)
        payload = {"name": "Ada", "email": ADA, "password": PASSWORD}
        assert ada.post("/api/auth/sign-up/email", json=payload).status_code == 200
        os.kill(server.pid, signal.SIGTERM)
        wait_until(
            lambda: count_saved_rows(bucket, "users") == 1, "the snapshot, while the other is stuck"
        )
        stuck.setblocking(False)
        with pytest.raises(BlockingIOError):
            stuck.recv(1)  # it was neither answered nor cut yet
        stuck.close()
        assert server.wait() == 0
        assert len(list(bucket.glob("*.complete"))) == 1

        shutil.rmtree(tmp_path / "data")
        server.start()
        assert ada.get("/api/auth/get-session").json()["user"]["email"] == ADA


def test_the_last_snapshot_begins_when_the_server_is_told_to_stop_not_when_it_has(
    tmp_path, monkeypatch
):
    begun, save_now = threading.Event(), Snapshots.save_now
    monkeypatch.setattr(Snapshots, "save_now", lambda self: (begun.set(), save_now(self)))
    app = create_app(make_settings(tmp_path / "data", snapshot_dir=tmp_path / "bucket"))
    with ExitStack() as serving:
        address = serving.enter_context(in_background(app))
        stuck = socket.create_connection(address)
        stuck.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" + HALF)
        assert stuck.recv(1000), "it is being served"
        stopping = threading.Thread(target=serving.pop_all().close)
        stopping.start()
        assert begun.wait(30)
        stuck.setblocking(False)
        with pytest.raises(BlockingIOError):
            stuck.recv(1)
        stuck.close()
        stopping.join()
