"""A list as a table that everybody can read: by eye, by keyboard, by ear, on a phone.

The server sends one page of it. A row is opened by the link in its first cell, which covers the
row; on a phone each row folds into a card, and nothing scrolls sideways.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from panel.markup import Html, empty, text


@dataclass(frozen=True)
class Column:
    """A column. `wide` gets what the others leave; `number` is set flush right."""

    title: str
    wide: bool = False
    number: bool = False


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Html]],
    *,
    caption: str,
    nothing: str,
    hint: str = "",
) -> Html:
    """Return the table, or a card that says `nothing` and, as `hint`, what to do about it.

    Cells are HTML: what comes from outside goes through panel.markup. `caption` is read out only.
    """
    if not rows:
        return empty(nothing, hint)
    head = "".join(f"<th scope='col'{_kind(each)}>{text(each.title)}</th>" for each in columns)
    body = "".join(_row(columns, row) for row in rows)
    return (
        f"<table class='list'><caption>{text(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(columns: Sequence[Column], row: Sequence[Html]) -> Html:
    cells = "".join(
        f"<td{_kind(column)}><span class='name'>{text(column.title)}</span>{cell}</td>"
        for column, cell in zip(columns, row, strict=True)
    )
    return f"<tr>{cells}</tr>"


def _kind(column: Column) -> str:
    kinds = [name for name in ("wide", "number") if getattr(column, name)]
    return f" class='{' '.join(kinds)}'" if kinds else ""
