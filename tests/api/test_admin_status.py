"""GET /api/admin/status."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from backend import __version__
from backend.features.management.commit import find_commit
from backend.features.management.status import durability
from backend.kernel.client import SYSTEM
from backend.kernel.secrets.secret import Secret
from backend.storage.queries import outbox
from backend.storage.queries.outbox import Mail
from backend.storage.work import Work
from tests.admins import make_admin
from tests.make import make_settings


def test_admins_see_the_state_of_everything(start):
    gatehouse = start(secret_keys_old=("an old key",), session_cache_size=7)
    status = make_admin(gatehouse).get("/api/admin/status")
    assert status.json() == {
        "version": __version__,
        "commit": find_commit(),
        "startedAt": "2026-11-22T12:00:00.000Z",
        "environment": "development",
        "publicUrl": "http://localhost:7860",
        "frontendUrls": ["http://localhost:3000"],
        "proxy": {
            "peer": "203.0.113.7",
            "forwardedFor": None,
            "believed": "203.0.113.7",
            "trusted": False,
        },
        "features": {
            "signUp": True,
            "signInAfterSignUp": True,
            "requireVerifiedEmail": False,
            "signInAfterVerification": False,
            "changeEmail": True,
            "deleteUser": True,
            "deleteUserNeedsLink": False,
            "resetRevokesSessions": True,
            "strict": True,
            "rateLimits": False,
            "docs": True,
            "panel": False,
        },
        "providers": [],
        "sessionLifetime": 604800,
        "database": {
            "kind": "sqlite",
            "durability": "durable",
            "userSearch": "reads all users",
            "restored": None,
            "snapshots": None,
        },
        "cache": {"state": status.json()["cache"]["state"], "sessions": 1, "size": 7},
        "mail": {
            "sends": "outbox",
            "waiting": 0,
            "waitingSince": None,
            "lastSentAt": None,
            "lastError": None,
        },
        "secret": {"state": "set", "oldKeys": 1},
        "limits": {"store": "off"},
        "clock": {"comparedWith": "newest entry", "ahead": 0, "right": True},
    }


def test_the_database_is_named_whatever_it_is(any_gatehouse):
    database = make_admin(any_gatehouse).get("/api/admin/status").json()["database"]
    if any_gatehouse.settings.database_url.reveal().startswith("sqlite"):
        assert database["kind"] == "sqlite"
    else:
        expected = {"kind": "postgresql", "durability": "durable", "userSearch": "indexed"}
        assert database == {**expected, "restored": None, "snapshots": None}


def test_a_generated_key_is_told(start):
    status = make_admin(start(secret_key=None)).get("/api/admin/status").json()
    assert status["secret"] == {"state": "generated", "oldKeys": 0}


EXAMPLE = "better-auth-secret-12345678901234567890"


@pytest.mark.parametrize(
    "options", [{"secret_key": EXAMPLE}, {"secret_keys_old": (EXAMPLE,)}], ids=str
)
def test_a_key_that_everybody_knows_is_told(start, options):
    status = make_admin(start(**options)).get("/api/admin/status").json()
    assert status["secret"]["state"] == "example"


def test_it_tells_when_this_server_began(start, clock):
    gatehouse = start()
    root = make_admin(gatehouse)
    clock.advance(hours=3)
    assert root.get("/api/admin/status").json()["startedAt"] == "2026-11-22T12:00:00.000Z"


def test_what_is_switched_on_and_for_whom(start):
    settings = {"sign_up": True, "delete_user_needs_link": True, "session_lifetime": 3600}
    gatehouse = start(frontend_url=("https://app.example.com/", "https://*.vercel.app"), **settings)
    status = make_admin(gatehouse).get("/api/admin/status").json()
    assert status["frontendUrls"] == ["https://app.example.com", "https://*.vercel.app"]
    assert status["features"]["deleteUserNeedsLink"] is True
    assert status["sessionLifetime"] == 3600


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("10.0.0.5", None, {"believed": "10.0.0.5", "trusted": True}),
        ("10.0.0.5", "1.2.3.4, 203.0.113.7", {"believed": "203.0.113.7", "trusted": True}),
        ("198.51.100.1", "203.0.113.7", {"believed": "198.51.100.1", "trusted": False}),
    ],
)
def test_how_this_very_request_came_is_told(gatehouse, peer, forwarded, expected):
    root = make_admin(gatehouse, address=peer)
    proxy = root.get("/api/admin/status", headers={"x-forwarded-for": forwarded}).json()["proxy"]
    assert proxy == {"peer": peer, "forwardedFor": forwarded, **expected}


def test_mail_that_waits_is_told_with_since_when_and_why(any_gatehouse, clock):
    root = make_admin(any_gatehouse)
    for number, state in enumerate(("sent", "given_up", "waiting")):
        put_into_outbox(any_gatehouse, number, state, clock.now() + timedelta(minutes=number))
    mail = root.get("/api/admin/status").json()["mail"]
    assert mail == {
        "sends": "outbox",
        "waiting": 1,
        "waitingSince": "2026-11-22T12:02:00.000Z",
        "lastSentAt": "2026-11-22T12:00:00.000Z",
        "lastError": "nobody there",
    }


def put_into_outbox(gatehouse, number, state, now):
    """Add a mail in this state to the outbox."""
    mail = Mail(
        id=UUID(int=number),
        kind="verify",
        recipient="ada@example.com",
        message_id=f"<{number}@localhost>",
        sealed=None,
        state=state,
        attempts=1,
        due_at=now if state == "waiting" else None,
        created_at=now,
        sent_at=now if state == "sent" else None,
        last_error="nobody there" if state == "given_up" else None,
    )
    with Work(gatehouse.context.runtime, SYSTEM) as work:
        outbox.insert(work.db, mail)


@pytest.mark.parametrize(
    ("files", "commit"),
    [
        ({}, None),
        ({"HEAD": "3f2a\n"}, "3f2a"),
        ({"HEAD": "ref: refs/heads/main\n", "refs/heads/main": "9c1d\n"}, "9c1d"),
        ({"HEAD": "ref: refs/heads/main\n", "packed-refs": "# x\n7e0b refs/heads/main\n"}, "7e0b"),
        ({"HEAD": "ref: refs/heads/main\n", "packed-refs": "7e0b refs/heads/other\n"}, None),
        ({"HEAD": "ref: refs/heads/main\n"}, None),
    ],
    ids=str,
)
def test_the_commit_is_read_from_a_clone(tmp_path, files, commit):
    for name, text in files.items():
        file = tmp_path / ".git" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert find_commit(tmp_path) == commit


@pytest.mark.parametrize(
    ("options", "lasts"),
    [
        ({}, "durable"),
        ({"space_id": "ada/gatehouse"}, "ephemeral"),
        ({"space_id": "ada/gatehouse", "snapshot_dir": Path("bucket")}, "snapshots"),
        ({"space_id": "ada/gatehouse", "database_url": Secret("postgresql://x/y")}, "durable"),
    ],
)
def test_how_long_data_lasts(tmp_path, options, lasts):
    assert durability(make_settings(tmp_path, bcrypt_rounds=10, **options)) == lasts


def test_limits_are_counted_in_memory_without_redis(start):
    gatehouse = start(rate_limits=True)
    assert make_admin(gatehouse).get("/api/admin/status").json()["limits"] == {"store": "memory"}


def test_an_admin_asks_a_hundred_times_in_ten_seconds(start):
    gatehouse = start(rate_limits=True, session_cache_size=0)
    root = make_admin(gatehouse)
    for _ in range(100):
        assert root.get("/api/admin/status").status_code == 200
    assert root.get("/api/admin/status").status_code == 429
    assert root.get("/api/admin/events").status_code == 200
    gatehouse.clock.advance(seconds=10)
    assert root.get("/api/admin/status").status_code == 200
