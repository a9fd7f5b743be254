"""`python -m backend COMMAND`: the API without the panel, and the owner's commands."""

import argparse
import getpass
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from backend.features.admin.first_admin import CreatedBy, add_admin
from backend.features.mail.setup import build_mailer
from backend.features.mail.transports import open_transport
from backend.features.management import second_factors
from backend.features.user_transfer.commands import (
    TableFiles,
    load_tables,
    run_export,
    run_import,
)
from backend.kernel.client import SYSTEM
from backend.kernel.clock import SystemClock
from backend.kernel.email_address import is_email_address, normalize_email
from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.passwords.rules import PasswordRules
from backend.kernel.randomness import SystemRandomness
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password
from backend.kernel.secrets.secret_key import load_keyring
from backend.kernel.settings import SettingsError
from backend.main import create_app
from backend.start import plain_errors, serve_with, server_settings, start_settings
from backend.storage.engine import DatabaseUnavailable
from backend.storage.opening.command import open_for_command
from backend.storage.opening.data_dir import open_data_dir
from backend.storage.snapshots.after_restore import invalidate_restored_data
from backend.storage.work import Runtime, Work
from backend.web.wire import MAX_NAME_LENGTH, is_valid_name


def main() -> None:
    """Run one command; see `python -m backend --help`."""
    args = _parser().parse_args()
    with plain_errors("start" if args.run is _serve else "do this"):
        sys.exit(args.run(args))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m backend", description="Gatehouse without the panel")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[..., int | None], about: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=about)
        command.set_defaults(run=run)
        return command

    add("serve", _serve, "serve the API alone; run as many of these as you like")
    add("migrate", _migrate, "migrate the database to the newest version and exit")
    add("openapi", _openapi, "print the description of every endpoint, as JSON")
    admin = add(
        "create-admin",
        _create_admin,
        "create an admin; asks for the password",
    )
    admin.add_argument("email")
    admin.add_argument("--name", default="Admin")
    factors = add(
        "remove-two-factor", _remove_two_factor, "remove the second factors of an account"
    )
    factors.add_argument("email")
    _add_import_arguments(
        add("import-users", _import, "import users from CSV or JSON; can be repeated")
    )
    exporting = add("export-users", _export, "export all users to a new .csv or .jsonl file")
    exporting.add_argument("file", type=Path)
    restored = add(
        "after-restore",
        _after_restore,
        "end every session and mailed link, after a backup was restored",
    )
    restored.add_argument(
        "--as-of", type=timestamp, help="the age of the backup: 2026-11-29T12:00Z"
    )
    return parser


def _add_import_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path)
    command.add_argument("--dry-run", action="store_true", help="check every line, store nothing")
    command.add_argument(
        "--two-factor",
        type=Path,
        metavar="FILE",
        help="the table twoFactor of a Better Auth, whose secret is in BETTER_AUTH_SECRET",
    )
    command.add_argument(
        "--passkeys",
        type=Path,
        metavar="FILE",
        help="the table passkey of a Better Auth, whose rpID is this server's PASSKEY_RP_ID",
    )
    command.add_argument(
        "--accounts",
        type=Path,
        metavar="FILE",
        help="the table account of a Better Auth, with its secret if it encrypts tokens",
    )


def _serve(_: argparse.Namespace) -> None:
    settings = server_settings().model_copy(update={"panel": False})
    app = create_app(settings)
    serve_with(app, settings)


def _migrate(_: argparse.Namespace) -> None:
    with _runtime():  # opening it migrates it
        pass


def _openapi(_: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:  # it needs no data, and must not touch any
        empty = {"database_url": None, "data_dir": Path(folder), "admin_email": ""}
        app = create_app(start_settings().model_copy(update=empty))
        sys.stdout.write(json.dumps(app.openapi(), indent=2) + "\n")


def _create_admin(args: argparse.Namespace) -> int:
    email = normalize_email(args.email)
    if not is_email_address(email):
        raise SettingsError(f"{args.email!r} is not an e-mail address")
    if not is_valid_name(args.name):
        raise SettingsError(f"--name: a name has at most {MAX_NAME_LENGTH} characters")
    with _runtime() as runtime:
        settings = runtime.settings
        password = _ask_for_password()
        try:
            PasswordRules.from_settings(settings).check_new(password, email, args.name)
        except Refusal as refusal:
            raise SettingsError(refusal.message) from None
        with Work(runtime, SYSTEM) as work:
            hashed = PasswordHasher(settings.bcrypt_rounds).hash(password)
            added = add_admin(work, email, args.name, hashed, CreatedBy.COMMAND)
    outcome = "is now an admin" if added else "already has an account, which was not changed"
    sys.stdout.write(f"{email} {outcome}\n")
    return 0 if added else 1


def _ask_for_password() -> Password:
    # Never an argument: those are seen by every user of the machine and kept by the shell.
    if not sys.stdin.isatty():
        return Password(sys.stdin.readline().rstrip("\r\n"))
    password = getpass.getpass("Password: ")
    if getpass.getpass("Repeat password: ") != password:
        raise SettingsError("the passwords do not match")
    return Password(password)


def _remove_two_factor(args: argparse.Namespace) -> int:
    email = normalize_email(args.email)
    with _runtime() as runtime:
        settings = runtime.settings
        sends = open_transport(settings) is not None  # by the server, which finds it in the outbox
        mailer = build_mailer(settings, load_keyring(settings, runtime.randomness), sends=sends)
        with Work(runtime, SYSTEM) as work:
            removed = second_factors.remove_by_address(work, mailer, email)
    outcome = "signs in without a second factor now" if removed else "has no second factor"
    sys.stdout.write(f"{email} {outcome}\n")
    return 0 if removed else 1


def _import(args: argparse.Namespace) -> int:
    with _runtime() as runtime:
        settings = runtime.settings
        files = TableFiles(args.two_factor, args.passkeys, args.accounts)
        tables = load_tables(settings, load_keyring(settings, runtime.randomness), files)
        if tables is None:
            return 1
        hasher = PasswordHasher(settings.bcrypt_rounds)
        return run_import(runtime, hasher, args.file, tables, dry=args.dry_run)


def _export(args: argparse.Namespace) -> None:
    with _runtime() as runtime:
        run_export(runtime, args.file)


def _after_restore(args: argparse.Namespace) -> None:
    with _runtime() as runtime:
        result = invalidate_restored_data(runtime, args.as_of)
    sys.stdout.write(
        f"{result.sessions_ended} sessions and {result.links_ended} mailed links ended; "
        f"{result.accounts} accounts are as they were in the backup\n"
    )


def timestamp(text: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


@contextmanager
def _runtime() -> Iterator[Runtime]:
    """Open the database for a command, even while a server is running."""
    settings, clock, randomness = start_settings(), SystemClock(), SystemRandomness()
    if settings.database_url is None:
        open_data_dir(settings)
    try:
        with open_for_command(settings, clock, randomness) as database:
            # No sessions are cached here, and events need not be logged besides the audit trail.
            yield Runtime(database, clock, randomness, settings, _ignore, _ignore)
    except DatabaseUnavailable as error:
        raise SettingsError(f"the database reports: {error}") from None


def _ignore(*_: object) -> None:
    """Do nothing."""


if __name__ == "__main__":
    main()
