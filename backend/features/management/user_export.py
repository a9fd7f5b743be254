"""All users as a CSV file for a spreadsheet (RFC 4180)."""

import csv
from collections.abc import Generator, Iterable, Sequence
from io import StringIO

from backend.features.admin.user_listing import ActiveUser
from backend.kernel.timestamps import iso
from backend.web.responses.csv_cells import BYTE_ORDER_MARK, guarded

COLUMNS = (
    "id",
    "email",
    "name",
    "emailVerified",
    "role",
    "banned",
    "banReason",
    "banExpires",
    "createdAt",
    "updatedAt",
    "lastSignInAt",
)
BATCH = 1000
"""Users read, held and sent at a time."""


def csv_of(batches: Iterable[Sequence[ActiveUser]]) -> Generator[bytes, None, None]:
    """Write each batch as it comes, in UTF-8; the header leaves with the first.

    So if the database is away the answer says that, and no file begins.
    """
    head = BYTE_ORDER_MARK.encode() + _lines([COLUMNS])
    for batch in batches:
        yield head + _lines(_row(each) for each in batch)
        head = b""
    if head:
        yield head


def _row(listed: ActiveUser) -> Sequence[str]:
    user, seen = listed.user, listed.activity.last_sign_in_at
    return (
        str(user.id),
        guarded(user.email),
        guarded(user.name),
        _flag(user.email_verified),
        user.role,
        _flag(user.banned),
        guarded(user.ban_reason or ""),
        iso(user.ban_expires) if user.ban_expires else "",
        iso(user.created_at),
        iso(user.updated_at),
        iso(seen) if seen else "",
    )


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    written = StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(rows)
    return written.getvalue().encode()
