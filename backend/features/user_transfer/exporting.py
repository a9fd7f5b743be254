"""Exporting users: all their fields, in a file that `import-users` reads."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TextIO
from uuid import UUID

from backend.kernel.csv_cells import escape_formula
from backend.storage.engine import Database
from backend.storage.queries import users
from backend.storage.queries.users import UserWithHash
from backend.storage.work import run_query

_PAGE = 1000  # users read at a time

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
    return run_query(database, lambda db: users.list_with_hashes(db, last, _PAGE))


def _row(credential: UserWithHash) -> dict[str, Any]:
    row = asdict(credential.user) | {"password_hash": credential.password_hash}
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _csv_writer(file: TextIO) -> Callable[[dict[str, Any]], None]:
    fields = [*users.User.__dataclass_fields__, "password_hash"]
    writer = csv.DictWriter(file, fields, lineterminator="\n")
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
