"""Reading the Cookie header of a request."""

from urllib.parse import unquote

_MAX_COOKIES_PER_NAME = 5
"""Further cookies of one name are ignored. A browser sends one for each domain and path that has
set it; a header full of them must not cause a flood of signature checks and queries."""


def find_cookie(header: bytes, name: str) -> str | None:
    """Return the first cookie of this name in a Cookie header, or None."""
    return next(iter(find_cookies(header, name)), None)


def find_cookies(header: bytes, name: str) -> list[str]:
    """Return the different cookies of this name in a Cookie header, at most the first few.

    `http.cookies` would not do: one foreign cookie such as x={"a":1} hides all the others. The
    order does not tell which cookie is the right one (RFC 6265, section 4.2.2).
    """
    encoded_name, values = name.encode(), []
    for part in header.split(b";"):
        key, equals, value = part.partition(b"=")
        if equals and key.strip() == encoded_name:
            values.append(value.strip().strip(b'"').decode("latin-1"))
    return values if len(values) < 2 else list(dict.fromkeys(values))[:_MAX_COOKIES_PER_NAME]


def unquote_value(raw: str) -> str:
    """Undo percent-encoding; `replace` is faster for the characters that signatures contain."""
    if "%" not in raw:
        return raw
    text = raw.replace("%3D", "=").replace("%2F", "/").replace("%2B", "+")
    return unquote(raw) if "%" in text else text
