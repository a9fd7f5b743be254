"""Backup codes and mailed codes: how they are drawn, and the digests that are stored."""

from collections.abc import Sequence
from uuid import UUID

from backend.kernel.randomness import Randomness, random_alphanumeric, random_digits
from backend.kernel.secrets.secret import Secret
from backend.kernel.secrets.signing import Keyring

BACKUP_CODES = 10
_HALF = 5  # characters before and after the hyphen: 59 bits in all


class TypedCode(Secret):
    """A code as somebody types it."""

    __slots__ = ()


def new_backup_codes(randomness: Randomness) -> list[str]:
    """Draw ten different codes such as `Ab3dE-x9KqZ`."""
    codes: dict[str, None] = {}
    while len(codes) < BACKUP_CODES:
        drawn = random_alphanumeric(randomness, 2 * _HALF)
        codes[f"{drawn[:_HALF]}-{drawn[_HALF:]}"] = None
    return list(codes)


def new_mail_code(randomness: Randomness) -> str:
    """Draw a code of six digits."""
    return random_digits(randomness, 6)


class CodeDigests:
    """Digests of short codes, keyed: whoever has the database alone cannot try them all.

    An unkeyed digest of six digits is reversed at once, and one of a backup code within reach, for
    which ASVS 6.5.2 asks for a slow hash. The key is not in the database, so a fast one will do.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring.derive("two-factor-code")

    def digest(self, subject: UUID | str, code: str) -> bytes:
        """Return the digest to store; the same code of another subject has another one."""
        return self._keyring.mac(_encode(subject, code))

    def list_digests(self, subject: UUID | str, code: str) -> Sequence[bytes]:
        """Return the digests under which it may be stored, one for each of our keys."""
        return self._keyring.macs(_encode(subject, code))


def _encode(subject: UUID | str, code: str) -> bytes:
    return f"{subject} {code}".encode("utf-8", "surrogateescape")
