"""Small pieces of HTML for gr.Markdown. Everything that comes from outside is escaped here."""

from html import escape

from panel import query

Html = str
"""HTML that may be put into a page as it is."""


def text(value: str) -> Html:
    """Escape for HTML inside Markdown, where a blank line would end the HTML and $ begin TeX."""
    return escape(" ".join(value.split())).replace("$", "&#36;")


def short(value: str, most: int = 80) -> Html:
    """Escape, and cut what is too long to be read in a list."""
    value = " ".join(value.split())
    return text(value if len(value) <= most else f"{value[: most - 1]}…")


def isolated(value: str, most: int = 80) -> Html:
    """Escape what people chose; written right to left, it must not turn the line around it."""
    return f"<bdi>{short(value, most)}</bdi>"


def link(words: Html, page: str, **parameters: str) -> Html:
    """Return a link to a page of the panel: `link("Ada", "users", id="…")`."""
    return f"<a href='{escape(query.address(page, **parameters))}'>{words}</a>"


def heading(title: str, lead: str) -> Html:
    """Return a page's title and the sentence below it."""
    return f"<h1>{text(title)}</h1><p class='lead'>{text(lead)}</p>"


def badge(words: str, mood: str = "") -> Html:
    """Return a word in a coloured pill; `mood` is good, turn (a warning), bad or nothing."""
    return f"<span class='badge {mood}'>{text(words)}</span>"


def empty(words: str, hint: str = "") -> Html:
    """Return what stands in an empty place: what is not there, and what to do."""
    more = f"<p class='soft'>{text(hint)}</p>" if hint else ""
    return f"<div class='card empty'><p>{text(words)}</p>{more}</div>"


def alert(words: str) -> Html:
    """Return a sentence about what went wrong, read out as soon as it is there."""
    return f"<p class='told bad' role='alert'>{text(words)}</p>"


def pairs(rows: list[tuple[str, Html]]) -> Html:
    """Return names and what belongs to them, as a table of two columns."""
    cells = "".join(f"<tr><th scope='row'>{text(name)}</th><td>{it}</td></tr>" for name, it in rows)
    return f"<table class='pairs'>{cells}</table>"


def here(page: str, **parameters: str) -> Html:
    """Return where a list has got to; the page's address follows it (panel.js).

    In a div: with a link in front, Markdown would read what follows on the line as Markdown.
    """
    return f"<div><a class='here' href='{escape(query.address(page, **parameters))}'></a></div>"
