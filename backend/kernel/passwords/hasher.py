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
from backend.kernel.passwords.hash_costs import HashCost, bcrypt_cost, cost_of, max_cost, spend_work
from backend.kernel.passwords.rules import normalize_password
from backend.kernel.secrets.secret import Password

_OWN_SCHEME = "bcrypt_sha256"
MIN_ROUNDS = 4  # the minimum of bcrypt


@cache  # takes milliseconds to create, and is never changed
def _context(rounds: int) -> CryptContext:
    return CryptContext(
        schemes=[_OWN_SCHEME, *foreign_hashes.SCHEMES],
        deprecated=list(foreign_hashes.SCHEMES),
        bcrypt_sha256__rounds=rounds,
    )


class PasswordHasher:
    """Hashes with bcrypt and checks all known kinds of hashes. Slow on purpose (~0.2 s).

    All refusals take equally long, whatever the kind of the hash.
    """

    def __init__(self, rounds: int) -> None:
        self._context, self._probe_context = _context(rounds), _context(MIN_ROUNDS)
        self._own_cost = bcrypt_cost(rounds)
        self._refusal_cost = self._own_cost
        """What every refusal costs: as much as the most expensive hash seen so far."""
        self._foreign = False

    def add_known_hashes(self, hashes: Iterable[str]) -> None:
        """Let every refusal cost as much as these hashes do, before anyone guesses one of them."""
        for hashed in hashes:
            self._note_hash(hashed)

    def self_test(self) -> None:
        """Hash and check a probe; raises RuntimeError if the hash library is broken.

        It uses few rounds, as a start must be fast and the code is the same.
        """
        probes = (Password(f"probe\0{'x' * 121}{last}") for last in ("x", "y"))
        probe, other = map(normalize_password, probes)
        hashed, verify = self._probe_context.hash(probe), self._probe_context.verify
        if not verify(probe, hashed) or verify(other, hashed):
            raise RuntimeError("the password hash library does not tell passwords apart")

    def hash(self, password: Password) -> str:
        """Return the string to store: algorithm, work factor, salt and key."""
        return str(self._context.hash(normalize_password(password)))

    def verify(self, password: Password, hashed: str | None) -> "PasswordCheck":
        """Check a password; without a user (None) a refusal costs as much as every other."""
        spent = HashCost()
        if self._check(password, hashed, spent):
            return PasswordCheck(matches=True, new_hash=self._rehash_if_outdated(password, hashed))
        self._spend_remaining(password, spent, checks=1)
        return PasswordCheck(matches=False)

    def verify_with_sign_up(
        self, password: Password, hashed: str | None, sign_up: str | None, *, verified: bool
    ) -> "PasswordCheck":
        """Check a password if addresses must be verified; `sign_up` is that of a pending sign-up.

        Only the password of a verified user signs in, and at once. Everything else costs two
        checks: nobody can tell an account from a pending sign-up.
        """
        spent = HashCost()
        matches = self._check(password, hashed, spent)
        if matches and verified:
            return PasswordCheck(matches=True, new_hash=self._rehash_if_outdated(password, hashed))
        matches_sign_up = self._check(password, sign_up, spent)
        self._spend_remaining(password, spent, checks=2)
        return PasswordCheck(matches, matches_sign_up=matches_sign_up)

    def accept_hash(self, hashed: str) -> str:
        """Return the hash of another system in the form to store; raises ValueError if refused.

        Only for commands, not for the threads of a server: it changes warning filters.
        """
        normalized = foreign_hashes.normalize_hash(hashed)
        if foreign_hashes.is_scrypt_hash(normalized):
            return normalized
        handler = self._context.handler(self._context.identify(normalized, required=True))
        if handler.name == "bcrypt":
            with warnings.catch_warnings(action="ignore", category=PasslibHashWarning):
                normalized = handler.normhash(normalized)  # some libraries set unused bits
        handler.from_string(normalized)  # raises ValueError where it is broken
        return str(normalized)

    def _check(self, password: Password, hashed: str | None, spent: HashCost) -> bool:
        if not hashed:
            return False
        self._note_hash(hashed)
        text, typed = normalize_password(password), password.reveal()
        if self._matches(text, hashed, spent):
            return True
        # Other systems may have hashed it as typed.
        return typed != text and self._is_foreign(hashed) and self._matches(typed, hashed, spent)

    def _note_hash(self, hashed: str) -> None:
        self._refusal_cost = max_cost([self._refusal_cost, cost_of(hashed)])
        self._foreign = self._foreign or self._is_foreign(hashed)

    def _spend_remaining(self, password: Password, spent: HashCost, *, checks: int) -> None:
        text = normalize_password(password)
        if self._foreign and password.reveal() != text:
            checks *= 2  # as `_check` may for a foreign hash
        due = HashCost({kind: amount * checks for kind, amount in self._refusal_cost.items()})
        spend_work(due - spent, text)

    def _rehash_if_outdated(self, password: Password, hashed: str | None) -> str | None:
        outdated = hashed and (self._is_foreign(hashed) or self._context.needs_update(hashed))
        return self.hash(password) if outdated else None

    def _is_foreign(self, hashed: str) -> bool:
        return bool(self._context.identify(hashed) != _OWN_SCHEME)

    def _matches(self, text: str, hashed: str, spent: HashCost) -> bool:
        try:
            if foreign_hashes.is_scrypt_hash(hashed):
                matches = foreign_hashes.scrypt_matches(text, hashed)
            else:
                plain = self._context.identify(hashed) == "bcrypt"
                secret = foreign_hashes.truncate_for_bcrypt(text) if plain else text
                matches = bool(self._context.verify(secret, hashed))
        except (PasslibSecurityError, ValueError):  # an unknown hash, or NUL in a plain bcrypt
            return False
        spent.update(cost_of(hashed))
        return matches


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """Whether the password matched, and the new hash to store if the old one is outdated."""

    matches: bool
    new_hash: str | None = None
    matches_sign_up: bool = False
    """Whether it is the password of a pending sign-up, which does not sign in."""
