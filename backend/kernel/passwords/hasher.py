"""How passwords are hashed and checked.

bcrypt reads 72 bytes and stops at NUL, so it never sees the password itself: libpass feeds it a
digest of all of it (`bcrypt_sha256`). There is no pepper on top: a lost key must not lock out
every user. Hashes that other systems made verify and are replaced at the next sign-in.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from passlib.context import CryptContext
from passlib.exc import PasslibHashWarning, PasslibSecurityError

from backend.kernel.passwords import foreign_hashes
from backend.kernel.passwords.hash_costs import Costs, at_most, bcrypt_cost, cost_of, spend
from backend.kernel.passwords.rules import normalised
from backend.kernel.secrets.secret import Password

_OURS = "bcrypt_sha256"
_FEWEST_ROUNDS = 4  # bcrypt knows no less


@cache  # takes milliseconds to make, and nobody changes it
def _context(rounds: int) -> CryptContext:
    return CryptContext(
        schemes=[_OURS, *foreign_hashes.SCHEMES],
        deprecated=list(foreign_hashes.SCHEMES),
        bcrypt_sha256__rounds=rounds,
    )


class PasswordHasher:
    """bcrypt at one work factor, and the check of every hash we know. Slow on purpose (~0.2 s).

    Whoever is refused has waited as long as anybody else who is, whatever hash theirs is.
    """

    def __init__(self, rounds: int) -> None:
        self._context, self._quick = _context(rounds), _context(_FEWEST_ROUNDS)
        self._ours = bcrypt_cost(rounds)
        self._refusal = self._ours  # what a refusal costs: the most that any hash we met does
        self._foreign = False

    def expect(self, hashes: Iterable[str]) -> None:
        """Let every refusal cost what these hashes do, before a guess at one of them is made."""
        for hashed in hashes:
            self._meet(hashed)

    def prove(self) -> None:
        """Hash and check a probe; raises RuntimeError when the hash library is broken.

        With few rounds: a start must not wait for a second, and the code is the same.
        """
        probe, other = (normalised(Password(f"probe\0{'x' * 121}{last}")) for last in ("x", "y"))
        hashed = self._quick.hash(probe)
        if not self._quick.verify(probe, hashed) or self._quick.verify(other, hashed):
            raise RuntimeError("the password hash library does not tell passwords apart")

    def hash(self, password: Password) -> str:
        """Return the string that is stored: algorithm, work factor, salt and key."""
        return str(self._context.hash(normalised(password)))

    def verify(self, password: Password, hashed: str | None) -> "Verdict":
        """Check a password; for no such user (None) a refusal costs what every refusal does."""
        spent = Costs()
        if self._check(password, hashed, spent):
            return Verdict(matches=True, upgraded=self._upgraded(password, hashed))
        self._spend_rest(password, spent, checks=1)
        return Verdict(matches=False)

    def verify_with_sign_up(
        self, password: Password, hashed: str | None, sign_up: str | None, *, verified: bool
    ) -> "Verdict":
        """Check a password where addresses must be verified; `sign_up` is the hash of an attempt.

        Only the password of a verified user opens something, at once. Everything else costs two
        checks: nobody can tell an account from an attempt to make one.
        """
        spent = Costs()
        matches = self._check(password, hashed, spent)
        if matches and verified:
            return Verdict(matches=True, upgraded=self._upgraded(password, hashed))
        of_sign_up = self._check(password, sign_up, spent)
        self._spend_rest(password, spent, checks=2)
        return Verdict(matches, of_sign_up=of_sign_up)

    def take(self, hashed: str) -> str:
        """Return the hash of another system as we keep it; raises ValueError, saying why not.

        For commands, not for a server's threads: it sets aside a warning for the whole process.
        """
        kept = foreign_hashes.taken(hashed)
        if foreign_hashes.is_scrypt(kept):
            return kept
        handler = self._context.handler(self._context.identify(kept, required=True))
        if handler.name == "bcrypt":
            with warnings.catch_warnings(action="ignore", category=PasslibHashWarning):
                kept = handler.normhash(kept)  # some libraries set bits that nobody reads
        handler.from_string(kept)  # raises ValueError where it is broken
        return str(kept)

    def _check(self, password: Password, hashed: str | None, spent: Costs) -> bool:
        if not hashed:
            return False
        self._meet(hashed)
        text, typed = normalised(password), password.reveal()
        if self._matches(text, hashed, spent):
            return True
        # Elsewhere it may be hashed as it was typed.
        return typed != text and self._is_foreign(hashed) and self._matches(typed, hashed, spent)

    def _meet(self, hashed: str) -> None:
        self._refusal = at_most([self._refusal, cost_of(hashed)])
        self._foreign = self._foreign or self._is_foreign(hashed)

    def _spend_rest(self, password: Password, spent: Costs, *, checks: int) -> None:
        text = normalised(password)
        if self._foreign and password.reveal() != text:
            checks *= 2  # as `_check` may for a foreign hash
        due = Costs({kind: amount * checks for kind, amount in self._refusal.items()})
        spend(due - spent, text)

    def _upgraded(self, password: Password, hashed: str | None) -> str | None:
        outdated = hashed and (self._is_foreign(hashed) or self._context.needs_update(hashed))
        return self.hash(password) if outdated else None

    def _is_foreign(self, hashed: str) -> bool:
        return bool(self._context.identify(hashed) != _OURS)

    def _matches(self, text: str, hashed: str, spent: Costs) -> bool:
        try:
            if foreign_hashes.is_scrypt(hashed):
                matches = foreign_hashes.scrypt_matches(text, hashed)
            else:
                plain = self._context.identify(hashed) == "bcrypt"
                secret = foreign_hashes.as_bcrypt_reads(text) if plain else text
                matches = bool(self._context.verify(secret, hashed))
        except (PasslibSecurityError, ValueError):  # no hash we know, or NUL and a plain bcrypt
            return False
        spent.update(cost_of(hashed))
        return matches


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the password matched, and the hash to store instead when the old one is outdated."""

    matches: bool
    upgraded: str | None = None
    of_sign_up: bool = False
    """Whether it is the password of a sign-up for the address, which opens nothing."""
