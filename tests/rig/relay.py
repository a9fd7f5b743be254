"""What stands between a browser and a server: bytes passed on, and https in front of plain http."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from pathlib import Path

from tests.rig.missing_tools import skip_test


async def join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, begin: bytes = b""
) -> None:
    """Pass on the bytes of both sides until both have ended; `begin` was read before."""
    target_reader, target_writer = await asyncio.open_connection("127.0.0.1", port)
    target_writer.write(begin)
    await asyncio.gather(pass_on(reader, target_writer), pass_on(target_reader, writer))


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on the bytes of one side at once; close the other when it has ended."""
    with contextlib.suppress(OSError):  # a browser leaves when it likes
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


def tls(folder: Path) -> ssl.SSLContext:
    """A server's side of https, with a certificate made in this folder, which nobody trusts."""
    if not shutil.which("openssl"):
        skip_test("openssl", "install it; it makes the certificate of a server in small")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    request = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    outputs = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *request, *names, *outputs], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
