"""What checking a hash costs, counted in work rather than seconds, and how to spend as much.

A refused password must take as long for every user as for nobody at all, whatever system made the
hash and at what cost (ASVS 6.3.8). What was not spent on the check itself is spent on stand-ins:
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
_KNOWN = [(kind, re.compile(pattern, re.ASCII)) for kind, pattern in _PATTERNS]
_SALT = b"a stand-in salt."

HashCost = Counter[str]
"""How much work of each kind: iterations of bcrypt and PBKDF2, runs of what has no such measure."""


def cost_of(hashed: str) -> HashCost:
    """Return what one check of this hash costs; nothing for what is no hash we know."""
    if foreign_hashes.is_scrypt_hash(hashed):
        return HashCost({_SCRYPT: 1})
    for kind, pattern in _KNOWN:
        if found := pattern.match(hashed):
            if kind == _BCRYPT:
                return bcrypt_cost(int(found[2]))
            return HashCost({found[0]: 1} if kind == _ARGON2 else {kind: int(found[2])})
    return HashCost()


def cost_pattern(hashed: str) -> str | None:
    """Return the LIKE pattern of all hashes that cost the same; None of what is no hash we know."""
    if foreign_hashes.is_scrypt_hash(hashed):
        return f"{'_' * 32}:%"
    found = next((found for _, pattern in _KNOWN if (found := pattern.match(hashed))), None)
    return f"{found[0]}%" if found else None


def bcrypt_cost(rounds: int) -> HashCost:
    """Return what one check of our own hash costs at this work factor."""
    return HashCost({_BCRYPT: 2**rounds})


def max_cost(costs: Iterable[HashCost]) -> HashCost:
    """Return what covers each of these: the most of every kind."""
    most = HashCost()
    for each in costs:
        most |= each
    return most


def spend_work(costs: HashCost, secret: str) -> None:
    """Do this much work and forget what came of it."""
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
