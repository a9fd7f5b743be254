"""Digests of codes that are short enough to be typed."""

from collections.abc import Sequence
from uuid import UUID

from backend.kernel.secrets.signing import Keyring


class CodeDigests:
    """Digests of short codes, keyed: whoever has the database alone cannot try them all.

    An unkeyed digest of six digits is reversed at once, and one of a backup code within reach, for
    which ASVS 6.5.2 asks for a slow hash. The key is not in the database, so a fast one will do.
    """

    def __init__(self, keyring: Keyring, purpose: str) -> None:
        self._keyring = keyring.derive(purpose)

    def digest(self, subject: UUID | str, code: str) -> bytes:
        """Return the digest to store; the same code of another subject has another one."""
        return self._keyring.mac(_encode(subject, code))

    def list_digests(self, subject: UUID | str, code: str) -> Sequence[bytes]:
        """Return the digests under which it may be stored, one for each of our keys."""
        return self._keyring.macs(_encode(subject, code))


def _encode(subject: UUID | str, code: str) -> bytes:
    return f"{subject} {code}".encode("utf-8", "surrogateescape")
