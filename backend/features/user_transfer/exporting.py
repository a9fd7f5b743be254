"""Exporting users with their other ways to sign in, in a file that `import-users` reads."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, TextIO
from uuid import UUID

from backend.kernel.csv_cells import escape_formula
from backend.storage.engine import Database
from backend.storage.queries import accounts, passkeys, two_factors, user_transfer
from backend.storage.queries.accounts import Account
from backend.storage.queries.passkeys import Passkey
from backend.storage.queries.two_factors import Factors
from backend.storage.queries.users import User, UserWithHash
from backend.storage.work import run_query

_PAGE = 1000  # users read at a time

_FIELDS = [*User.__dataclass_fields__, "password_hash", "two_factor", "passkeys", "accounts"]
_PASSKEY = [name for name in Passkey.__dataclass_fields__ if name not in {"id", "user_id"}]
_ACCOUNT = [name for name in Account.__dataclass_fields__ if name not in {"id", "user_id"}]
_FACTORS = (
    "totp_secret",
    "totp_confirmed",
    "mail_codes",
    "password_by_mail",
    "before_verification",
)

FORMATS = (".csv", ".jsonl")


def export_users(
    database: Database, file: TextIO, ending: str, progress: Callable[[int], None]
) -> int:
    """Write all users into `file`, as CSV or JSON lines by its ending; returns how many.

    Includes the hashes of their passwords, their second factors and their accounts at providers:
    the secrets of apps and the tokens of providers are encrypted with SECRET_KEY, and of backup
    codes there are digests.
    """
    write = _csv_writer(file) if ending == ".csv" else _json_writer(file)
    number = 0
    for number, row in enumerate(_all_rows(database), start=1):
        write(row)
        progress(number)
    return number


def _all_rows(database: Database) -> Iterator[dict[str, Any]]:
    page = _page_after(database, None)
    while page:
        ids = [each.user.id for each in page if each.user.two_factor_enabled]
        factors = run_query(database, partial(two_factors.find_many, user_ids=ids))
        codes = run_query(database, partial(two_factors.list_backup_codes, user_ids=ids))
        everybody = [each.user.id for each in page]
        keys = run_query(database, partial(passkeys.list_for_users, user_ids=everybody))
        linked = run_query(database, partial(accounts.list_for_users, user_ids=everybody))
        for each in page:
            user_id = each.user.id
            row = _row(each, factors.get(user_id), codes.get(user_id, ()))
            yield {
                **row,
                "passkeys": [_render(key, _PASSKEY) for key in keys.get(user_id, ())],
                "accounts": [_render(each, _ACCOUNT) for each in linked.get(user_id, ())],
            }
        page = _page_after(database, page[-1].user.id)


def _page_after(database: Database, last: UUID | None) -> Sequence[UserWithHash]:
    return run_query(database, lambda db: user_transfer.list_with_hashes(db, last, _PAGE))


def _row(
    credential: UserWithHash, factors: Factors | None, codes: Sequence[bytes]
) -> dict[str, Any]:
    row = asdict(credential.user) | {"password_hash": credential.password_hash}
    row["two_factor"] = _render_factors(factors, codes) if factors else None
    return {name: _plain(value) for name, value in row.items()}


def _render_factors(factors: Factors, codes: Sequence[bytes]) -> dict[str, Any]:
    values = {name: _plain(getattr(factors, name)) for name in _FACTORS}
    return {**values, "backup_codes": [_plain(code) for code in codes]}


def _render(stored: Passkey | Account, names: Sequence[str]) -> dict[str, Any]:
    return {name: _plain(getattr(stored, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _csv_writer(file: TextIO) -> Callable[[dict[str, Any]], None]:
    writer = csv.DictWriter(file, _FIELDS, lineterminator="\n")
    writer.writeheader()

    def write(row: dict[str, Any]) -> None:
        writer.writerow({name: _cell(value) for name, value in row.items()})

    return write


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value) if value else ""
    return escape_formula(value) if isinstance(value, str) else value


def _json_writer(file: TextIO) -> Callable[[dict[str, Any]], None]:
    def write(row: dict[str, Any]) -> None:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")

    return write
