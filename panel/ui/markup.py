"""Small pieces of HTML for gr.Markdown; values put into them are always escaped."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Self

import markupsafe

from panel.ui import urls

_BREAKS = re.compile(r"(?<=[@._:/])(?=\w)")
_MARKDOWN_ESCAPES = str.maketrans({"$": "&#36;", "\n": "&#10;", "\r": "&#13;"})


class Markup(markupsafe.Markup):
    """HTML inside Markdown, where a blank line would end the HTML and $ would start TeX.

    `Markup("<b>{}</b>").format(name)` and `join` escape everything that is not
    Markup, and fold its white space. Built from literals only (ruff's S704), never from f-strings.
    """

    __slots__ = ()

    @classmethod
    def escape(cls, s: Any, /) -> Self:
        """Escape text and fold its white space; Markup is returned unchanged."""
        if hasattr(s, "__html__"):
            return cls(s)
        return cls(verbatim(" ".join(str(s).split())))


FIGURE = Markup("<div class='figure {}'><span>{}</span><b>{}</b></div>")
"""A key figure: its severity (as for a badge), its label and the number."""


def verbatim(value: str) -> Markup:
    """Escape, but keep white space, for elements whose style preserves it."""
    return Markup(str(markupsafe.escape(value)).translate(_MARKDOWN_ESCAPES))  # noqa: S704  escaped


def shorten(value: str, most: int = 80) -> str:
    """Truncate text that is too long for a list."""
    value = " ".join(value.split())
    return value if len(value) <= most else f"{value[: most - 1]}…"


def isolate(value: str, most: int = 80) -> Markup:
    """Wrap user-supplied text, so that right-to-left text cannot reorder the line around it."""
    return Markup("<bdi>{}</bdi>").format(shorten(value, most))


def breakable(address: str) -> Markup:
    """Isolate an e-mail or IP address that breaks, in a narrow column, between its parts."""
    return Markup("<bdi>{}</bdi>").format(Markup("<wbr>").join(_BREAKS.split(shorten(address))))


def strong(value: str) -> Markup:
    """Return user-supplied text in bold, isolated."""
    return Markup("<b>{}</b>").format(isolate(value))


def link(text: str, page: str, **parameters: str) -> Markup:
    """Return a link to a page of the panel: `link("Ada", "users", id="…")`."""
    return Markup("<a href='{}'>{}</a>").format(urls.page_url(page, **parameters), text)


def heading(title: str, lead: str) -> Markup:
    """Return a page's title and the lead below it."""
    return Markup("<h1>{}</h1><p class='lead'>{}</p>").format(title, lead)


def soft(text: str) -> Markup:
    """Return a paragraph in muted colour."""
    return Markup("<p class='soft'>{}</p>").format(text)


def badge(text: str, severity: str = "") -> Markup:
    """Return a coloured pill; `severity` is good, warn, bad or empty."""
    return Markup("<span class='badge {}'>{}</span>").format(severity, text)


def empty_state(text: str, hint: str = "") -> Markup:
    """Return the card shown in place of an empty list, with a hint what to do."""
    more = soft(hint) if hint else ""
    return Markup("<div class='card empty'><p>{}</p>{}</div>").format(text, more)


def loading_state(text: str) -> Markup:
    """Return the card shown until a list has come; panel.js changes it if none comes."""
    return Markup("<div class='card loading' role='status'><p>{}</p></div>").format(text)


def alert(text: str) -> Markup:
    """Return an error message, announced by screen readers at once."""
    return Markup("<p class='note bad' role='alert'>{}</p>").format(text)


def format_rows(template: Markup, rows: Iterable[Sequence[Any]]) -> Markup:
    """Format a template with each row, and join the results."""
    return Markup().join(template.format(*row) for row in rows)


def pairs(rows: Iterable[tuple[str, str]]) -> Markup:
    """Return names and values as a table of two columns."""
    cells = format_rows(Markup("<tr><th scope='row'>{}</th><td>{}</td></tr>"), rows)
    return Markup("<table class='pairs'>{}</table>").format(cells)


def see_also(title: str, links: Iterable[Markup]) -> Markup:
    """Return a list of links to related pages."""
    items = format_rows(Markup("<li>{}</li>"), ((each,) for each in links))
    return Markup("<h2>{}</h2><ul class='see'>{}</ul>").format(title, items)


def code_block(content: str, language: str = "") -> Markup:
    """Return a fenced code block, to which Gradio's Markdown adds a copy button.

    Only Markdown escapes its content, so the text must not contain the fence.
    """
    fence = "`" * 4
    text = content.rstrip().replace(fence, "")
    return Markup(f"\n\n{fence}{language}\n{text}\n{fence}\n\n")  # noqa: S704  Markdown escapes it


def list_location(page: str, **parameters: str) -> Markup:
    """Return the hidden link whose target panel.js puts into the address bar.

    In a div: after a bare link, Markdown would parse the rest of the line.
    """
    url = urls.page_url(page, **parameters)
    return Markup("<div><a class='location' href='{}'></a></div>").format(url)
