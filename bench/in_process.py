"""Calls our application in this process, without a server: `... in_process CHECKS`.

The protocol with bench/instructions.py is a line each, for every kind of cookie: ready, go, done,
end.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from backend.kernel.clock import SystemClock
from backend.kernel.settings import Settings
from backend.main import create_app
from backend.web.logs import logs
from bench.rig.load_requests import encode_json
from bench.rig.seeds import PASSWORD, cookie_for, forged_cookies
from bench.rig.servers import SECRET

KINDS = {"valid": b'"email"', "forged": b"null"}
"""The kinds of cookies, in this order, and what the response to each contains."""
_SESSIONS = 50  # so that no limit per session is reached


class SteadyClock(SystemClock):
    """A clock that advances by the same step with every reading, on any machine.

    With a real clock, periodic work such as polling the database would be counted more often on a
    slow machine.
    """

    _STEP = 0.00005  # seconds; about what a session check takes

    def __init__(self) -> None:
        self._elapsed = 0.0

    def monotonic(self) -> float:
        """Return seconds of which only the difference has a meaning."""
        self._elapsed += self._STEP
        return self._elapsed


async def main(checks: int) -> None:
    """Start the application, sign users up, and send each kind of cookie on request."""
    with tempfile.TemporaryDirectory() as folder:
        overrides: dict[str, Any] = {
            "_env_file": None,
            "data_dir": Path(folder),
            "bcrypt_rounds": 4,
        }
        settings = Settings(**overrides, environment="development", secret_key=SECRET)
        logs.configure(settings)
        app: Any = create_app(settings, clock=SteadyClock())
        async with _lifespan(app):
            valid = [await _sign_up(app, number) for number in range(_SESSIONS)]
            made_up = [each.encode() for each in forged_cookies(_SESSIONS)]
            for cookies, expected in zip((valid, made_up), KINDS.values(), strict=True):
                await _check(app, cookies, 2 * _SESSIONS, expected)
                await _handshake("ready")
                await _check(app, cookies, checks, expected)
                await _handshake("done")


async def _handshake(word: str) -> None:
    print(word, flush=True)
    sys.stdin.readline()


async def _check(app: Any, cookies: list[bytes], count: int, expected: bytes) -> None:
    for number in range(count):
        _, body = await _request(
            app, "GET", "/api/auth/get-session", cookies[number % len(cookies)]
        )
        if expected not in body:
            raise AssertionError(f"the session check answered {body!r}")


async def _sign_up(app: Any, number: int) -> bytes:
    user = {"name": "Bench", "email": f"user-{number}@example.com", "password": PASSWORD}
    address = f"198.18.0.{number}".encode()
    status, body = await _request(
        app, "POST", "/api/auth/sign-up/email", b"", encode_json(user), address
    )
    if status != 200:
        raise AssertionError(f"signing up answered {status} {body!r}")
    return cookie_for(json.loads(body)["token"]).encode()


async def _request(
    app: Any, method: str, path: str, cookie: bytes, body: bytes = b"", address: bytes = b""
) -> tuple[int, bytes]:
    headers = [(b"host", b"localhost:7860")]
    headers += [(b"cookie", cookie)] if cookie else []
    headers += [(b"x-forwarded-for", address)] if address else []
    if body:
        headers += [(b"content-type", b"application/json")]
        headers += [(b"content-length", str(len(body)).encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 7860),
        "state": {},
    }
    sent: list[Any] = []
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        for message in messages:
            return message
        return await asyncio.Event().wait()  # a client that stays until it has its answer

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncIterator[None]:
    incoming: asyncio.Queue[Any] = asyncio.Queue()
    outgoing: asyncio.Queue[Any] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    lifespan = asyncio.create_task(app(scope, incoming.get, outgoing.put))
    await incoming.put({"type": "lifespan.startup"})
    if (await outgoing.get())["type"] != "lifespan.startup.complete":
        raise RuntimeError("the application did not start")
    yield
    await incoming.put({"type": "lifespan.shutdown"})
    await lifespan


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
