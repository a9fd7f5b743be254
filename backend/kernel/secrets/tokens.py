"""Session tokens: generated, authenticated, and digested for storage."""

import hashlib
import hmac
from typing import NewType

from backend.kernel.randomness import ALPHANUMERIC, Randomness, random_alphanumeric
from backend.kernel.secrets.secret import Secret, SessionToken
from backend.kernel.secrets.signing import Keyring

TokenDigest = NewType("TokenDigest", bytes)
"""SHA-256 of a token, 32 bytes; a type of its own keeps tokens out of the database."""

_RANDOM_LENGTH = 32  # 190 bits; ASVS 7.2.3 asks for 128
_CHECK_LENGTH = 10  # 59 bits: guessing one costs more than a query


class TokenMint:
    """Generates tokens with a short check value, so that a forged one costs no query."""

    def __init__(self, keyring: Keyring, purpose: str = "session-token") -> None:
        self._keyring = keyring.derive(purpose)

    def new(self, randomness: Randomness) -> SessionToken:
        """Generate a session token."""
        return SessionToken(self.generate(randomness))

    def generate(self, randomness: Randomness) -> str:
        """Generate 32 random characters and 10 that authenticate them for this purpose."""
        random = random_alphanumeric(randomness, _RANDOM_LENGTH)
        return random + _check(self._keyring.mac(random.encode()))

    def is_authentic(self, token: str) -> bool:
        """Tell whether this server generated the token, with any of its keys."""
        if len(token) != _RANDOM_LENGTH + _CHECK_LENGTH or not token.isascii():
            return False
        random, check = token[:_RANDOM_LENGTH], token[_RANDOM_LENGTH:]
        macs = self._keyring.macs(random.encode())
        return any(hmac.compare_digest(_check(mac), check) for mac in macs)


def digest(token: Secret) -> TokenDigest:
    """Return the digest to store: a dump of the database opens no session (ASVS 11.4)."""
    return TokenDigest(hashlib.sha256(token.reveal().encode("utf-8", "surrogateescape")).digest())


def _check(mac: bytes) -> str:
    return "".join(ALPHANUMERIC[byte % len(ALPHANUMERIC)] for byte in mac[:_CHECK_LENGTH])
