"""All users as a CSV file for a spreadsheet (RFC 4180)."""

import csv
from collections.abc import Generator, Iterable, Sequence
from io import StringIO

from backend.features.admin.user_listing import ActiveUser
from backend.kernel.csv_cells import BYTE_ORDER_MARK, escape_formula
from backend.kernel.timestamps import format_timestamp

COLUMNS = (
    "id",
    "email",
    "name",
    "emailVerified",
    "username",
    "displayUsername",
    "twoFactorEnabled",
    "isAnonymous",
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


def render_csv(batches: Iterable[Sequence[ActiveUser]]) -> Generator[bytes, None, None]:
    """Render each batch as it comes, in UTF-8; the header goes with the first.

    If the database is away, the response is an error rather than the start of a file.
    """
    header = BYTE_ORDER_MARK.encode() + _render_lines([COLUMNS])
    for batch in batches:
        yield header + _render_lines(_render_row(each) for each in batch)
        header = b""
    if header:
        yield header


def _render_row(listed: ActiveUser) -> Sequence[str]:
    user, last_sign_in_at = listed.user, listed.activity.last_sign_in_at
    return (
        str(user.id),
        escape_formula(user.email),
        escape_formula(user.name),
        _format_bool(user.email_verified),
        user.username or "",
        escape_formula(user.display_username or ""),
        _format_bool(user.two_factor_enabled),
        _format_bool(user.is_anonymous),
        user.role,
        _format_bool(user.banned),
        escape_formula(user.ban_reason or ""),
        format_timestamp(user.ban_expires) if user.ban_expires else "",
        format_timestamp(user.created_at),
        format_timestamp(user.updated_at),
        format_timestamp(last_sign_in_at) if last_sign_in_at else "",
    )


def _format_bool(value: bool) -> str:
    return "true" if value else "false"


def _render_lines(rows: Iterable[Sequence[str]]) -> bytes:
    buffer = StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows(rows)
    return buffer.getvalue().encode()
