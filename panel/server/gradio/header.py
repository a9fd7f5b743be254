"""The header of every page: the pages, who is signed in, and the way out.

It comes with the page. Gradio's own navigation comes with its scripts, pushes the page down, and on
a phone is wider than the screen.
"""

from panel.pages import PAGES
from panel.ports import PanelSettings
from panel.server import static_files
from panel.server.sign_in.plain_pages import key_warning
from panel.ui import words
from panel.ui.markup import Markup, format_rows
from panel.ui.urls import ACCOUNT, SIGN_OUT

_HEADER = Markup(
    "<header id='header'><img src='{}' alt='' width='28' height='28'>"
    "<nav aria-label='{}'>{}</nav><p class='identity'><b>{}</b> <a href='{}'>{}</a></p>"
    "<form method='post' action='{}'><button id='sign-out'>{}</button></form></header>{}"
    "<p id='loading' role='status'>{}</p>"
)
_LINK = Markup("<a href='/admin/{}'{}>{}</a>")
_CURRENT = Markup(" aria-current='page'")


def render_header(path: str, settings: PanelSettings, email: str) -> Markup:
    """Return the header of the page at a path, and what stands below it until the page has come."""
    links = format_rows(
        _LINK,
        (
            (page.slug, _CURRENT if path == f"/admin/{page.slug}" else Markup(), page.title)
            for page in PAGES
        ),
    )
    warning = key_warning(settings)
    return _HEADER.format(
        static_files.ICON,
        words.PAGES,
        links,
        settings.app_name,
        ACCOUNT,
        email,
        SIGN_OUT,
        words.LEAVE,
        Markup("<p class='warning' role='note'>{}</p>").format(warning) if warning else Markup(),
        words.LOADING,
    )
