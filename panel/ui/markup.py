"""Small pieces of HTML for gr.Markdown. What is put into them is escaped by construction."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import markupsafe

from panel.ui import urls

_IN_MARKDOWN = str.maketrans({"$": "&#36;", "\n": "&#10;", "\r": "&#13;"})


class Markup(markupsafe.Markup):
    """HTML inside Markdown, where a blank line would end the HTML and $ begin TeX.

    `Markup("<b>{}</b>").format(name)` and `join` escape all that is not Markup itself, and fold its
    white space. Made of literals only (ruff's S704 holds that), never of an f-string.
    """

    __slots__ = ()

    @classmethod
    def escape(cls, s: Any, /) -> Self:
        """Return text as Markup, its white space folded; what is Markup already stays as it is."""
        if hasattr(s, "__html__"):
            return cls(s)
        return cls(verbatim(" ".join(str(s).split())))


FIGURE = Markup("<div class='figure {}'><span>{}</span><b>{}</b></div>")
"""A number that matters: its mood (as a badge's), what it counts, and the number."""


def verbatim(value: str) -> Markup:
    """Escape, and keep white space as it is, for where the style sheet shows it."""
    return Markup(str(markupsafe.escape(value)).translate(_IN_MARKDOWN))  # noqa: S704  escaped


def short(value: str, most: int = 80) -> str:
    """Cut what is too long to be read in a list."""
    value = " ".join(value.split())
    return value if len(value) <= most else f"{value[: most - 1]}…"


def isolate(value: str, most: int = 80) -> Markup:
    """Return what people chose; written right to left, it must not turn the line around it."""
    return Markup("<bdi>{}</bdi>").format(short(value, most))


def link(words: str, page: str, **parameters: str) -> Markup:
    """Return a link to a page of the panel: `link("Ada", "users", id="…")`."""
    return Markup("<a href='{}'>{}</a>").format(urls.page_url(page, **parameters), words)


def heading(title: str, lead: str) -> Markup:
    """Return a page's title and the sentence below it."""
    return Markup("<h1>{}</h1><p class='lead'>{}</p>").format(title, lead)


def soft(words: str) -> Markup:
    """Return a paragraph that stays in the background."""
    return Markup("<p class='soft'>{}</p>").format(words)


def badge(words: str, severity: str = "") -> Markup:
    """Return a word in a coloured pill; `severity` is good, warn, bad or nothing."""
    return Markup("<span class='badge {}'>{}</span>").format(severity, words)


def empty(words: str, hint: str = "") -> Markup:
    """Return what stands in an empty place: what is not there, and what to do."""
    more = soft(hint) if hint else ""
    return Markup("<div class='card empty'><p>{}</p>{}</div>").format(words, more)


def alert(words: str) -> Markup:
    """Return a sentence about what went wrong, read out as soon as it is there."""
    return Markup("<p class='told bad' role='alert'>{}</p>").format(words)


def format_rows(template: Markup, rows: Iterable[Sequence[Any]]) -> Markup:
    """Return a template filled in with each row, one after the other."""
    return Markup().join(template.format(*row) for row in rows)


def pairs(rows: Iterable[tuple[str, str]]) -> Markup:
    """Return names and what belongs to them, as a table of two columns."""
    cells = format_rows(Markup("<tr><th scope='row'>{}</th><td>{}</td></tr>"), rows)
    return Markup("<table class='pairs'>{}</table>").format(cells)


def see_also(title: str, links: Iterable[Markup]) -> Markup:
    """Return where more is to be found of what a page shows."""
    listed = format_rows(Markup("<li>{}</li>"), ((each,) for each in links))
    return Markup("<h2>{}</h2><ul class='see'>{}</ul>").format(title, listed)


def code_block(content: str, language: str = "") -> Markup:
    """Return a text with a button that copies it: Markdown gives one to what stands in a fence.

    Nothing is escaped in there but by Markdown itself, so the text must not hold the fence.
    """
    fence = "`" * 4
    text = content.rstrip().replace(fence, "")
    return Markup(f"\n\n{fence}{language}\n{text}\n{fence}\n\n")  # noqa: S704  Markdown escapes it


def here(page: str, **parameters: str) -> Markup:
    """Return where a list has got to; the page's address follows it (panel.js).

    In a div: with a link in front, Markdown would read what follows on the line as Markdown.
    """
    there = urls.page_url(page, **parameters)
    return Markup("<div><a class='here' href='{}'></a></div>").format(there)
