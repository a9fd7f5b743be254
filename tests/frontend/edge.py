"""A small copy of a platform's edge, Vercel's or the Hub's: https, and trusted addresses."""

import asyncio
import re
from pathlib import Path

from tests.in_process import Loop
from tests.rig.relay import pass_on, tls

_CLIENT_HEADERS = re.compile(rb"\r\n(x-forwarded-[a-z]+|x-real-ip|connection):[^\r]*", re.I)


class Edge:
    """Listens on `url`, in front of what listens on `port`.

    Every request comes from the address `caller`; forwarded headers of the client are replaced.
    """

    def __init__(self, loop: Loop, folder: Path, caller: str) -> None:
        folder.mkdir()
        self.caller, self.port = caller, 0
        self.certificate = folder / "certificate.pem"
        self._loop = loop
        self._server = loop.run(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls(folder)))
        self.host = f"localhost:{self._server.sockets[0].getsockname()[1]}"
        self.url = f"https://{self.host}"

    def close(self) -> None:
        """Stop listening."""

        async def stop() -> None:
            self._server.close()

        self._loop.run(stop())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:  # a browser opens more connections than it uses
            writer.close()
            return
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.port)
        upstream_writer.write(self._replace_client_headers(head))
        await asyncio.gather(pass_on(reader, upstream_writer), pass_on(upstream_reader, writer))

    def _replace_client_headers(self, head: bytes) -> bytes:
        addresses = f"\r\nx-forwarded-for: {self.caller}\r\nx-real-ip: {self.caller}"
        # One request for each connection: then only its beginning has to be read.
        new_headers = f"{addresses}\r\nx-forwarded-proto: https\r\nconnection: close\r\n\r\n"
        return _CLIENT_HEADERS.sub(b"", head.removesuffix(b"\r\n\r\n")) + new_headers.encode()
