"""Exporting users, in a file that `import-users` reads; their second factors are left out."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TextIO
from uuid import UUID

from backend.kernel.csv_cells import escape_formula
from backend.storage.engine import Database
from backend.storage.queries import user_transfer
from backend.storage.queries.users import User, UserWithHash
from backend.storage.work import run_query

_PAGE = 1000  # users read at a time

_FIELDS = [*(name for name in User.__dataclass_fields__ if name != "two_factor_enabled")]
_FIELDS.append("password_hash")

FORMATS = (".csv", ".jsonl")


def export_users(
    database: Database, file: TextIO, ending: str, progress: Callable[[int], None]
) -> int:
    """Write all users into `file`, as CSV or JSON lines by its ending; returns how many.

    Includes the hashes of their passwords.
    """
    write = _csv_writer(file) if ending == ".csv" else _json_writer(file)
    number = 0
    for number, credential in enumerate(_all_credentials(database), start=1):
        write(_row(credential))
        progress(number)
    return number


def _all_credentials(database: Database) -> Iterator[UserWithHash]:
    page = _page_after(database, None)
    while page:
        yield from page
        page = _page_after(database, page[-1].user.id)


def _page_after(database: Database, last: UUID | None) -> Sequence[UserWithHash]:
    return run_query(database, lambda db: user_transfer.list_with_hashes(db, last, _PAGE))


def _row(credential: UserWithHash) -> dict[str, Any]:
    row = asdict(credential.user) | {"password_hash": credential.password_hash}
    return {name: _plain(row[name]) for name in _FIELDS}


def _plain(value: Any) -> Any:
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
    return escape_formula(value) if isinstance(value, str) else value


def _json_writer(file: TextIO) -> Callable[[dict[str, Any]], None]:
    def write(row: dict[str, Any]) -> None:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")

    return write
