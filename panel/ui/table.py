"""Lists as accessible tables.

The link in a row's first cell covers the whole row. Where the list is narrow, as on a phone, each
row becomes a card, and nothing scrolls sideways.
"""

from collections.abc import Sequence

from panel.ui.markup import Markup, empty_state, format_rows


def render_table(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    caption: str,
    empty_text: str,
    hint: str = "",
    wide: str | None = None,
) -> Markup:
    """Return the table, or without rows a card with `empty_text` and `hint`.

    A cell is text or Markup. The column titled `wide` gets more room. `caption` is for screen
    readers.
    """
    if not rows:
        return empty_state(empty_text, hint)
    classes = [Markup(" class='wide'") if title == wide else Markup() for title in titles]
    head = format_rows(Markup("<th scope='col'{}>{}</th>"), zip(classes, titles, strict=True))
    cell = Markup("<td{}><span class='name'>{}</span>{}</td>")
    lines = ((format_rows(cell, zip(classes, titles, row, strict=True)),) for row in rows)
    return Markup(
        "<div class='box-of-list'><table class='list'><caption>{}</caption>"
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(caption, head, format_rows(Markup("<tr>{}</tr>"), lines))
