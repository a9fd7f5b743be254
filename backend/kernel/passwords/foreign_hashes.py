"""Password hashes of other systems: which are accepted, and how they are checked.

They are checked once, at the first sign-in, and replaced by our own. Their cost is limited when
they are imported: a hash can demand hours of time or all of the memory.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping

# The names of the schemes in libpass, besides our own.
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
MAX_HASH_LENGTH = 512  # characters
_MAX_BCRYPT_FACTOR = 14  # about a second
_MAX_PBKDF2_ROUNDS = 2_000_000  # Django used 1,200,000 in 2025
_MAX_MEMORY = 262_144  # KiB
_MAX_WORK = 4 * _MAX_MEMORY  # KiB times passes
_MAX_LANES = 16
_BCRYPT_MAX_BYTES = 72

_SCRYPT = re.compile(r"[0-9a-f]{32}:[0-9a-f]{128}")
_PASSLIB64, _BASE64 = r"[./A-Za-z0-9]+", r"[+/=A-Za-z0-9]+"


def normalize_hash(hashed: str) -> str:
    """Return a hash in the form to store; raises ValueError with the reason if it is refused."""
    if len(hashed) > MAX_HASH_LENGTH:
        raise ValueError(f"the hash is longer than {MAX_HASH_LENGTH} characters")
    bare = _strip_django_prefix(hashed)
    for pattern, check in _CHECKS.items():
        if match := re.fullmatch(pattern, bare, re.ASCII):
            check(*map(int, match.groups()))
            return bare
    raise ValueError("the hash must be bcrypt, argon2, PBKDF2, or scrypt as salt:key")


def is_scrypt_hash(hashed: str) -> bool:
    """Tell whether this is Better Auth's scrypt, which libpass does not know."""
    return _SCRYPT.fullmatch(hashed) is not None


def scrypt_matches(text: str, hashed: str) -> bool:
    """Check a password against Better Auth's scrypt; takes 32 MiB of memory.

    The salt is the 32 hexadecimal letters, not the 16 bytes they encode.
    """
    salt, _, key = hashed.partition(":")
    derived = hashlib.scrypt(
        text.encode(), salt=salt.encode(), n=16384, r=16, p=1, dklen=64, maxmem=64 * 1024 * 1024
    )
    return hmac.compare_digest(derived.hex(), key)


def truncate_for_bcrypt(text: str) -> bytes:
    """Return the part of a password that plain bcrypt reads; other systems drop the rest."""
    return text.encode()[:_BCRYPT_MAX_BYTES]


def _strip_django_prefix(hashed: str) -> str:
    # Django adds its own prefix to hashes that others write without.
    for name, rest in (("argon2", "$argon2"), ("bcrypt$", "$2")):
        if hashed.startswith(name + rest):
            return hashed.removeprefix(name)
    return hashed


def _check_bcrypt(factor: int) -> None:
    if not 4 <= factor <= _MAX_BCRYPT_FACTOR:
        raise ValueError(f"bcrypt's work factor {factor} is not between 4 and {_MAX_BCRYPT_FACTOR}")


def _check_argon2(memory: int, passes: int, lanes: int) -> None:
    if memory > _MAX_MEMORY or memory * passes > _MAX_WORK:
        raise ValueError(
            f"argon2 with {memory} KiB and {passes} passes is too expensive; "
            f"at most {_MAX_MEMORY} KiB, and {_MAX_WORK} KiB times passes"
        )
    if not (passes >= 1 and 1 <= lanes <= _MAX_LANES and 8 * lanes <= memory):
        raise ValueError("argon2's parameters are invalid")


def _check_pbkdf2(rounds: int) -> None:
    if not 1 <= rounds <= _MAX_PBKDF2_ROUNDS:
        raise ValueError(f"PBKDF2 with {rounds} rounds; at most {_MAX_PBKDF2_ROUNDS}")


def _accept_any() -> None:
    """Every scrypt hash costs the same."""


_NUMBER, _TEXT = r"(\d{1,10})", r"[+/A-Za-z0-9]"
_CHECKS: Mapping[str, Callable[..., None]] = {
    r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}": _check_bcrypt,
    r"\$bcrypt-sha256\$v=2,t=2b,r=(\d\d?)\$[./A-Za-z0-9]{22}\$[./A-Za-z0-9]{31}": _check_bcrypt,
    r"bcrypt_sha256\$\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}": _check_bcrypt,
    rf"\$argon2(?:id|i|d)\$v=19\$m={_NUMBER},t={_NUMBER},p={_NUMBER}"
    rf"\${_TEXT}{{11,86}}\${_TEXT}{{16,172}}": _check_argon2,
    rf"\$pbkdf2(?:-sha256|-sha512)?\${_NUMBER}\${_PASSLIB64}\${_PASSLIB64}": _check_pbkdf2,
    rf"pbkdf2_sha(?:1|256)\${_NUMBER}\$[^$]+\${_BASE64}": _check_pbkdf2,
    _SCRYPT.pattern: _accept_any,
}
