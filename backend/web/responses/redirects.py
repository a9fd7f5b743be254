"""Redirects after a link was opened: to the requested page, with the outcome in its query.

Every target has been checked already (`TrustedOrigins.allows_target`).
"""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from backend.kernel.refusals import Refusal
from backend.web.responses.responses import Response, header_safe


def with_parameter(target: str, name: str, value: str) -> str:
    """Append a parameter to a path or URL, which is not changed otherwise."""
    query = urlsplit(target).query
    separator = "&" if query and not query.endswith("&") else ""
    return _replace_query(target, f"{query}{separator}{urlencode({name: value})}")


def resolve_target(base_url: str, target: str) -> str:
    """Resolve a path against our URL, as JavaScript's `new URL(target, baseURL)` does."""
    url = urljoin(f"{base_url}/", target)
    parts = urlsplit(url)
    is_bare = parts.scheme in {"http", "https"} and not parts.path
    return parts._replace(path="/").geturl() if is_bare else url


def to_absolute_url(base_url: str, target: str, name: str, value: str) -> str:
    """Resolve a path against our URL and set a parameter, replacing any of the same name."""
    url = resolve_target(base_url, target)
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    index = next((at for at, (key, _) in enumerate(query) if key == name), len(query))
    others = [pair for pair in query if pair[0] != name]
    pairs = [*others[:index], (name, value), *others[index:]]
    return _replace_query(url, urlencode(pairs))


def opens_app(target: str) -> bool:
    """Tell whether a target is a link into an app, and no page."""
    scheme, separator, _ = target.partition("://")
    return bool(separator) and scheme not in {"http", "https"}


def hand_cookies_to_app(response: Response, others: Sequence[str] = ()) -> Response:
    """Add the cookies of a redirect to it if it opens an app, as Better Auth's `expo` plug-in does.

    `others` are cookies that are set beside those of the response.

    The browser that followed the mailed link keeps cookies for itself. The app is trusted: its
    scheme is in FRONTEND_URL.
    """
    location = response.headers.get("location", "")
    lines = [*response.cookies, *others]
    if opens_app(location) and lines:
        cookies = ", ".join(lines)
        response.headers["location"] = to_absolute_url("", location, "cookie", cookies)
    return response


def redirect_refusal(target: str) -> Refusal:
    """Refuse by redirecting to a page that shows the reason; the transaction is rolled back."""
    return Refusal(None, status=302, headers={"location": header_safe(target)})


def _replace_query(url: str, query: str) -> str:
    # urlunsplit would make myapp:/ of myapp://, which opens nothing.
    before, hash_sign, fragment = url.partition("#")
    return f"{before.partition('?')[0]}?{query}{hash_sign}{fragment}"
