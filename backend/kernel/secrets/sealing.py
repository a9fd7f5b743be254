"""Encryption of what must be kept for a while and read by nobody else."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend.kernel.randomness import Randomness
from backend.kernel.secrets.signing import Keyring

_NONCE = 12  # bytes; drawn anew for each message (NIST SP 800-38D)


class Sealer:
    """Seals texts with keys derived for one purpose; a rotated key still opens what it sealed."""

    def __init__(self, keyring: Keyring, purpose: str) -> None:
        self._ciphers = [AESGCM(key) for key in keyring.derive(purpose).macs(b"seal")]

    def seal(self, text: str, randomness: Randomness) -> bytes:
        """Encrypt and authenticate; the result is 28 bytes longer than the text's UTF-8."""
        nonce = randomness.bytes(_NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, text.encode(), None)

    def open(self, sealed: bytes) -> str | None:
        """Return the text, or None when no key of ours sealed it or it was altered."""
        if len(sealed) < _NONCE:
            return None
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], None).decode()
            except InvalidTag:
                continue
        return None
