"""The landing page's HTML: no script, one style sheet inside."""

import base64
import hashlib

from markupsafe import Markup

from backend.kernel.settings import Settings

_STYLE = Markup("""
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  box-sizing: border-box; background: Canvas; color: CanvasText; }
main { max-width: 34rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
p.error { border-left: 4px solid #c0392b; padding: .5rem 1rem; }
code { font-family: ui-monospace, monospace; }
ul { padding-left: 1.2rem; }
""")
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

_PAGE = Markup("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%(name)s</title><style>%(style)s</style></head>
<body><main>
%(error)s
<h1>%(name)s</h1>
<p>This is an authentication server. Applications talk to it; people sign in there.</p>
<ul>%(links)s<li><a href="/health">Health</a></li></ul>
</main></body></html>
""")
_ERROR = Markup(
    '<p class="error">That link did not work: <code>{}</code>. '
    "Ask for a new one where you came from.</p>"
)
_PANEL = Markup('<li><a href="/admin/">Panel</a>, for the owner</li>')
_DOCS = Markup('<li><a href="/docs">API documentation</a></li>')


def landing_page(settings: Settings, error: str | None) -> str:
    """Render the page; `error` is a checked code, shown after a broken link."""
    links = [_PANEL] if settings.panel else []
    links += [_DOCS] if settings.docs else []
    return _PAGE % {
        "name": settings.app_name,
        "style": _STYLE,
        "error": _ERROR.format(error) if error else "",
        "links": Markup().join(links),
    }
