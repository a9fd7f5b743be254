"""Which hosts are the same site to a browser; cookies of other sites are third-party."""

import ipaddress
from urllib.parse import urlsplit

# Public suffixes (publicsuffix.org), below which each host is a site of its own. Browsers reject
# cookies with such a Domain.
SHARED_SUFFIXES = (
    "hf.space",
    "vercel.app",
    "netlify.app",
    "pages.dev",
    "workers.dev",
    "github.io",
    "fly.dev",
    "onrender.com",
    "herokuapp.com",
    "web.app",
    "co.uk",
    "com.au",
    "co.jp",
)


def is_same_site(one: str, other: str) -> bool:
    """Tell whether two origins are same-site: same scheme, same registrable domain."""
    first, second = urlsplit(one), urlsplit(other)
    return first.scheme == second.scheme and registrable_domain(
        first.hostname
    ) == registrable_domain(second.hostname)


def registrable_domain(host: str | None) -> str:
    """Return the registrable domain of a host, or the host itself where it has none."""
    name = (host or "").lower()
    if is_ip_address(name):
        return name
    labels = name.split(".")
    shared = next((each for each in SHARED_SUFFIXES if name.endswith(f".{each}")), "")
    return ".".join(labels[-(shared.count(".") + 2 if shared else 2) :])


def is_ip_address(host: str) -> bool:
    """Tell whether a host is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
