"""Signatures with the key ring of the server."""

import hmac
from binascii import b2a_base64
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

_BLOCK: Final = 64  # bytes that SHA-256 takes at once
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


class Keyring:
    """The first key signs, every key verifies: rotating the key signs nobody out (ASVS 13.3.4)."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("a key ring needs at least one key")
        self._keys = tuple(map(_Key, keys))

    def sign(self, value: str) -> str:
        """Sign as Better Auth signs cookies: base64 with padding of HMAC-SHA-256, 44 characters."""
        return _signature(self._keys[0], _encode(value)).decode()

    def verify(self, value: str, signature: str) -> bool:
        """Tell whether any key made this signature; compares in constant time."""
        submitted, signed = _encode(signature), _encode(value)
        return any(hmac.compare_digest(_signature(key, signed), submitted) for key in self._keys)

    def derive(self, purpose: str) -> "Keyring":
        """Return a key ring for one purpose; rings of other purposes reject its signatures."""
        return Keyring(self.macs(f"gatehouse:{purpose}:v1".encode()))

    def mac(self, value: bytes) -> bytes:
        """Return the HMAC-SHA-256 with the newest key."""
        return self._keys[0].mac(value)

    def macs(self, value: bytes) -> list[bytes]:
        """Return one HMAC-SHA-256 per key, newest first."""
        return [key.mac(value) for key in self._keys]


class _Key:
    """HMAC-SHA-256 with one key, whose two blocks are hashed once (RFC 2104, section 4).

    Anyone can trigger it as often as they like with made-up cookies
    (docs/decisions/0017-a-key-is-hashed-once.md).
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\0")
        self._inner, self._outer = sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))

    def mac(self, value: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(value)
        outer.update(inner.digest())
        return outer.digest()


def _encode(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def _signature(key: _Key, value: bytes) -> bytes:
    return b2a_base64(key.mac(value), newline=False)
