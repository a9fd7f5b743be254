"""Backup codes and mailed codes: how they are drawn, and the digests that are stored."""

from backend.kernel.randomness import Randomness, random_alphanumeric, random_digits
from backend.kernel.secrets.code_digests import CodeDigests
from backend.kernel.secrets.signing import Keyring

BACKUP_CODES = 10
_HALF = 5  # characters before and after the hyphen: 59 bits in all


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


def build_digests(keyring: Keyring) -> CodeDigests:
    """Build the digests of backup codes and mailed codes."""
    return CodeDigests(keyring, "two-factor-code")
