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

from panel.client.loopback import Request
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


class Listener(ThreadingHTTPServer):
    """Remembers what it was sent: method, path, headers and body."""

    def __init__(self):
        self.heard = []
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.heard.append((self.command, self.path, headers, body))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"{}")

    do_GET = do_POST = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(way: str, written: str, folder: Path) -> None:
    """Run what was copied, as whoever copied it would."""
    if way == "Better Auth":
        modules = ROOT / "tests" / "parity" / "node_modules"
        (folder / "node_modules").symlink_to(modules)
    name = {"curl": "sent.sh", "httpx": "sent.py"}.get(way, "sent.mjs")
    (folder / name).write_text(written)
    program = {"curl": "bash", "httpx": sys.executable}.get(way, "node")
    assert shutil.which(program)
    done = subprocess.run([program, name], cwd=folder, capture_output=True, timeout=60, text=True)
    assert done.returncode == 0, done.stderr


def heard(listener: Listener, way: str, request: Request, folder: Path):
    listener.heard.clear()
    run(way, render_snippet(way, request, f"http://127.0.0.1:{listener.server_port}"), folder)
    (one,) = listener.heard
    return one


@pytest.mark.parametrize("way", ["curl", "httpx", "fetch"])
def test_a_copy_sends_the_same_request(listener, tmp_path, way):
    request = Request("POST", "/api/x/[1]?q=%20&r='", HEADERS, BODY)
    method, path, headers, body = heard(listener, way, request, tmp_path)
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


@pytest.mark.parametrize("way", ["curl", "httpx", "fetch"])
def test_a_copy_of_a_plain_reading_sends_nothing_more(listener, tmp_path, way):
    method, path, headers, body = heard(listener, way, Request("GET", "/health", (), ""), tmp_path)
    assert (method, path, body) == ("GET", "/health", b"")
    assert "cookie" not in headers


def test_a_body_that_is_no_json_is_copied_as_it_stands(listener, tmp_path):
    for way in ("curl", "httpx", "fetch"):
        folder = tmp_path / way
        folder.mkdir()
        assert heard(listener, way, Request("POST", "/", (), "@a 'b'\n"), folder)[3] == b"@a 'b'\n"


@pytest.mark.parametrize(
    ("method", "path", "body", "called"),
    [
        ("POST", "/api/auth/sign-in/email", '{"email": "a", "password": "b"}', "signIn.email({"),
        ("POST", "/api/auth/sign-out", "{}", "signOut({"),
        ("GET", "/api/auth/get-session", "", "getSession()"),
        ("GET", "/api/auth/admin/list-users?limit=1", "", "$fetch("),
        ("POST", "/api/auth/admin/ban-user", '{"userId": "1"}', "admin.banUser({"),
        ("GET", "/api/auth/reset-password/N5vT0?callbackURL=%2F", "", "$fetch("),
    ],
)
def test_better_auths_own_client_sends_the_same(listener, tmp_path, method, path, body, called):
    request = Request(method, path, (), body)
    written = render_snippet("Better Auth", request, "http://gate.example")
    assert f"await authClient.{called}" in written
    came = heard(listener, "Better Auth", request, tmp_path)
    assert came[:2] == (method, path)
    assert json.loads(came[3] or "{}") == json.loads(body or "{}")


def test_elsewhere_better_auths_client_gives_way_to_fetch():
    written = render_snippet(
        "Better Auth", Request("GET", "/api/me", (), ""), "http://gate.example"
    )
    assert "createAuthClient" not in written
    assert "await fetch(" in written


def test_each_way_has_a_language():
    assert set(LANGUAGES) == set(FORMATS)
