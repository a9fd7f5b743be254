"""Password hashes that other systems made: which of them we take, and how they are checked.

They are checked once, at the first sign-in, and replaced by our own then. What checking may cost is
judged when they are taken: a hash can ask for hours of time or all of the memory.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping

# libpass's name for each kind it checks besides our own.
SCHEMES = (
    "bcrypt",
    "argon2",
    "pbkdf2_sha1",
    "pbkdf2_sha256",
    "pbkdf2_sha512",
    "django_pbkdf2_sha1",
    "django_pbkdf2_sha256",
    "django_bcrypt_sha256",
)
MAX_LENGTH = 512  # characters
_MOST_BCRYPT = 14  # about a second
_MOST_ROUNDS = 2_000_000  # of PBKDF2; Django asked for 1,200,000 in 2025
_MOST_MEMORY = 262_144  # KiB
_MOST_WORK = 4 * _MOST_MEMORY  # KiB times passes
_MOST_LANES = 16
_BCRYPT_READS = 72  # bytes

_SCRYPT = re.compile(r"[0-9a-f]{32}:[0-9a-f]{128}")
_PASSLIB64, _BASE64 = r"[./A-Za-z0-9]+", r"[+/=A-Za-z0-9]+"


def normalize_hash(hashed: str) -> str:
    """Return a hash as we keep it; raises ValueError, saying why, if we cannot or will not."""
    if len(hashed) > MAX_LENGTH:
        raise ValueError(f"the hash is longer than {MAX_LENGTH} characters")
    bare = _without_djangos_name(hashed)
    for pattern, check in _KINDS.items():
        if found := re.fullmatch(pattern, bare, re.ASCII):
            check(*map(int, found.groups()))
            return bare
    raise ValueError(
        "the hash is of no kind we know (bcrypt, argon2, PBKDF2, or scrypt as salt:key)"
    )


def is_scrypt_hash(hashed: str) -> bool:
    """Tell whether this is scrypt as Better Auth stores it, which libpass does not know."""
    return _SCRYPT.fullmatch(hashed) is not None


def scrypt_matches(text: str, hashed: str) -> bool:
    """Check a password against scrypt as Better Auth stores it; takes 32 MiB for a moment.

    The salt is the 32 letters themselves, not the 16 bytes they spell.
    """
    salt, _, key = hashed.partition(":")
    made = hashlib.scrypt(
        text.encode(), salt=salt.encode(), n=16384, r=16, p=1, dklen=64, maxmem=64 * 1024 * 1024
    )
    return hmac.compare_digest(made.hex(), key)


def truncate_for_bcrypt(text: str) -> bytes:
    """Return the part of a password that plain bcrypt reads: elsewhere the rest was dropped."""
    return text.encode()[:_BCRYPT_READS]


def _without_djangos_name(hashed: str) -> str:
    # Django puts its own name in front of hashes that others know without.
    for name, rest in (("argon2", "$argon2"), ("bcrypt$", "$2")):
        if hashed.startswith(name + rest):
            return hashed.removeprefix(name)
    return hashed


def _check_bcrypt(factor: int) -> None:
    if not 4 <= factor <= _MOST_BCRYPT:
        raise ValueError(f"bcrypt's work factor {factor} is not between 4 and {_MOST_BCRYPT}")


def _check_argon2(memory: int, passes: int, lanes: int) -> None:
    if memory > _MOST_MEMORY or memory * passes > _MOST_WORK:
        raise ValueError(
            f"argon2 with {memory} KiB and {passes} passes costs too much; "
            f"at most {_MOST_MEMORY} KiB, and {_MOST_WORK} KiB times passes"
        )
    if not (passes >= 1 and 1 <= lanes <= _MOST_LANES and 8 * lanes <= memory):
        raise ValueError("argon2's parameters cannot be")


def _check_pbkdf2(rounds: int) -> None:
    if not 1 <= rounds <= _MOST_ROUNDS:
        raise ValueError(f"PBKDF2 with {rounds} rounds; at most {_MOST_ROUNDS}")


def _nothing() -> None:
    """Every scrypt hash costs the same."""


_NUMBER, _TEXT = r"(\d{1,10})", r"[+/A-Za-z0-9]"
_KINDS: Mapping[str, Callable[..., None]] = {
    r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}": _check_bcrypt,
    r"\$bcrypt-sha256\$v=2,t=2b,r=(\d\d?)\$[./A-Za-z0-9]{22}\$[./A-Za-z0-9]{31}": _check_bcrypt,
    r"bcrypt_sha256\$\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}": _check_bcrypt,
    rf"\$argon2(?:id|i|d)\$v=19\$m={_NUMBER},t={_NUMBER},p={_NUMBER}"
    rf"\${_TEXT}{{11,86}}\${_TEXT}{{16,172}}": _check_argon2,
    rf"\$pbkdf2(?:-sha256|-sha512)?\${_NUMBER}\${_PASSLIB64}\${_PASSLIB64}": _check_pbkdf2,
    rf"pbkdf2_sha(?:1|256)\${_NUMBER}\$[^$]+\${_BASE64}": _check_pbkdf2,
    _SCRYPT.pattern: _nothing,
}
