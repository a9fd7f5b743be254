"""A small copy of the Hub: https before a Space, a page with the Space in a frame, another site.

A browser that uses `proxy` finds them all here, under their real names, and nobody else.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path

from tests.in_process import Loop
from tests.rig.relay import join, tls

SPACE, HUB, STRANGER = "abc-space.hf.space", "huggingface.co", "evil.example"
APP = "app.example.com"
"""The app's own host, whose edge passes all on to the Space."""
AUTHORIZE = "/authorize"
# As the Hub's own pages write it.
FRAME = f"""<!doctype html><title>A Space</title>
<iframe id="space" src="https://{SPACE}/admin/" width="1200" height="760" sandbox="allow-downloads
 allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-same-origin
 allow-scripts allow-storage-access-by-user-activation"></iframe>"""


class Hub:
    """Runs on the loop until it is closed."""

    def __init__(
        self, loop: Loop, folder: Path, space_port: int, providers: Mapping[str, int] | None = None
    ) -> None:
        """`providers` has the ports of those at whose hosts people sign in, on AUTHORIZE."""
        self._loop = loop
        self._space_port, self._providers = space_port, providers or {}
        self._tls = tls(folder)
        loop.run(self._start())

    async def _start(self) -> None:
        space = await asyncio.start_server(self._edge, "127.0.0.1", 0, ssl=self._tls)
        page = await asyncio.start_server(self._frame, "127.0.0.1", 0, ssl=self._tls)
        proxy = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self._servers = [space, page, proxy]
        ports = [server.sockets[0].getsockname()[1] for server in self._servers]
        self._ports = dict.fromkeys((HUB, STRANGER, *self._providers), ports[1])
        self._ports |= dict.fromkeys((SPACE, APP), ports[0])
        self.proxy = f"http://127.0.0.1:{ports[2]}"

    def close(self) -> None:
        """Stop listening."""

        async def stop() -> None:
            for server in self._servers:
                server.close()

        self._loop.run(stop())

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        host = head.split(b" ")[1].decode().partition(":")[0]
        if host not in self._ports:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await join(reader, writer, self._ports[host])

    async def _edge(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await join(reader, writer, self._space_port)

    async def _frame(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            asked = await reader.readuntil(b"\r\n\r\n")
            for host, port in self._providers.items():
                if (
                    asked.startswith(f"GET {AUTHORIZE}?".encode())
                    and f" {host}\r".encode() in asked
                ):
                    await join(reader, writer, port, asked.replace(b"keep-alive", b"close"))
                    return
            head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n"
            writer.write(f"{head}content-length: {len(FRAME)}\r\n\r\n{FRAME}".encode())
            await writer.drain()
        writer.close()
