"""A small ASGI application that records what the server let through to it.

`python -m tests.server.toy PORT` serves it as Gatehouse is served.
"""

import asyncio
import json
import resource
import sys
import threading
from typing import Any

from backend.web.server import server

CHUNK = b"x" * 65536
PAGE = b"x" * 30_000  # less than what the server lets pile up before it pauses


class Toy:
    """Records the paths it gets; `door` holds responses back until a test opens it."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.departures = threading.Semaphore(0)
        self.door = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        self.paths.append(scope["path"])
        self.headers = scope["headers"]
        response = getattr(self, "on_" + scope["path"].strip("/"), self.on_health)
        await response(receive, send)

    async def on_health(self, receive: Any, send: Any) -> None:
        await _json(send, {"status": "ok"})

    async def on_echo(self, receive: Any, send: Any) -> None:
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.departures.release()
                return
            size += len(message["body"])
            if not message["more_body"]:
                await _json(send, {"size": size})
                return

    async def on_wait(self, receive: Any, send: Any) -> None:
        await self.door.wait()
        await _json(send, {"waited": True})

    async def on_open(self, receive: Any, send: Any) -> None:
        self.door.set()
        await _json(send, {"open": True})

    async def on_page(self, receive: Any, send: Any) -> None:
        await _start(send, (b"content-length", str(len(PAGE)).encode()))
        await send({"type": "http.response.body", "body": PAGE})

    async def on_stream(self, receive: Any, send: Any) -> None:
        await _start(send, (b"content-type", b"text/event-stream"))
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await _until_disconnected(receive)
        self.departures.release()

    async def on_flood(self, receive: Any, send: Any) -> None:
        await _start(send)
        left = asyncio.create_task(_until_disconnected(receive))
        while not left.done():
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
            await asyncio.sleep(0)
        self.departures.release()

    async def on_stubborn(self, receive: Any, send: Any) -> None:
        await _start(send)
        await send({"type": "http.response.body", "body": b"started", "more_body": True})
        threading.Thread(target=threading.Event().wait).start()

    async def live(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


class SwitchableApp:
    """A running server's application, which can be another one for each test."""

    def __init__(self) -> None:
        self.toy = Toy()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.toy(scope, receive, send)


class SlowToStart(Toy):
    """Writes that it is starting, and starts when it reads a line from its input."""

    async def live(self, receive: Any, send: Any) -> None:
        sys.stdout.write("starting\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        await super().live(receive, send)
        sys.stdout.write("stopped\n")


async def _until_disconnected(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _start(send: Any, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": list(headers)})


async def _json(send: Any, value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    await _start(send, (b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.body", "body": body})


def _serve(port: int, *options: str) -> None:
    if "few files" in options:
        _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard_limit))
    if "abandoned soon" in options:
        server.ABANDONED_AFTER_DRAIN = 0.5
    app = SlowToStart() if "slow" in options else Toy()
    limits = {"body_limit": 10, "receive_timeout": 0.5} if "tight" in options else {}
    server.serve(app, host="127.0.0.1", port=port, drain_seconds=0.5, **limits)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), *sys.argv[2:])
