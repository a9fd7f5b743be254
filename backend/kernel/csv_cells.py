"""Cells of CSV files that a spreadsheet may open."""

import re

BYTE_ORDER_MARK = "\ufeff"
"""Starts a file: without it spreadsheets read UTF-8 in the code page of the local language."""

# What spreadsheets skip before a formula, and the full-width signs that some treat alike.
# Leading quotation marks count too, so that `unescape_formula` removes only what was added.
_FORMULA = re.compile(
    r"'*(?:[\t\r\n]|[\s\x00-\x1f\x7f-\xa0\ufeff\u200b-\u200f\u2060]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
)


def escape_formula(text: str) -> str:
    """Return a text that a spreadsheet shows and does not evaluate.

    Users choose their names and addresses, and admins open the file: a cell that begins like a
    formula gets a quotation mark in front (OWASP, CSV injection; ASVS 1.2.10).
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """Undo `escape_formula`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text
