"""Encryption of stored texts."""

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.kernel.randomness import Randomness
from backend.kernel.secrets.secret import Secret
from backend.kernel.secrets.signing import Keyring

_NONCE_SIZE = 12  # bytes; drawn anew for each message (NIST SP 800-38D)


class Sealer:
    """Encrypts texts with keys derived for one purpose; rotated keys still decrypt."""

    def __init__(self, keyring: Keyring, purpose: str) -> None:
        self._ciphers = [AESGCM(key) for key in keyring.derive(purpose).macs(b"seal")]

    @classmethod
    def keyed_by(cls, token: Secret) -> "Sealer":
        """Return a sealer whose only key is a random token of at least 128 bits (RFC 5869).

        Whoever has the database and all our keys, but not the token, cannot open what it sealed.
        """
        sealer = cls.__new__(cls)
        key = HKDF(SHA256(), length=32, salt=None, info=b"seal").derive(token.reveal().encode())
        sealer._ciphers = [AESGCM(key)]
        return sealer

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
