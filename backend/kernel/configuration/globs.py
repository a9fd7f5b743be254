"""Wildcards in trusted origins: `*` and `?` do not cross a slash, `**` does."""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address

_WILDCARD = re.compile(r"\*\*|\*|\?")
_MEANINGS = {"**": ".*", "*": "[^/]*", "?": "[^/]"}


def matches(glob: str, text: str) -> bool:
    """Tell whether a text matches a pattern as a whole."""
    return _compile(glob).fullmatch(text) is not None


def admits_host(authority_glob: str, authority: str) -> bool:
    """Tell whether a host and port match a pattern.

    A pattern of digits names a range of IPv4 addresses and admits nothing else: otherwise
    192.168.*.* would admit 192.168.evil.example.
    """
    host_glob, host = authority_glob.partition(":")[0], authority.partition(":")[0]
    if re.sub(r"[*?.]", "", host_glob).isdigit() and not _is_ipv4(host):
        return False
    return matches(authority_glob, authority)


@lru_cache(256)
def _compile(glob: str) -> re.Pattern[str]:
    meanings = [*(_MEANINGS[each] for each in _WILDCARD.findall(glob)), ""]
    parts = (re.escape(part) for part in _WILDCARD.split(glob))
    return re.compile("".join(map("".join, zip(parts, meanings, strict=True))), re.DOTALL)


def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except AddressValueError:
        return False
    return True
