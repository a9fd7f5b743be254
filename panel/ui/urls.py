"""The query parameters of the panel's pages: `/admin/users?id=…`.

The browser sends the page's query with every event. Only the parameters and characters allowed here
get through, so pages need not validate them again; they are still untrusted text.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

SIGN_IN, SIGN_OUT, HOME = "/admin/login", "/admin/logout", "/admin/"
USERS_CSV = "/admin/users.csv"

_WORD = re.compile(r"[A-Za-z0-9._:@+-]{1,200}")
_PHRASE = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_SAFE = {
    **dict.fromkeys(("id", "user", "requestId", "cursor"), _WORD),
    **dict.fromkeys(("role", "banned", "verified", "sortBy", "sortDirection", "offset"), _WORD),
    "address": re.compile(r"[A-Za-z0-9._:@+/-]{1,200}"),
    "kind": re.compile(r"[a-z_,]{1,800}"),
    **dict.fromkeys(("search", "browser", "email", "from", "to"), _PHRASE),
}
_LONGEST = 2000
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def parse_query(query: bytes) -> dict[str, str]:
    """Return the allowed parameters, the last of each name."""
    if len(query) > _LONGEST:
        return {}
    pairs = parse_qsl(query.decode("latin-1"))
    return {name: value for name, value in pairs if _is_safe(name, value)}


def encode_query(parameters: Mapping[str, str]) -> str:
    """Return a query string without its question mark."""
    return urlencode(parameters, quote_via=quote)


def page_url(page: str, **parameters: str) -> str:
    """Return a page's address with its query: `page_url("users", id="…")`."""
    query = encode_query({name: value for name, value in parameters.items() if value})
    return f"/admin/{page}?{query}" if query else f"/admin/{page}"


def is_id(text: str) -> bool:
    """Tell whether a text has the form of an id."""
    return _ID.fullmatch(text) is not None


def _is_safe(name: str, value: str) -> bool:
    pattern = _SAFE.get(name)
    return pattern is not None and pattern.fullmatch(value) is not None
