"""The documentation page: Swagger UI, served from our own origin under a strict CSP.

Its files come from the package fastapi-swagger, which contains swagger-ui-dist unchanged.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from markupsafe import Markup

_FILES = {
    "swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
    "swagger-ui.css": b"text/css; charset=utf-8",
    "favicon-32x32.png": b"image/png",
}

_PAGE = Markup("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%(name)s API</title>
<link rel="icon" href="%(icon)s"><link rel="stylesheet" href="%(style)s"></head>
<body><div id="docs"></div>
<noscript>This page needs JavaScript; <a href="/openapi.json">the document</a> does not.</noscript>
<script nonce="%(nonce)s" src="%(script)s"></script>
<script nonce="%(nonce)s">
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#docs", deepLinking: true, displayRequestDuration: true,
  tryItOutEnabled: true, defaultModelsExpandDepth: 0, validatorUrl: null,
});
</script>
</body></html>
""")


@dataclass(frozen=True)
class Asset:
    """One file of the page, also compressed: the script is 1.7 MB, or a third of that."""

    plain: bytes
    zipped: bytes
    media_type: bytes


@cache
def assets() -> dict[str, Asset]:
    """Return the page's files by names that contain a hash of their content."""
    folder = resources.files("fastapi_swagger.resources")
    files = {}
    for name, media_type in _FILES.items():
        plain = folder.joinpath(name).read_bytes()
        digest = hashlib.sha256(plain).hexdigest()[:12]
        files[f"{digest}-{name}"] = Asset(plain, gzip.compress(plain, mtime=0), media_type)
    return files


def docs_page(name: str, nonce: str) -> str:
    """Return the page; `nonce` is new for each answer and stands in its policy too."""
    script, style, icon = (f"/docs/assets/{each}" for each in assets())
    return _PAGE % {"name": name, "nonce": nonce, "script": script, "style": style, "icon": icon}


def policy(nonce: str) -> str:
    """Return the page's CSP: our own files only, and no script without the nonce."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
