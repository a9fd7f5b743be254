"""How passwords are judged, hashed and checked.

bcrypt reads 72 bytes and stops at NUL, so it never sees the password itself: libpass feeds it a
digest of all of it (`bcrypt_sha256`). There is no pepper on top: a lost key must not lock out
every user. Plain `$2b$` hashes from elsewhere verify and are replaced at the next sign-in.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources

from passlib.context import CryptContext
from passlib.exc import PasslibSecurityError

from backend.kernel.refusals import Refusal
from backend.kernel.secret import Password

_TAIL = "0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What a new password must be. Lengths count code points after NFKC (NIST SP 800-63B-4)."""

    shortest: int
    longest: int
    refuse_common: bool

    def check_new(self, password: Password) -> None:
        """Refuse a new password that is too short, too long or among the most common ones."""
        text = normalised(password)
        if len(text) < self.shortest:
            raise Refusal("PASSWORD_TOO_SHORT")
        self.check_length(password)
        if self.refuse_common and is_common(text):
            raise Refusal("PASSWORD_COMPROMISED")

    def check_length(self, password: Password) -> None:
        """Refuse, before any hashing, what is longer than any password we ever took."""
        if len(normalised(password)) > self.longest:
            raise Refusal("PASSWORD_TOO_LONG")


def normalised(password: Password) -> str:
    """Return the password in the one form in which it is counted and hashed (NFKC)."""
    return unicodedata.normalize("NFKC", password.reveal())


def is_common(text: str) -> bool:
    """Tell whether a guesser would try this first (ASVS 6.2.4).

    Compared whole, after case and trailing digits and signs are gone; never by containment, which
    would refuse long and good passwords for a word inside them.
    """
    folded = text.casefold()
    return folded in _common() or folded.rstrip(_TAIL) in _common()


@cache
def _common() -> frozenset[str]:
    listed = resources.files("backend.kernel").joinpath("common_passwords.txt")
    lines = listed.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


class PasswordHasher:
    """bcrypt at one work factor, and the check of every hash we know. Slow on purpose (~0.2 s)."""

    def __init__(self, rounds: int) -> None:
        self._context = CryptContext(
            schemes=["bcrypt_sha256", "bcrypt"],
            deprecated=["bcrypt"],
            bcrypt_sha256__rounds=rounds,
        )
        # Checked when there is no such user, so that the answer takes as long as for a real one.
        self._nobody = self.hash(Password("nobody has this password"))

    def prove(self) -> None:
        """Hash and check a probe; raises RuntimeError when the hash library is broken."""
        probe, other = Password("probe\0" + "x" * 122), Password("probe\0" + "x" * 121 + "y")
        hashed = self.hash(probe)
        if not self.verify(probe, hashed).matches or self.verify(other, hashed).matches:
            raise RuntimeError("the password hash library does not tell passwords apart")

    def hash(self, password: Password) -> str:
        """Return the string that is stored: algorithm, work factor, salt and key."""
        return str(self._context.hash(normalised(password)))

    def verify(self, password: Password, hashed: str | None) -> "Verdict":
        """Check a password; `hashed=None`, for no such user, costs the same and never matches."""
        text = normalised(password)
        try:
            matches, upgraded = self._context.verify_and_update(text, hashed or self._nobody)
        except (PasslibSecurityError, ValueError):  # no hash we know, or NUL and a plain bcrypt
            self._context.verify(text, self._nobody)  # as slow as every other refusal
            return Verdict(matches=False, upgraded=None)
        if hashed is None:
            return Verdict(matches=False, upgraded=None)
        return Verdict(matches=matches, upgraded=upgraded)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the password matched, and the hash to store instead when the old one is outdated."""

    matches: bool
    upgraded: str | None
