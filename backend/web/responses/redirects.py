"""Redirects after a link was opened: to the requested page, with the outcome in its query.

Every target has been checked already (`TrustedOrigins.allows_target`).
"""

from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from backend.kernel.refusals import Refusal
from backend.web.responses.responses import header_safe


def with_parameter(target: str, name: str, value: str) -> str:
    """Append a parameter to a path or URL, which is not changed otherwise."""
    parts = urlsplit(target)
    query = f"{parts.query}&" if parts.query and not parts.query.endswith("&") else parts.query
    return parts._replace(query=query + urlencode({name: value})).geturl()


def to_absolute_url(base_url: str, target: str, name: str, value: str) -> str:
    """Resolve a path against our URL and set a parameter, replacing any of the same name."""
    parts = urlsplit(urljoin(f"{base_url}/", target))
    query = parse_qsl(parts.query, keep_blank_values=True)
    index = next((at for at, (key, _) in enumerate(query) if key == name), len(query))
    others = [pair for pair in query if pair[0] != name]
    pairs = [*others[:index], (name, value), *others[index:]]
    return parts._replace(query=urlencode(pairs)).geturl()


def redirect_refusal(target: str) -> Refusal:
    """Refuse by redirecting to a page that shows the reason; the transaction is rolled back."""
    return Refusal(None, status=302, headers={"location": header_safe(target)})
