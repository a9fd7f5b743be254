"""The arguments of `python -m doctor`, checked before any request is sent."""

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
from doctor.client.secret_text import SecretText
from doctor.deployment import Admin, Deployment
from doctor.selection import select_checks

PASSWORD_VARIABLE = "GATEHOUSE_ADMIN_PASSWORD"  # noqa: S105  a name, not a password
_STDIN = "-"
_ARGUMENT_WARNING = (
    "doctor: other users of this machine can read --password; --password-file is safer\n"
)


class UsageError(ValueError):
    """The arguments cannot be used; the message says why in one line."""


@dataclass(frozen=True)
class Options:
    """What to check, and how to report it."""

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
    """Parse the arguments; raises UsageError, and SystemExit after --help."""
    parsed = _parser().parse_args(arguments)
    try:
        deployment = Deployment(
            parsed.url,
            frontend=parsed.frontend,
            admin=_admin(parsed, environment, ask),
            protected=tuple(map(_check_path, parsed.protected)),
            ca_file=_ca_file(parsed.ca_file),
            mail_to=parsed.mail_to,
        )
        names = [name for name in parsed.only.split(",") if name]
        checks = select_checks(deployment, names)
    except ValueError as error:  # BadUrl and UnknownCheck have one-line messages
        raise UsageError(str(error)) from None
    return Options(deployment, checks, parsed.json, _output_file(parsed.junit), parsed.quiet)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see --help)")


def _parser() -> _Parser:
    parser = _Parser(
        "python -m doctor",
        description="Check a Gatehouse deployment from outside.",
        epilog="exit codes: 0 no check failed, 1 a check failed, 2 wrong arguments, "
        "130 interrupted. The doctor creates a throw-away account and always deletes it again.",
    )
    add = parser.add_argument
    add("url", metavar="URL", help="the server: https://owner-name.hf.space")
    add("--frontend", metavar="URL", help="the app that passes /api/auth on to it")
    add("--email", metavar="E", help="an admin, for checks that need one")
    add("--password-file", metavar="FILE", help="the admin's password; - reads it from stdin")
    add(
        "--password",
        metavar="P",
        help=f"the same, which other users of this machine can read; prefer {PASSWORD_VARIABLE}",
    )
    add("--backup-code", metavar="C", help="one of the admin's, if they have a second factor")
    add(
        "--protected",
        metavar="PATH",
        action="append",
        default=[],
        help="an endpoint of your own that must answer 401 without a session; may be repeated",
    )
    add("--only", metavar="NAMES", default="", help="checks or groups: headers,cookies.secure")
    add("--mail-to", metavar="E", help="test mail with this account, which gets a reset link")
    add("--ca-file", metavar="FILE", help="certificates to trust besides the public ones")
    add("--json", action="store_true", help="write one JSON document")
    add("--junit", metavar="FILE", help="also write a JUnit report for CI")
    add("--quiet", action="store_true", help="show only failures and warnings")
    return parser


def _admin(
    parsed: argparse.Namespace, environment: Mapping[str, str], ask: Callable[[str], str]
) -> Admin | None:
    if not parsed.email:
        if parsed.password or parsed.password_file or parsed.backup_code:
            raise UsageError("a password or backup code needs --email")
        return None
    password = _password(parsed, environment, ask)
    if not password:
        raise UsageError("the password is empty")
    return Admin(
        parsed.email, SecretText(password), backup_code=SecretText(parsed.backup_code or "")
    )


def _password(
    parsed: argparse.Namespace, environment: Mapping[str, str], ask: Callable[[str], str]
) -> str:
    if parsed.password_file == _STDIN:
        return sys.stdin.readline().rstrip("\r\n")
    if parsed.password_file:
        return _read(parsed.password_file).rstrip("\r\n")
    if parsed.password:
        sys.stderr.write(_ARGUMENT_WARNING)
        return str(parsed.password)
    if environment.get(PASSWORD_VARIABLE):
        return environment[PASSWORD_VARIABLE]
    if not sys.stdin.isatty():
        raise UsageError(
            f"no password for {parsed.email}: set {PASSWORD_VARIABLE}, --password-file"
        )
    try:
        return ask(f"Password of {parsed.email}: ")
    except EOFError:
        raise UsageError("no password was typed") from None


def _check_path(path: str) -> str:
    if not path.startswith("/") or any(letter.isspace() for letter in path):
        raise UsageError(f"--protected {path!r}: a path begins with / and has no spaces")
    return path


def _ca_file(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        ssl.create_default_context(cafile=name)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--ca-file {name}: {error}") from None
    return name


def _output_file(name: str | None) -> Path | None:
    """Try to write the file before the checks run, not after them."""
    if name is None:
        return None
    file = Path(name)
    try:
        file.touch()
    except OSError as error:
        raise UsageError(f"--junit {name}: {error.strerror}") from None
    if not os.access(file, os.W_OK) or not file.is_file():
        raise UsageError(f"--junit {name}: cannot be written")
    return file


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--password-file {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"--password-file {file}: not a text file") from None
