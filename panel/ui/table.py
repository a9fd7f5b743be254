"""Lists as accessible tables.

The link in a row's first cell covers the whole row. On a phone each row becomes a card, and nothing
scrolls sideways.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from panel.ui.markup import Markup, empty_state, format_rows


@dataclass(frozen=True)
class Column:
    """A column; a `wide` one gets more room."""

    title: str
    wide: bool = False


def render_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    caption: str,
    empty_text: str,
    hint: str = "",
) -> Markup:
    """Return the table, or without rows a card with `empty_text` and `hint`.

    A cell is text or Markup. `caption` is for screen readers.
    """
    if not rows:
        return empty_state(empty_text, hint)
    titles = ((_class_attribute(each), each.title) for each in columns)
    head = format_rows(Markup("<th scope='col'{}>{}</th>"), titles)
    body = Markup().join(_row(columns, row) for row in rows)
    return Markup(
        "<table class='list'><caption>{}</caption>"
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
    ).format(caption, head, body)


def _row(columns: Sequence[Column], row: Sequence[str]) -> Markup:
    cells = (
        (_class_attribute(column), column.title, cell)
        for column, cell in zip(columns, row, strict=True)
    )
    html = format_rows(Markup("<td{}><span class='name'>{}</span>{}</td>"), cells)
    return Markup("<tr>{}</tr>").format(html)


def _class_attribute(column: Column) -> Markup:
    return Markup(" class='wide'") if column.wide else Markup()
