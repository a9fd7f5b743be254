"""Hashes of other systems: accepted, checked and replaced; hostile ones refused."""

import hashlib

import bcrypt
import pytest
from argon2 import PasswordHasher as Argon2
from argon2.low_level import Type
from passlib import hash as made

from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.secrets.secret import Password

PASSWORD = "Grüße aus 東京 7"
SALT = "0123456789abcdef" * 2


def bcrypt_of(text: str, prefix: str) -> str:
    return bcrypt.hashpw(text.encode()[:72], bcrypt.gensalt(4)).decode().replace("$2b$", prefix)


def scrypt_of(text: str) -> str:
    key = hashlib.scrypt(
        text.encode(), salt=SALT.encode(), n=16384, r=16, p=1, dklen=64, maxmem=1 << 26
    )
    return f"{SALT}:{key.hex()}"


def quick_argon2(kind: Type = Type.ID) -> Argon2:
    return Argon2(time_cost=1, memory_cost=64, parallelism=1, type=kind)


KINDS = {
    "bcrypt 2a": bcrypt_of(PASSWORD, "$2a$"),
    "bcrypt 2b": bcrypt_of(PASSWORD, "$2b$"),
    "bcrypt 2y": bcrypt_of(PASSWORD, "$2y$"),
    "bcrypt of Django": "bcrypt$" + bcrypt_of(PASSWORD, "$2b$"),
    "bcrypt over SHA-256 of Django": made.django_bcrypt_sha256.using(rounds=4).hash(PASSWORD),
    "argon2id": quick_argon2().hash(PASSWORD),
    "argon2i": quick_argon2(Type.I).hash(PASSWORD),
    "argon2id of Django": "argon2" + quick_argon2().hash(PASSWORD),
    "scrypt of Better Auth": scrypt_of(PASSWORD),
    "PBKDF2 of Django": made.django_pbkdf2_sha256.using(rounds=9).hash(PASSWORD),
    "PBKDF2-SHA1 of Django": made.django_pbkdf2_sha1.using(rounds=9).hash(PASSWORD),
    "PBKDF2-SHA1": made.pbkdf2_sha1.using(rounds=9).hash(PASSWORD),
    "PBKDF2-SHA256": made.pbkdf2_sha256.using(rounds=9).hash(PASSWORD),
    "PBKDF2-SHA512": made.pbkdf2_sha512.using(rounds=9).hash(PASSWORD),
}


@pytest.fixture  # one for each test: a refusal costs as much as the dearest hash it has met
def hasher() -> PasswordHasher:
    return PasswordHasher(4)


@pytest.mark.parametrize("hashed", KINDS.values(), ids=KINDS)
def test_a_hash_from_elsewhere_is_checked_and_replaced_by_ours(hasher, hashed):
    kept = hasher.accept_hash(hashed)
    verdict = hasher.verify(Password(PASSWORD), kept)

    assert verdict.matches
    assert verdict.new_hash.startswith("$bcrypt-sha256$v=2,t=2b,r=4$")
    again = hasher.verify(Password(PASSWORD), verdict.new_hash)
    assert (again.matches, again.new_hash) == (True, None)


@pytest.mark.parametrize("hashed", KINDS.values(), ids=KINDS)
def test_a_wrong_password_matches_none_of_them(hasher, hashed):
    for wrong in (PASSWORD + "x", PASSWORD[:-1], "", "\0"):
        verdict = hasher.verify(Password(wrong), hasher.accept_hash(hashed))
        assert (verdict.matches, verdict.new_hash) == (False, None)


def test_our_own_hash_moves_from_one_house_to_the_next(hasher):
    hashed = hasher.hash(Password(PASSWORD))

    assert hasher.accept_hash(hashed) == hashed


def test_a_long_password_is_read_as_far_as_bcrypt_read_it_elsewhere(hasher):
    hashed = bcrypt_of("x" * 100, "$2b$")

    assert hasher.verify(Password("x" * 100), hashed).matches
    new_hash = hasher.verify(Password("x" * 100), hashed).new_hash
    assert not hasher.verify(Password("x" * 72), new_hash).matches


def test_a_password_that_was_hashed_as_it_was_typed_matches(hasher):
    typed = "e\u0301gale\u0301 \ufb01nesse"

    assert hasher.verify(Password(typed), bcrypt_of(typed, "$2b$")).matches
    assert hasher.verify(Password(typed), quick_argon2().hash(typed)).matches


def test_bits_that_nobody_reads_are_put_right(hasher):
    hashed = bcrypt_of(PASSWORD, "$2b$")
    odd = hashed[:28] + chr(ord(hashed[28]) + 1) + hashed[29:]

    assert hasher.verify(Password(PASSWORD), hasher.accept_hash(odd)).matches


ARGON2_TAIL = "$" + "a" * 22 + "$" + "a" * 43
HOSTILE = {
    "bcrypt for years": ("$2b$31$" + "a" * 53, "work factor 31"),
    "bcrypt for seconds": ("$2b$15$" + "a" * 53, "work factor 15"),
    "bcrypt for nothing": ("$2b$03$" + "a" * 53, "work factor 3"),
    "our own for years": ("$bcrypt-sha256$v=2,t=2b,r=31$" + "a" * 22 + "$" + "a" * 31, "31"),
    "Django's for years": ("bcrypt_sha256$$2b$31$" + "a" * 53, "31"),
    "argon2 with all memory": (
        f"$argon2id$v=19$m=4194304,t=1,p=1{ARGON2_TAIL}",
        "is too expensive",
    ),
    "argon2 for ever": (
        f"$argon2id$v=19$m=65536,t=4294967295,p=1{ARGON2_TAIL}",
        "is too expensive",
    ),
    "argon2 of Django": (
        f"argon2$argon2id$v=19$m=4194304,t=1,p=1{ARGON2_TAIL}",
        "is too expensive",
    ),
    "argon2 with many threads": (
        f"$argon2id$v=19$m=65536,t=1,p=9999{ARGON2_TAIL}",
        "parameters are invalid",
    ),
    "argon2 without passes": (
        f"$argon2id$v=19$m=65536,t=0,p=1{ARGON2_TAIL}",
        "parameters are invalid",
    ),
    "PBKDF2 for years": ("pbkdf2_sha256$999999999$abc$" + "a" * 43 + "=", "999999999 rounds"),
    "PBKDF2 of passlib": ("$pbkdf2-sha512$999999999$abcd$" + "a" * 86, "999999999 rounds"),
    "a password": ("correct horse battery", "must be bcrypt"),
    "MD5": ("5f4dcc3b5aa765d61d8327deb882cf99", "must be bcrypt"),
    "a cut hash": ("$2b$12$abc", "must be bcrypt"),
    "digits of another script": ("$2b$١٢$" + "a" * 53, "must be bcrypt"),
    "two lines": (KINDS["bcrypt 2b"] + "\n", "must be bcrypt"),
    "a key of another length": ("pbkdf2_sha256$9$abc$abcd", "44"),
    "a book": ("x" * 10_000, "longer than"),
}


@pytest.mark.parametrize(("hashed", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_hash_we_will_not_take_is_refused_with_the_reason(hasher, hashed, reason):
    with pytest.raises(ValueError, match=reason):
        hasher.accept_hash(hashed)
