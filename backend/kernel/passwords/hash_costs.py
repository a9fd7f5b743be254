"""The cost of checking a hash, counted in work rather than seconds, and how to spend it.

A refused password must take as long for every user as for an unknown one, whatever system made the
hash and at what cost (ASVS 6.3.8). What the check itself did not cost is spent on dummy hashes:
bcrypt's cost doubles with each round, so the rest of 2^12 after 2^10 is exactly 2^10 and 2^11.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

from passlib.hash import argon2, bcrypt

from backend.kernel.passwords import foreign_hashes

_BCRYPT, _PBKDF2, _ARGON2, _SCRYPT = "bcrypt", "pbkdf2", "argon2", "scrypt"
_PATTERNS = (
    (_BCRYPT, r"(\$2[aby]\$)(\d\d)\$"),
    (_BCRYPT, r"(\$bcrypt-sha256\$v=2,t=2b,r=)(\d\d?)\$"),
    (_BCRYPT, r"(bcrypt_sha256\$\$2[aby]\$)(\d\d)\$"),
    (f"{_PBKDF2} sha1", r"(\$pbkdf2\$|pbkdf2_sha1\$)(\d+)\$"),
    (f"{_PBKDF2} sha256", r"(\$pbkdf2-sha256\$|pbkdf2_sha256\$)(\d+)\$"),
    (f"{_PBKDF2} sha512", r"(\$pbkdf2-sha512\$)(\d+)\$"),
    (_ARGON2, r"(\$argon2(?:id|i|d)\$v=19\$m=\d+,t=\d+,p=)(\d+)\$"),
)
_COST_PATTERNS = [(kind, re.compile(pattern, re.ASCII)) for kind, pattern in _PATTERNS]
_SALT = b"a stand-in salt."

HashCost = Counter[str]
"""The work of each kind: iterations of bcrypt and PBKDF2, runs of the others."""


def cost_of(hashed: str) -> HashCost:
    """Return the cost of checking this hash; nothing for an unknown one."""
    if foreign_hashes.is_scrypt_hash(hashed):
        return HashCost({_SCRYPT: 1})
    for kind, pattern in _COST_PATTERNS:
        if match := pattern.match(hashed):
            if kind == _BCRYPT:
                return bcrypt_cost(int(match[2]))
            return HashCost({match[0]: 1} if kind == _ARGON2 else {kind: int(match[2])})
    return HashCost()


def cost_pattern(hashed: str) -> str | None:
    """Return the LIKE pattern of all hashes with the same cost; None for an unknown one."""
    if foreign_hashes.is_scrypt_hash(hashed):
        return f"{'_' * 32}:%"
    match = next((match for _, pattern in _COST_PATTERNS if (match := pattern.match(hashed))), None)
    return f"{match[0]}%" if match else None


def bcrypt_cost(rounds: int) -> HashCost:
    """Return the cost of checking our own hash at this work factor."""
    return HashCost({_BCRYPT: 2**rounds})


def max_cost(costs: Iterable[HashCost]) -> HashCost:
    """Return the maximum of these costs, kind by kind."""
    maximum = HashCost()
    for each in costs:
        maximum |= each
    return maximum


def spend_work(costs: HashCost, secret: str) -> None:
    """Do this much work and discard the results."""
    for kind, amount in costs.items():
        if kind == _BCRYPT:
            _spend_bcrypt_work(amount)
        elif kind.startswith(_PBKDF2):
            hashlib.pbkdf2_hmac(kind.partition(" ")[2], secret.encode(), _SALT, amount)
        elif kind == _SCRYPT:
            for _ in range(amount):
                foreign_hashes.scrypt_matches(secret, f"{'0' * 32}:")
        else:
            for _ in range(amount):
                argon2.verify(secret, f"{kind}c3RhbmQtaW4gc2FsdA${'A' * 43}")


def _spend_bcrypt_work(amount: int) -> None:
    for rounds in range(4, amount.bit_length()):
        if amount & 2**rounds:
            bcrypt.verify(_SALT, f"$2b${rounds:02}${'.' * 53}")
