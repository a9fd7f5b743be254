"""Who opens a link: a script of the page, the browser that asked for it, or anybody.

Mail scanners open every link, and what opens it first must not use it up (decision 0032). All that
is known of a request are its headers; where they leave a doubt, it is no script: a person then has
to press a button, which loses nothing.
"""

from collections.abc import Mapping

from backend.web.edge.origins import TrustedOrigins, find_source

_PAGE_DESTINATIONS = frozenset({b"", b"empty"})
_SCRIPT_MODES = frozenset({b"", b"cors", b"same-origin"})


def is_prefetch(headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a browser only prepares for a click that may never come."""
    names = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
    return any(b"pre" in headers.get(name, b"").lower() for name in names)


def is_script(headers: Mapping[bytes, bytes], origins: TrustedOrigins) -> bool:
    """Tell whether the `fetch` of a trusted page opens the link, as the client's `verify` does.

    A page cannot forge Sec-Fetch-*, Origin or Referer, and a click sends no Origin. A program that
    is no browser says with `Accept: application/json` what it wants; libraries that add `*/*` of
    their own accord say nothing.
    """
    accept, site = headers.get(b"accept", b""), headers.get(b"sec-fetch-site", b"")
    if b"text/html" in accept or headers.get(b"sec-fetch-dest", b"") not in _PAGE_DESTINATIONS:
        return False
    if headers.get(b"sec-fetch-mode", b"") not in _SCRIPT_MODES:
        return False
    if source := find_source(headers):
        return origins.trusts(source.decode("latin-1"))
    if site:
        return site == b"same-origin"
    return accept.strip() == b"application/json"
