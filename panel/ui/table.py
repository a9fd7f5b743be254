"""A list as a table that everybody can read: by eye, by keyboard, by ear, on a phone.

The server sends one page of it. A row is opened by the link in its first cell, which covers the
row; on a phone each row folds into a card, and nothing scrolls sideways.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from panel.ui.markup import Markup, empty, format_rows


@dataclass(frozen=True)
class Column:
    """A column. `wide` gets what the others leave; `number` is set flush right."""

    title: str
    wide: bool = False
    number: bool = False


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    caption: str,
    nothing: str,
    hint: str = "",
) -> Markup:
    """Return the table, or a card that says `nothing` and, as `hint`, what to do about it.

    A cell is text, or Markup. `caption` is read out only.
    """
    if not rows:
        return empty(nothing, hint)
    titles = ((_kind(each), each.title) for each in columns)
    head = format_rows(Markup("<th scope='col'{}>{}</th>"), titles)
    body = Markup().join(_row(columns, row) for row in rows)
    return Markup(
        "<table class='list'><caption>{}</caption>"
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
    ).format(caption, head, body)


def _row(columns: Sequence[Column], row: Sequence[str]) -> Markup:
    named = ((_kind(column), column.title, cell) for column, cell in zip(columns, row, strict=True))
    cells = format_rows(Markup("<td{}><span class='name'>{}</span>{}</td>"), named)
    return Markup("<tr>{}</tr>").format(cells)


def _kind(column: Column) -> Markup:
    if column.wide:
        return Markup(" class='wide'")
    return Markup(" class='number'") if column.number else Markup()
