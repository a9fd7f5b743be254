"""Finds the address a request comes from."""

import ipaddress
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hmac import compare_digest

from backend.kernel.secrets.secret import Secret

FRONTEND_KEY = b"x-gatehouse-key"
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class ClientAddresses:
    """Finds the client's address behind trusted proxies.

    The Hub's proxy appends its peer to X-Forwarded-For and keeps what the client sent before it, so
    only the last entry counts, and only if the peer is a trusted proxy (ASVS 4.1.3). Our own
    frontend, which knows the shared key, may send its visitor's address instead.
    """

    def __init__(self, trusted: Sequence[str], frontend_key: Secret | None) -> None:
        self._trusted = [ipaddress.ip_network(each, strict=False) for each in trusted]
        self._frontend_key = frontend_key
        self.trusts = lru_cache(1024)(self._is_trusted_proxy)
        """Whether a peer is a trusted proxy."""

    def find(self, peer: str, headers: Mapping[bytes, bytes]) -> str:
        """Return the client's address, or "" if it is unknown."""
        if address := self._read_frontend_address(headers):
            return address
        forwarded = headers.get(b"x-forwarded-for")
        if forwarded is None or not self.trusts(peer):
            return _normalize(peer)
        return _normalize(forwarded.rpartition(b",")[2].decode("latin-1")) or _normalize(peer)

    def shows_frontend_key(self, headers: Mapping[bytes, bytes]) -> bool:
        """Tell whether our own frontend sends this request, in constant time for any key."""
        shown = headers.get(FRONTEND_KEY)
        if shown is None or self._frontend_key is None:
            return False
        return compare_digest(shown, self._frontend_key.reveal().encode())

    def _read_frontend_address(self, headers: Mapping[bytes, bytes]) -> str:
        if not self.shows_frontend_key(headers):
            return ""
        return _normalize(headers.get(b"x-gatehouse-client-ip", b"").decode("latin-1"))

    def _is_trusted_proxy(self, peer: str) -> bool:
        address = _parse(peer)
        return address is not None and any(
            address in network for network in self._trusted if network.version == address.version
        )


@lru_cache(4096)
def bucket(address: str) -> str:
    """Return what limits count: an IPv4 address, or the /64 that an IPv6 subscriber owns."""
    parsed = _parse(address)
    if parsed is None or parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _normalize(text: str) -> str:
    parsed = _parse(text.strip())
    return str(parsed) if parsed else ""


@lru_cache(4096)
def _parse(text: str) -> IPAddress | None:
    if text.startswith("[") and "]" in text:  # [2001:db8::1]:443
        text = text[1 : text.index("]")]
    elif text.count(":") == 1:  # 203.0.113.7:443
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
