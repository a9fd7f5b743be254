"""The query parameters of the panel's pages: `/admin/users?id=…`.

The browser sends the page's query with every event. Only the parameters and characters allowed here
get through, so pages need not validate them again; they are still untrusted text. What is refused
is named, so that no page shows everything as if it were what a link asked for.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

SIGN_IN, SIGN_OUT, HOME = "/admin/login", "/admin/logout", "/admin/"
SECOND_STEP = "/admin/login/second-step"
PASSKEY = "/admin/login/passkey"
PROVIDER = "/admin/login/provider"
ACCOUNT = "/admin/account"
FIRST_ADMIN = "/admin/first-admin"
USERS_CSV = "/admin/users.csv"

_WORD = re.compile(r"[A-Za-z0-9._:@+-]{1,200}")
_PHRASE = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_SAFE = {
    **dict.fromkeys(("id", "user", "requestId", "cursor"), _WORD),
    **dict.fromkeys(("role", "banned", "verified", "anonymous"), _WORD),
    **dict.fromkeys(("sortBy", "sortDirection", "offset"), _WORD),
    "address": re.compile(r"[A-Za-z0-9._:@+/-]{1,200}"),
    "kind": re.compile(r"[a-z_,]{1,1200}"),
    **dict.fromkeys(("search", "browser", "email", "from", "to"), _PHRASE),
}
REFUSED = "refused"
"""The parameter that names those of which a value was refused."""
_NAME = "|".join(_SAFE)
_SAFE[REFUSED] = re.compile(rf"(?:{_NAME})(?:,(?:{_NAME}))*")
_LONGEST = 2000
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def parse_query(query: bytes) -> dict[str, str]:
    """Return the allowed parameters, the last of each name, and under REFUSED the others' names."""
    known = dict(pair for pair in parse_qsl(query.decode("latin-1")) if pair[0] in _SAFE)
    allowed = {name: value for name, value in known.items() if _SAFE[name].fullmatch(value)}
    if len(query) > _LONGEST:
        allowed = {}
    refused = [name for name in known if name not in allowed and name != REFUSED]
    return allowed | ({REFUSED: ",".join(refused)} if refused else {})


def is_readable(parameters: Mapping[str, str]) -> bool:
    """Tell whether a page's address can hold these parameters; empty ones are left out."""
    held = {name: value for name, value in parameters.items() if value}
    return parse_query(encode_query(held).encode()) == held


def unused(query: Mapping[str, str], used: Mapping[str, str]) -> list[str]:
    """Return which parameters of a page's query were refused, or differ from those it uses."""
    names = query[REFUSED].split(",") if REFUSED in query else []
    return names + [name for name, value in query.items() if used.get(name, value) != value]


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
