"""The page with the button that uses a link up (decision 0032).

The form has no action: it is sent to the page's own address, which a proxy in front may have
changed.
"""

import base64
import hashlib

from markupsafe import Markup

from backend.web.responses.responses import Response

_STYLE = Markup("""
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  box-sizing: border-box; background: Canvas; color: CanvasText; }
main { max-width: 26rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.3; margin: 0 0 .5rem; }
button { font: inherit; font-weight: 600; padding: .75rem 1.5rem; border: 0; border-radius: .5rem;
  background: #1d4ed8; color: #fff; cursor: pointer; }
button:focus-visible { outline: 3px solid; outline-offset: 3px; }
button:disabled { opacity: .6; cursor: progress; }
""")
# A second click would abort the response to the first, with its cookies.
_SCRIPT = Markup("""
document.forms[0].addEventListener("submit", (event) => { event.submitter.disabled = true; });
addEventListener("pageshow", () => { document.querySelector("button").disabled = false; });
""")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


# No form-action: browsers apply it to where the response redirects to as well, the frontend.
_POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-frame-options": "DENY",
    # With no-referrer the form would be sent with `Origin: null`, and be refused where browsers
    # send no Sec-Fetch-Site: without TLS. The token in the address does not go along either.
    "referrer-policy": "strict-origin",
}
MEDIA_TYPE = b"text/html; charset=utf-8"

_PAGE = Markup("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Sign in to %(app_name)s</title><style>%(style)s</style></head>
<body><main>
<h1>Sign in to %(app_name)s?</h1>
<p>You will be signed in as <strong>%(email)s</strong>.</p>
<form method="post"><button>Sign in</button></form>
<p>If you did not ask for this, or the address is not yours, close this page.</p>
</main><script>%(script)s</script></body></html>
""")


def render_page(app_name: str, email: str) -> Response:
    """Render the page for the owner of a mailbox."""
    parts = {"app_name": app_name, "email": email, "style": _STYLE, "script": _SCRIPT}
    return Response((_PAGE % parts).encode(), media_type=MEDIA_TYPE, headers=dict(HEADERS))
