"""The page a visitor asked for, kept while they sign in.

Only the panel's own pages with the parameters they know get through, rebuilt from what was read, so
no link can send anyone to another site (ASVS 3.7.2).
"""

from starlette.types import Scope

from panel.server import paths
from panel.ui import urls

FIELD = "next"
"""The parameter of the sign-in page, and the field of its form."""
_JUST_SIGNED_IN = "tried=1"


def return_path(text: str) -> str:
    """Return the page that a path with a query names; the first page if it names none."""
    path, _, query = text.partition("?")
    if not (paths.is_page(path) or path == urls.ACCOUNT) or path == "/admin":
        return urls.HOME
    kept = urls.encode_query(urls.parse_query(query.encode("ascii", "ignore")))
    return f"{path}?{kept}" if kept else path


def requested_page(scope: Scope) -> str:
    """Return the page that a request names."""
    return return_path(f"{scope['path']}?{scope['query_string'].decode('latin-1')}")


def sign_in_url(target: str, why: str = "", provider: str = "") -> str:
    """Return the address of the sign-in page, from which `target` opens."""
    target = "" if target == urls.HOME else target
    parameters = {"why": why, "provider": provider, FIELD: target}
    query = urls.encode_query({name: value for name, value in parameters.items() if value})
    return f"{urls.SIGN_IN}?{query}" if query else urls.SIGN_IN


def account_url(target: str) -> str:
    """Return the address of the account's page, from which `target` opens afterwards."""
    query = urls.encode_query({} if target == urls.HOME else {FIELD: target})
    return f"{urls.ACCOUNT}?{query}" if query else urls.ACCOUNT


def after_sign_in(target: str) -> str:
    """Return the address to open after a sign-in; `just_signed_in` recognizes it."""
    return f"{target}{'&' if '?' in target else '?'}{_JUST_SIGNED_IN}"


def just_signed_in(scope: Scope) -> bool:
    """Tell whether a request follows a sign-in."""
    return _JUST_SIGNED_IN.encode() in scope["query_string"].split(b"&")
