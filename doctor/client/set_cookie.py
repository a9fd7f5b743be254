"""Set-Cookie headers, parsed and judged as browsers do (RFC 6265bis, sections 5.6 and 5.7)."""

from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from doctor.client.sites import SHARED_SUFFIXES, is_ip_address

_MAX_COOKIE_BYTES = 4096  # bytes of name and value together, section 5.6


@dataclass(frozen=True)
class SetCookie:
    """One Set-Cookie header. Attribute names are in lower case."""

    name: str
    value: str
    attributes: dict[str, str] = field(default_factory=dict)

    def has(self, attribute: str) -> bool:
        """Tell whether an attribute is there."""
        return attribute in self.attributes

    @property
    def same_site(self) -> str:
        """SameSite in lower case; `lax` without the attribute, the browsers' default."""
        value = self.attributes.get("samesite", "").lower()
        return value if value in {"strict", "lax", "none"} else "lax"

    @property
    def path(self) -> str:
        """The path the cookie is sent to."""
        path = self.attributes.get("path", "")
        return path if path.startswith("/") else "/"

    @property
    def domain(self) -> str:
        """The Domain attribute without its leading dot, or an empty string."""
        return self.attributes.get("domain", "").lower().removeprefix(".")

    @property
    def is_deletion(self) -> bool:
        """Whether the header deletes the cookie."""
        age = self.attributes.get("max-age")
        if age is not None:
            return _is_integer(age.removeprefix("-")) and int(age) <= 0
        return _is_past(self.attributes.get("expires", ""))

    def without_value(self) -> str:
        """Return the header without the value, which is a secret."""
        attributes = (f"{key}={value}" if value else key for key, value in self.attributes.items())
        return "; ".join([f"{self.name}=...", *attributes])


def parse_set_cookie(line: str) -> SetCookie:
    """Parse one Set-Cookie header."""
    first, *rest = line.split(";")
    name, _, value = (part.strip() for part in first.partition("="))
    pairs = (part.partition("=") for part in rest)
    return SetCookie(name, value, {key.strip().lower(): text.strip() for key, _, text in pairs})


def rejection_reasons(cookie: SetCookie, page: str) -> list[str]:
    """Return why a browser on `page` would not keep this cookie; empty if it would."""
    parts = urlsplit(page)
    host = (parts.hostname or "").lower()
    # Browsers treat localhost as secure even over http; Safari does not.
    is_secure = parts.scheme == "https" or host in {"localhost", "127.0.0.1", "::1"}
    reasons = [
        *_prefix_problems(cookie),
        *_domain_problems(cookie, host),
        *(["Secure, over plain http"] if cookie.has("secure") and not is_secure else []),
    ]
    if cookie.same_site == "none" and not cookie.has("secure"):
        reasons.append("SameSite=None without Secure")
    if cookie.has("partitioned") and not cookie.has("secure"):
        reasons.append("Partitioned without Secure")
    if len(cookie.name.encode()) + len(cookie.value.encode()) > _MAX_COOKIE_BYTES:
        reasons.append(f"longer than {_MAX_COOKIE_BYTES} bytes")
    return reasons


def _prefix_problems(cookie: SetCookie) -> list[str]:
    name = cookie.name.lower()
    if not name.startswith(("__secure-", "__host-")):
        return []
    reasons = [] if cookie.has("secure") else [f"the prefix of {cookie.name} requires Secure"]
    if name.startswith("__host-") and (cookie.domain or cookie.attributes.get("path") != "/"):
        reasons.append("the prefix __Host- requires Path=/ and no Domain")
    return reasons


def _domain_problems(cookie: SetCookie, host: str) -> list[str]:
    domain = cookie.domain
    if not domain or domain == host:
        return []
    if domain in SHARED_SUFFIXES or "." not in domain:
        return [f"Domain={domain} is shared by many sites"]
    # An IP address has no parent domain (section 5.1.3).
    if host.endswith(f".{domain}") and not is_ip_address(host):
        return []
    return [f"Domain={domain} is not part of {host}"]


def _is_integer(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 15


def _is_past(date: str) -> bool:
    try:
        return bool(date) and parsedate_to_datetime(date).year <= 1970
    except (ValueError, OverflowError):
        return False
