"""Threat: a password, token or cookie that turns up where it can be read.

A real process at its most talkative is told secrets in every way it can be; then its log, its
files, its audit trail and its answers are searched for them.
"""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from tests.make import KEY, READABLE_COOKIE
from tests.rig.space import Space

PASSWORD = "Canary-of-the-password-1"
WRONG = "Canary-of-the-typo-22"
ADMIN_PASSWORD = "Canary-of-the-admin-333"
EMAIL = "canary-address@example.com"


@dataclass(frozen=True)
class Traces:
    """What a run of the server left behind."""

    log: str
    files: dict[str, bytes]
    responses: list[httpx.Response]
    events: list[Any]
    tokens: list[str]
    cookies: list[str]
    ring: str
    """What an admin is shown of the log."""
    stream: str

    @property
    def secrets(self) -> list[str]:
        return [PASSWORD, WRONG, ADMIN_PASSWORD, KEY, *self.tokens, *self.cookies]


@pytest.fixture(scope="module", params=["json", "text"])
def traces(request: pytest.FixtureRequest, tmp_path_factory) -> Traces:
    folder = tmp_path_factory.mktemp("canary")
    environment = {
        **{"LOG_LEVEL": "debug", "LOG_FORMAT": request.param, "SECRET_KEY": KEY},
        **{"ADMIN_EMAIL": "admin@example.com", "ADMIN_PASSWORD": ADMIN_PASSWORD},
        **{"RATE_LIMITS": "off", "FRONTEND_PROXY_KEY": "canary-of-the-proxy-key"},
    }
    with Space(folder, environment) as space:
        responses, tokens, cookies = use_server(space)
        ring, stream = read_as_admin(space)
        files = {file.name: file.read_bytes() for file in (folder / "data").iterdir()}
        events = read_audit_trail(folder / "data" / "gatehouse.db")
        space.terminate()
    return Traces(space.log, files, responses, events, tokens, cookies, ring, stream)


def use_server(space: Space) -> tuple[list[httpx.Response], list[str], list[str]]:
    """Sign up, in and out, fail in many ways, crash the parser; returns all responses."""
    responses: list[httpx.Response] = []
    tokens, cookies = [], []
    account = {"name": "Ada", "email": EMAIL, "password": PASSWORD}
    with httpx.Client(base_url=f"{space.url}/api/auth/", trust_env=False, timeout=30) as ada:
        ada.headers["origin"] = space.url

        def post(path: str, body: Any = None, **options: Any) -> httpx.Response:
            responses.append(ada.post(path, json=body, **options))
            return responses[-1]

        for path, body in [("sign-up/email", account), ("sign-in/email", account)]:
            tokens.append(post(path, body).json()["token"])
            cookies += [
                unquote(value) for name, value in ada.cookies.items() if name != READABLE_COOKIE
            ]
        post("sign-in/email", {**account, "password": WRONG})
        post("sign-in/email", {**account, "email": "nobody@example.com"})
        post("sign-in/email", {**account, "email": PASSWORD})
        post("sign-up/email", {**account, "email": PASSWORD})
        post("sign-up/email", {**account, "password": [PASSWORD]})
        post("sign-up/email", {**account, "name": [PASSWORD], "image": 7})
        post("sign-in/email", {**account, "callbackURL": f"https://evil.example/{PASSWORD}"})
        post(f"sign-in/{PASSWORD}", account)
        responses.append(ada.post("sign-in/email", content=json.dumps(account)[:-1]))
        headers = {"content-type": "text/plain"}
        responses.append(ada.post("sign-in/email", content=json.dumps(account), headers=headers))
        for path in ("get-session", "list-sessions", f"nothing?password={PASSWORD}"):
            responses.append(ada.get(path))
        responses.append(ada.get("get-session", headers={"authorization": f"Bearer {tokens[1]}"}))
        post("update-user", {"name": "Ada King"})
        post("revoke-session", {"token": tokens[0]})
        post("sign-out")
    return responses, tokens, cookies


def read_as_admin(space: Space) -> tuple[str, str]:
    """Sign in as the admin; returns the log as the API shows it, and a stream."""
    with httpx.Client(base_url=space.url, trust_env=False, timeout=30) as root:
        account = {"email": "admin@example.com", "password": ADMIN_PASSWORD}
        assert root.post("/api/auth/sign-in/email", json=account).status_code == 200
        stream = root.get("/api/stream")
        log = root.get("/api/admin/log?limit=1000")
        assert (stream.status_code, log.status_code) == (200, 200)
        return log.text + str(log.headers.raw), stream.text + str(stream.headers.raw)


def read_audit_trail(file: Path) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT * FROM audit_events").fetchall()


def find_in(text: str | bytes, secrets: list[str]) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [secret for secret in secrets if secret.encode() in data]


def test_the_server_was_really_talking(traces):
    assert "sign_in_failed" in traces.log
    assert {response.status_code for response in traces.responses} >= {200, 400, 401, 403, 404, 415}
    assert len(traces.tokens) == 2
    assert len(set(traces.cookies)) >= 4


def test_the_log_has_none_of_them(traces):
    assert find_in(traces.log, traces.secrets) == []


def test_nor_the_address_somebody_signed_in_with(traces):
    assert EMAIL not in traces.log


def test_nor_has_what_an_admin_is_shown_of_it(traces):
    assert "sign_in_failed" in traces.ring
    assert find_in(traces.ring, [*traces.secrets, EMAIL]) == []


def test_nor_has_a_stream(traces):
    assert '"number":5' in traces.stream
    assert find_in(traces.stream, [*traces.secrets, EMAIL]) == []


def test_no_file_has_any_of_them(traces):
    assert any(name.endswith("-wal") for name in traces.files)
    assert {name: find_in(data, traces.secrets) for name, data in traces.files.items()} == {
        name: [] for name in traces.files
    }


def test_the_audit_trail_has_none_of_them(traces):
    assert len(traces.events) >= 6
    assert find_in(str(traces.events), [*traces.secrets, EMAIL]) == []


def test_no_answer_repeats_a_password(traces):
    text = "".join(response.text + str(response.headers.raw) for response in traces.responses)
    assert find_in(text, [PASSWORD, WRONG, ADMIN_PASSWORD, KEY, "bcrypt", "$2b$"]) == []


def test_nothing_crashed(traces):
    assert "Traceback" not in traces.log
    assert [response for response in traces.responses if response.status_code >= 500] == []
