"""Encryption of stored texts."""

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend.kernel.randomness import Randomness
from backend.kernel.secrets.signing import Keyring

_NONCE_SIZE = 12  # bytes; drawn anew for each message (NIST SP 800-38D)


class Sealer:
    """Encrypts texts with keys derived for one purpose; rotated keys still decrypt."""

    def __init__(self, keyring: Keyring, purpose: str) -> None:
        self._ciphers = [AESGCM(key) for key in keyring.derive(purpose).macs(b"seal")]

    @property
    def has_rotated_keys(self) -> bool:
        """Whether older keys may have sealed something."""
        return len(self._ciphers) > 1

    def seal(self, text: str, randomness: Randomness) -> bytes:
        """Encrypt and authenticate; the result is 28 bytes longer than the text's UTF-8."""
        nonce = randomness.bytes(_NONCE_SIZE)
        return nonce + self._ciphers[0].encrypt(nonce, text.encode(), None)

    def is_newest(self, sealed: bytes) -> bool:
        """Tell whether the newest key sealed it, and not one that was rotated."""
        return self._open(self._ciphers[:1], sealed) is not None

    def open(self, sealed: bytes) -> str | None:
        """Decrypt; None if no key of ours sealed it, or if it was altered."""
        return self._open(self._ciphers, sealed)

    @staticmethod
    def _open(ciphers: Sequence[AESGCM], sealed: bytes) -> str | None:
        if len(sealed) < _NONCE_SIZE:
            return None
        for cipher in ciphers:
            try:
                return cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], None).decode()
            except InvalidTag:
                continue
        return None
