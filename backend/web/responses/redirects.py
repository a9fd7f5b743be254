"""Where a browser is sent after a link: the page that was asked for, told how it went.

Every target that comes here has been checked (`TrustedOrigins.allows_target`).
"""

from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from backend.kernel.refusals import Refusal
from backend.web.responses.responses import header_safe


def with_parameter(target: str, name: str, value: str) -> str:
    """Add a parameter to a path or URL, which otherwise stays as it was written."""
    parts = urlsplit(target)
    query = f"{parts.query}&" if parts.query and not parts.query.endswith("&") else parts.query
    return parts._replace(query=query + urlencode({name: value})).geturl()


def resolved(base_url: str, target: str, name: str, value: str) -> str:
    """Make a path a URL of ours, and set a parameter in it, in place of any of the same name."""
    parts = urlsplit(urljoin(f"{base_url}/", target))
    query = parse_qsl(parts.query, keep_blank_values=True)
    place = next((at for at, (key, _) in enumerate(query) if key == name), len(query))
    others = [each for each in query if each[0] != name]
    changed = [*others[:place], (name, value), *others[place:]]
    return parts._replace(query=urlencode(changed)).geturl()


def sent_to(target: str) -> Refusal:
    """Refuse by sending the browser to a page that says why; nothing is stored."""
    return Refusal(None, status=302, headers={"location": header_safe(target)})
