"""The Domain of the session cookie: whether the server meant it, and what it opens."""

from collections.abc import Iterable

from doctor.client.set_cookie import SetCookie
from doctor.client.sites import SHARED_SUFFIXES

_OWN = "gatehouse."


def is_set_by_server(cookie: SetCookie, cookies: Iterable[SetCookie]) -> bool:
    """Tell whether a Domain comes from COOKIE_DOMAIN, given all cookies of the response.

    The server never gives the cookies of its own a Domain; a proxy changes all alike.
    """
    own = [each for each in cookies if each.name.removeprefix("__Secure-").startswith(_OWN)]
    return (
        "." in cookie.domain
        and cookie.domain not in SHARED_SUFFIXES
        and bool(own)
        and not any(each.domain for each in own)
    )


def describe_siblings(domain: str) -> str:
    """Return what an operator must know about a session that a whole domain shares."""
    return (
        f"COOKIE_DOMAIN sends the session cookie to every host below {domain}, and whoever runs "
        "one of them can act as its visitors. Make sure that all are yours, or unset it."
    )
