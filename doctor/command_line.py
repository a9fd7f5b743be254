"""What `python -m doctor` was told, checked before anything is asked of a server."""

import argparse
import getpass
import os
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from doctor.check import Check
from doctor.client.credential import Credential
from doctor.deployment import Admin, Deployment
from doctor.selection import select_checks

PASSWORD_VARIABLE = "GATEHOUSE_ADMIN_PASSWORD"  # noqa: S105  a name, not a password
_STDIN = "-"
_SHOWN_TO_OTHERS = (
    "doctor: others on this machine can read a --password; --password-file is safer\n"
)


class UsageError(ValueError):
    """What was asked for cannot be done; the message says why in one line."""


@dataclass(frozen=True)
class Options:
    """What to examine, and how to report it."""

    deployment: Deployment
    checks: tuple[Check, ...]
    json: bool
    junit: Path | None
    brief: bool


def parse_options(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    ask: Callable[[str], str] = getpass.getpass,
) -> Options:
    """Read the arguments; raises UsageError, and SystemExit after --help."""
    said = _parser().parse_args(arguments)
    try:
        deployment = Deployment(
            said.url,
            frontend=said.frontend,
            admin=_admin(said, environment, ask),
            protected=tuple(map(_path, said.protected)),
            ca_file=_ca_file(said.ca_file),
            mail_to=said.mail_to,
        )
        names = [name for name in said.only.split(",") if name]
        checks = select_checks(deployment, names)
    except ValueError as error:  # BadUrl and UnknownCheck say it in a line
        raise UsageError(str(error)) from None
    return Options(deployment, checks, said.json, _writable(said.junit), said.quiet)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (--help says more)")


def _parser() -> _Parser:
    parser = _Parser(
        "python -m doctor",
        description="Examine a Gatehouse from outside: is the deployment right?",
        epilog="exit codes: 0 nothing is broken, 1 something is, 2 it could not be started, "
        "130 interrupted. A throw-away account is made, and deleted again whatever happens.",
    )
    add = parser.add_argument
    add("url", metavar="URL", help="where the server is: https://owner-name.hf.space")
    add("--frontend", metavar="URL", help="the app that passes /api/auth on to it")
    add("--email", metavar="E", help="an admin, who is told what strangers are not")
    add("--password-file", metavar="FILE", help="the admin's password; - reads it from stdin")
    add(
        "--password",
        metavar="P",
        help=f"the same, readable for others on this machine; better {PASSWORD_VARIABLE}",
    )
    add(
        "--protected",
        metavar="PATH",
        action="append",
        default=[],
        help="a path of your own that must answer 401 to strangers; may be repeated",
    )
    add("--only", metavar="NAMES", default="", help="checks or groups: headers,cookies.secure")
    add("--mail-to", metavar="E", help="try mail with this account; it gets a reset link")
    add("--ca-file", metavar="FILE", help="certificates to trust besides the public ones")
    add("--json", action="store_true", help="write one JSON document")
    add("--junit", metavar="FILE", help="write a report for CI besides")
    add("--quiet", action="store_true", help="show only what is broken or worth a look")
    return parser


def _admin(
    said: argparse.Namespace, environment: Mapping[str, str], ask: Callable[[str], str]
) -> Admin | None:
    if not said.email:
        if said.password or said.password_file:
            raise UsageError("a password without --email: whose is it?")
        return None
    password = _password(said, environment, ask)
    if not password:
        raise UsageError("the password is empty")
    return Admin(said.email, Credential(password))


def _password(
    said: argparse.Namespace, environment: Mapping[str, str], ask: Callable[[str], str]
) -> str:
    if said.password_file == _STDIN:
        return sys.stdin.readline().rstrip("\r\n")
    if said.password_file:
        return _read(said.password_file).rstrip("\r\n")
    if said.password:
        sys.stderr.write(_SHOWN_TO_OTHERS)
        return str(said.password)
    if environment.get(PASSWORD_VARIABLE):
        return environment[PASSWORD_VARIABLE]
    if not sys.stdin.isatty():
        raise UsageError(f"no password for {said.email}: set {PASSWORD_VARIABLE}, --password-file")
    try:
        return ask(f"Password of {said.email}: ")
    except EOFError:
        raise UsageError("no password was typed") from None


def _path(told: str) -> str:
    if not told.startswith("/") or any(letter.isspace() for letter in told):
        raise UsageError(f"--protected {told!r}: a path begins with / and has no spaces")
    return told


def _ca_file(told: str | None) -> str | None:
    if told is None:
        return None
    try:
        ssl.create_default_context(cafile=told)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--ca-file {told}: {error}") from None
    return told


def _writable(told: str | None) -> Path | None:
    """Try the file before the examination, not after it."""
    if told is None:
        return None
    file = Path(told)
    try:
        file.touch()
    except OSError as error:
        raise UsageError(f"--junit {told}: {error.strerror}") from None
    if not os.access(file, os.W_OK) or not file.is_file():
        raise UsageError(f"--junit {told}: cannot be written")
    return file


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--password-file {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"--password-file {file}: not a text file") from None
