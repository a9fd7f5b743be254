"""What a host is: an address, or a domain, and whether strangers share it."""

from functools import lru_cache
from ipaddress import ip_address

from publicsuffixlist import PublicSuffixList


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address, in brackets or not."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_public_suffix(domain: str) -> bool:
    """Tell whether everybody can register below a domain, as below co.uk or hf.space."""
    return _public_suffixes().is_public(domain)


@lru_cache(1)
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList()
