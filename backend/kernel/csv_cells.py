"""Cells of CSV files that a spreadsheet may open."""

import re

BYTE_ORDER_MARK = "\ufeff"
"""In front of a file: without it a spreadsheet takes UTF-8 for the code page of its country."""

# What spreadsheets skip in front of a formula; and the signs of a full-width keyboard, which some
# read alike. Quotation marks count, so that what `guarded` did can be told from what was there.
_FORMULA = re.compile(
    r"'*(?:[\t\r\n]|[\s\x00-\x1f\x7f-\xa0\ufeff\u200b-\u200f\u2060]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
)


def guarded(text: str) -> str:
    """Return a text that a spreadsheet shows instead of computing it.

    Users choose their names and addresses, and whoever opens the file is an admin: a cell that
    begins like a formula gets a quotation mark in front (OWASP, CSV injection; ASVS 1.2.10).
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """Return what a cell held before it was `guarded`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text
