"""Threat: the process dies at any moment. What was acknowledged is kept, and nothing half-done.

Five rounds here; for a release, run more: change ROUNDS.
"""

import sqlite3
import threading
from contextlib import closing
from itertools import count
from pathlib import Path

import httpx

from tests.make import PASSWORD
from tests.rig.space import Space

ROUNDS = 5
CALLERS = 4
ENOUGH = 12
"""Acknowledged sign-ups after which the process is killed, in the midst of others."""


class Traffic:
    """Clients that sign up new users until the server is gone, and record who got in."""

    def __init__(self, space: Space, numbers: "count[int]") -> None:
        self._space, self._numbers = space, numbers
        self.acknowledged: list[str] = []
        self.unexpected: list[httpx.Response] = []
        self.enough = threading.Event()
        self._callers = [threading.Thread(target=self._call) for _ in range(CALLERS)]

    def __enter__(self) -> "Traffic":
        for caller in self._callers:
            caller.start()
        return self

    def __exit__(self, *_: object) -> None:
        for caller in self._callers:
            caller.join()

    def _call(self) -> None:
        with httpx.Client(base_url=self._space.url, trust_env=False, timeout=30) as client:
            while True:
                email = f"user{next(self._numbers)}@example.com"
                payload = {"name": "Ada", "email": email, "password": PASSWORD}
                try:
                    response = client.post("/api/auth/sign-up/email", json=payload)
                except httpx.TransportError:
                    return
                client.cookies.clear()
                if response.status_code != 200:
                    self.unexpected.append(response)
                self.acknowledged.append(email)
                if len(self.acknowledged) >= ENOUGH:
                    self.enough.set()


def list_lost_accounts(space: Space, emails: list[str]) -> list[str]:
    with httpx.Client(base_url=space.url, trust_env=False, timeout=30) as client:
        return [
            email
            for email in emails
            if client.post(
                "/api/auth/sign-in/email",
                json={"email": email, "password": PASSWORD},
                headers={"origin": space.url},
            ).status_code
            != 200
        ]


def list_half_done(file: Path) -> list[tuple[str, ...]]:
    """Accounts without an event in the audit trail, and the faults that SQLite finds."""
    with closing(sqlite3.connect(file)) as connection:
        unrecorded = connection.execute(
            "SELECT email FROM users WHERE id NOT IN"
            " (SELECT subject_id FROM audit_events WHERE kind = 'sign_up')"
        ).fetchall()
        faults = connection.execute("PRAGMA integrity_check").fetchall()
        return unrecorded + [each for each in faults if each != ("ok",)]


def test_kill9_loses_nothing_that_was_acknowledged(tmp_path):
    space, numbers = Space(tmp_path, {"RATE_LIMITS": "off"}), count(1)
    space.start()
    for _ in range(ROUNDS):
        with Traffic(space, numbers) as traffic:
            assert traffic.enough.wait(60), space.log
            space.kill9()
        assert traffic.unexpected == []
        assert list_half_done(tmp_path / "data" / "gatehouse.db") == []
        space.start()
        assert list_lost_accounts(space, traffic.acknowledged) == []
    space.kill9()
