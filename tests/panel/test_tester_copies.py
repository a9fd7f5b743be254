"""A copied request is sent by the programs it is written for, and arrives as it was."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from panel.client.loopback import SentRequest
from panel.tester.code_snippets import FORMATS, LANGUAGES, render_snippet

ROOT = Path(__file__).parents[2]
BODY = json.dumps({"name": 'O\'Hara "$HOME" `id` é\n', "n": 1, "ok-1": None}, ensure_ascii=False)
HEADERS = (
    ("Host", "gate.example"),
    ("Origin", "http://localhost"),
    ("Content-Type", "application/json"),
    ("Cookie", "a=b%3D; c=$d'e"),
    ("X-Forwarded-For", "203.0.113.7"),
)


class RecordingServer(ThreadingHTTPServer):
    """Records the requests it receives: method, path, headers and body."""

    def __init__(self):
        self.requests = []
        super().__init__(("127.0.0.1", 0), RecordingHandler)


class RecordingHandler(BaseHTTPRequestHandler):
    def record(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.command, self.path, headers, body))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"{}")

    do_GET = do_POST = do_DELETE = do_HEAD = record

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def recording_server() -> Iterator[RecordingServer]:
    with RecordingServer() as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run_snippet(target: str, snippet: str, folder: Path) -> None:
    """Run a copied snippet with the program it is written for."""
    if target == "Better Auth":
        modules = ROOT / "tests" / "parity" / "node_modules"
        (folder / "node_modules").symlink_to(modules)
    name = {"curl": "sent.sh", "httpx": "sent.py"}.get(target, "sent.mjs")
    (folder / name).write_text(snippet)
    program = {"curl": "bash", "httpx": sys.executable}.get(target, "node")
    assert shutil.which(program)
    result = subprocess.run([program, name], cwd=folder, capture_output=True, timeout=60, text=True)
    assert result.returncode == 0, result.stderr


def send_snippet(
    recording_server: RecordingServer, target: str, request: SentRequest, folder: Path
):
    recording_server.requests.clear()
    run_snippet(
        target,
        render_snippet(target, request, f"http://127.0.0.1:{recording_server.server_port}"),
        folder,
    )
    (received,) = recording_server.requests
    return received


@pytest.mark.parametrize("target", ["curl", "httpx", "fetch"])
def test_a_copy_sends_the_same_request(recording_server, tmp_path, target):
    request = SentRequest("POST", "/api/x/[1]?q=%20&r='", HEADERS, BODY)
    method, path, headers, body = send_snippet(recording_server, target, request, tmp_path)
    assert (method, path) in {
        ("POST", "/api/x/[1]?q=%20&r='"),
        ("POST", "/api/x/[1]?q=%20&r=%27"),
    }
    assert json.loads(body) == json.loads(BODY)
    assert {name: headers[name] for name in ("origin", "content-type", "cookie")} == {
        "origin": "http://localhost",
        "content-type": "application/json",
        "cookie": "a=b%3D; c=$d'e",
    }
    assert "x-forwarded-for" not in headers


@pytest.mark.parametrize("target", ["curl", "httpx", "fetch"])
def test_a_copy_of_a_plain_reading_sends_nothing_more(recording_server, tmp_path, target):
    method, path, headers, body = send_snippet(
        recording_server, target, SentRequest("GET", "/health", (), ""), tmp_path
    )
    assert (method, path, body) == ("GET", "/health", b"")
    assert "cookie" not in headers


def test_a_body_that_is_no_json_is_copied_as_it_stands(recording_server, tmp_path):
    for target in ("curl", "httpx", "fetch"):
        folder = tmp_path / target
        folder.mkdir()
        assert (
            send_snippet(
                recording_server, target, SentRequest("POST", "/", (), "@a 'b'\n"), folder
            )[3]
            == b"@a 'b'\n"
        )


@pytest.mark.parametrize(
    ("method", "path", "body", "expected_call"),
    [
        ("POST", "/api/auth/sign-in/email", '{"email": "a", "password": "b"}', "signIn.email({"),
        ("POST", "/api/auth/sign-out", "{}", "signOut({"),
        ("GET", "/api/auth/get-session", "", "getSession()"),
        ("GET", "/api/auth/admin/list-users?limit=1", "", "$fetch("),
        ("POST", "/api/auth/admin/ban-user", '{"userId": "1"}', "admin.banUser({"),
        ("GET", "/api/auth/reset-password/N5vT0?callbackURL=%2F", "", "$fetch("),
    ],
)
def test_better_auths_own_client_sends_the_same(
    recording_server, tmp_path, method, path, body, expected_call
):
    request = SentRequest(method, path, (), body)
    snippet = render_snippet("Better Auth", request, "http://gate.example")
    assert f"await authClient.{expected_call}" in snippet
    received = send_snippet(recording_server, "Better Auth", request, tmp_path)
    assert received[:2] == (method, path)
    assert json.loads(received[3] or "{}") == json.loads(body or "{}")


def test_elsewhere_better_auths_client_gives_way_to_fetch():
    snippet = render_snippet(
        "Better Auth", SentRequest("GET", "/api/me", (), ""), "http://gate.example"
    )
    assert "createAuthClient" not in snippet
    assert "await fetch(" in snippet


def test_each_way_has_a_language():
    assert set(LANGUAGES) == set(FORMATS)
