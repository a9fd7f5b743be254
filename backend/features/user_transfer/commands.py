"""The commands `import-users` and `export-users`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from backend.features.providers.tokens import build_token_sealer
from backend.features.two_factor.codes import build_digests
from backend.features.two_factor.service import build_sealer
from backend.features.user_transfer.accounts import AccountTable
from backend.features.user_transfer.exporting import FORMATS, export_users
from backend.features.user_transfer.importing import import_users, summary
from backend.features.user_transfer.passkeys import PasskeyTable
from backend.features.user_transfer.progress import ProgressBar
from backend.features.user_transfer.records import BrokenFile, read_records
from backend.features.user_transfer.second_factors import KEY, FactorTable, read_factors
from backend.features.user_transfer.tables import Tables
from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.secrets.better_auth import BetterAuthSecrets
from backend.kernel.secrets.signing import Keyring
from backend.kernel.settings import Settings, SettingsError
from backend.storage.queries import users
from backend.storage.work import Runtime, run_query


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The files of the other tables of a Better Auth, as the command names them."""

    two_factor: Path | None = None
    passkeys: Path | None = None
    accounts: Path | None = None


def run_import(
    runtime: Runtime, hasher: PasswordHasher, path: Path, tables: Tables, *, dry: bool
) -> int:
    """Import a file; returns the exit code, 1 if a line was bad. Raises SettingsError."""
    with _open(path) as file:
        return _import(runtime, hasher, file, tables, dry=dry)


def load_tables(settings: Settings, keyring: Keyring, files: TableFiles) -> Tables | None:
    """Load the tables of a Better Auth; None if a line was bad, after printing each.

    Raises SettingsError.
    """
    factors = _load_factors(keyring, files.two_factor)
    accounts = _load_accounts(keyring, files.accounts)
    passkeys = _load_passkeys(settings, files.passkeys)
    given = (
        (files.two_factor, factors.problems, "a second factor"),
        (files.accounts, accounts.problems, "an account at a provider"),
        (files.passkeys, passkeys.problems, "a passkey"),
    )
    for path, problems, what in given:
        for line, problem in problems:
            sys.stdout.write(f"{path} line {line}: {problem}\n")
        if problems:
            sys.stdout.write(f"nothing imported: no user must lose {what}\n")
    if any(problems for _, problems, _ in given):
        return None
    return Tables(factors, accounts, passkeys)


def _load_passkeys(settings: Settings, path: Path | None) -> PasskeyTable:
    """Load the table `passkey`, whose rp id must be this server's; empty without a path."""
    if path is None:
        return PasskeyTable()
    parties = settings.relying_parties.parties
    if not parties:
        raise SettingsError("Passkeys work nowhere here: set PASSKEY_RP_ID to Better Auth's rpID")
    table = PasskeyTable(parties[0].rp_id)
    with _open(path) as file:
        table.read(read_records(file, key=KEY))
    return table


def _load_factors(keyring: Keyring, path: Path | None) -> FactorTable:
    """Load the table `twoFactor`, whose secret is in the environment; empty without a path."""
    table = FactorTable(build_sealer(keyring), build_digests(keyring))
    if path is None:
        return table
    secrets = BetterAuthSecrets.from_environment()
    with _open(path) as file:
        read_factors(read_records(file, key=KEY), secrets, table)
    return table


def _load_accounts(keyring: Keyring, path: Path | None) -> AccountTable:
    """Load the table `account`, whose tokens may be encrypted; empty without a path."""
    table = AccountTable(build_token_sealer(keyring))
    if path is None:
        return table
    secrets = BetterAuthSecrets.from_environment_if_set()
    with _open(path) as file:
        table.read(read_records(file, key=KEY), secrets)
    return table


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: the file ends in the middle of a character") from None
    except BrokenFile as error:
        raise SettingsError(f"{path}: {error}") from None


def _import(
    runtime: Runtime,
    hasher: PasswordHasher,
    file: BinaryIO,
    tables: Tables,
    *,
    dry: bool,
) -> int:
    progress = ProgressBar(sys.stderr, os.fstat(file.fileno()).st_size)

    def print_line(line: str) -> None:
        progress.clear()
        sys.stdout.write(line + "\n")

    records = read_records(file, progress.show)
    outcome = import_users(runtime, hasher, records, print_line, tables, dry=dry)
    progress.clear()
    for line in summary(outcome, dry=dry):
        print_line(line)
    known = {each.id for each in runtime.settings.providers}
    if unknown := sorted(tables.accounts.provider_ids - known):
        names = ", ".join(unknown)
        print_line(
            "nobody can sign in yet with accounts at these providers, which OIDC_PROVIDERS does "
            f"not name: {names}"
        )
    return 1 if outcome.bad else 0


def run_export(runtime: Runtime, path: Path) -> None:
    """Export all users into a new file with mode 0600. Raises SettingsError."""
    if path.suffix not in FORMATS:
        raise SettingsError(f"{path}: the file's name must end in {' or '.join(FORMATS)}")
    progress = ProgressBar(sys.stderr, run_query(runtime.database, users.count))
    try:
        # It contains every password hash. An existing file is never overwritten.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from None
    with open(descriptor, "w", encoding="utf-8", newline="") as file:
        number = export_users(runtime.database, file, path.suffix, progress.show)
    progress.clear()
    sys.stdout.write(f"{number} users in {path}, with their password hashes\n")
