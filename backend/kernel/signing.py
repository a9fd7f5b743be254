"""Signatures with the server's key ring."""

import hmac
from binascii import b2a_base64
from collections.abc import Sequence


class Keyring:
    """The first key signs, every key verifies: rotating the key signs nobody out (ASVS 13.3.4)."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("a key ring needs at least one key")
        self._keys = tuple(keys)

    def sign(self, value: str) -> str:
        """Sign as Better Auth signs cookies: base64 with padding of HMAC-SHA-256, 44 characters."""
        return _signature(self._keys[0], _encoded(value)).decode()

    def verifies(self, value: str, signature: str) -> bool:
        """Tell whether any key made this signature; compares in constant time."""
        given, signed = signature.encode("utf-8", "surrogateescape"), _encoded(value)
        return any(hmac.compare_digest(_signature(key, signed), given) for key in self._keys)

    def derived(self, purpose: str) -> "Keyring":
        """Return a ring for another purpose: what one signs, the other refuses."""
        label = f"gatehouse:{purpose}:v1".encode()
        return Keyring([hmac.digest(key, label, "sha256") for key in self._keys])

    def mac(self, value: bytes) -> bytes:
        """Return the raw HMAC-SHA-256 of the newest key, for values that are never checked."""
        return hmac.digest(self._keys[0], value, "sha256")

    def macs(self, value: bytes) -> list[bytes]:
        """Return one HMAC-SHA-256 per key, newest first."""
        return [hmac.digest(key, value, "sha256") for key in self._keys]


def _encoded(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def _signature(key: bytes, value: bytes) -> bytes:
    return b2a_base64(hmac.digest(key, value, "sha256"), newline=False)
