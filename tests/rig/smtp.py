"""A real SMTP server in a process of its own, so that it can be killed.

`python -m tests.rig.smtp PORT FILE [--certificate PEM] [--password WORD] [--without MECHANISM]`
writes a JSON line into FILE for each mail, and only then says that it has it. What a recipient is
called decides: `unknown...` is refused for ever, `later...` for now, `relay...` as nobody of ours;
`rude...` is taken, then the line is cut.
"""

import argparse
import asyncio
import json
import ssl
import subprocess
import sys
from dataclasses import dataclass
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.rig import shared
from tests.rig.processes import free_port, is_listening, wait_until

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class SmtpMail:
    """One mail as the server took it."""

    sender: str
    recipients: list[str]
    over_tls: bool
    source: str

    @property
    def message(self) -> EmailMessage:
        return message_from_string(self.source, policy=policy.default)

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])


class SmtpServer:
    """Starts, stops and starts again on the same port; `folder` keeps what it received."""

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self._file = folder / f"mails-{self.port}.jsonl"
        self._file.touch()
        self._options = options
        self._process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The SMTP_URL that leads here."""
        return f"smtp://127.0.0.1:{self.port}?starttls=off"

    def start(self) -> "SmtpServer":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.rig.smtp", str(self.port), self._file, *self._options],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
        )
        shared.register_process(self._process.pid)
        wait_until(lambda: is_listening(self.port), "the SMTP server")
        return self

    def kill9(self) -> None:
        """End it in the middle of whatever it does."""
        self._process.kill()
        self._process.wait()
        shared.unregister_process(self._process.pid)

    def received(self) -> list[SmtpMail]:
        """Every mail it has taken, in all its lives, in order."""
        lines = self._file.read_text().splitlines(keepends=True)
        return [SmtpMail(**json.loads(line)) for line in lines if line.endswith("\n")]

    def __enter__(self) -> "SmtpServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill9()


class _Handler:
    """Accepts mails and writes them into the file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def handle_RCPT(
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if address.startswith("unknown"):
            return f"550 5.1.1 <{address}>: nobody of that name"
        if address.startswith("later"):
            return "451 4.7.1 greylisted, come back later"
        if address.startswith("relay"):
            return f"554 5.7.1 <{address}>: Relay access denied"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        mail = {
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "over_tls": session.ssl is not None,
            "source": content.decode() if isinstance(content, bytes) else content,
        }
        with self._file.open("a") as file:
            file.write(json.dumps(mail) + "\n")
        if envelope.rcpt_tos[0].startswith("rude"):
            await server.push("250 OK")
            cast(asyncio.Transport, server.transport).abort()
        return "250 OK"


async def _serve(
    port: int, file: Path, certificate: str | None, password: str | None, without: str
) -> None:
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)

    def authenticate(_: Any, __: Any, ___: Any, ____: Any, login: LoginPassword) -> AuthResult:
        return AuthResult(success=login.password == (password or "").encode(), handled=False)

    def build_protocol() -> SMTP:
        return SMTP(
            _Handler(file),
            hostname="mail.example.com",
            tls_context=tls,
            require_starttls=tls is not None,
            auth_required=password is not None,
            authenticator=authenticate,
            auth_exclude_mechanism=[without] if without else None,
        )

    server = await asyncio.get_running_loop().create_server(build_protocol, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Serve until somebody ends it."""
    parser = argparse.ArgumentParser("python -m tests.rig.smtp")
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--certificate")
    parser.add_argument("--password")
    parser.add_argument("--without", default="")
    args = parser.parse_args()
    asyncio.run(_serve(args.port, args.file, args.certificate, args.password, args.without))


if __name__ == "__main__":
    main()
