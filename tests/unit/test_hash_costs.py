"""A refused password costs the same work, whatever the hash."""

from collections import Counter

import bcrypt
import pytest
from passlib.hash import argon2, bcrypt_sha256, django_pbkdf2_sha256, pbkdf2_sha512

from backend.kernel.passwords import hash_costs
from backend.kernel.passwords.hash_costs import HashCost, cost_of, cost_pattern, spend_work
from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.secrets.secret import Password

SCRYPT = f"{'0' * 32}:{'0' * 128}"
HASHES = {
    "ours": bcrypt_sha256.using(rounds=6).hash("x"),
    "ours, cheaper": bcrypt_sha256.using(rounds=4).hash("x"),
    "ours, dearer": bcrypt_sha256.using(rounds=7).hash("x"),
    "bcrypt": bcrypt.hashpw(b"x", bcrypt.gensalt(5)).decode(),
    "scrypt": SCRYPT,
    "argon2": argon2.using(memory_cost=64, time_cost=1, parallelism=1).hash("x"),
    "argon2, dearer": argon2.using(memory_cost=128, time_cost=2, parallelism=1).hash("x"),
    "django": django_pbkdf2_sha256.using(rounds=100).hash("x"),
    "django, dearer": django_pbkdf2_sha256.using(rounds=300).hash("x"),
    "pbkdf2-sha512": pbkdf2_sha512.using(rounds=50).hash("x"),
}
EVERYBODY = {**HASHES, "nobody": None, "without password": "", "broken": "$2b$nonsense"}


@pytest.fixture
def work_done(monkeypatch):
    """The work done, counted in the algorithms."""
    work = Counter()

    def count_work(module, name, cost):
        real = getattr(module, name)

        def counted(*args, **kwargs):
            work.update(cost(*args, **kwargs))
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, counted)

    count_work(bcrypt, "hashpw", lambda _, salt: {"bcrypt": 2 ** int(salt[4:6])})
    # Only counted: the work that scrypt does by definition is a tenth of a second each time.
    monkeypatch.setattr(hash_costs.foreign_hashes, "scrypt_matches", lambda *_: False)
    count_work(hash_costs.foreign_hashes, "scrypt_matches", lambda *_: {"scrypt": 1})
    count_work(hash_costs.hashlib, "pbkdf2_hmac", lambda name, *_: {name: _[2]})
    return work


@pytest.mark.parametrize("guess", ["wrong", "wrong\0", "\ufb01ancee"], ids=ascii)
def test_every_refusal_costs_the_same_whoever_it_is(work_done, guess):
    hasher = PasswordHasher(6)
    hasher.add_known_hashes(HASHES.values())
    costs = {}
    for name, hashed in EVERYBODY.items():
        work_done.clear()
        assert not hasher.verify(Password(guess), hashed).matches
        costs[name] = +work_done

    assert len(set(map(str, map(sorted, map(Counter.items, costs.values()))))) == 1, costs
    assert costs["nobody"]["bcrypt"] == 2**7 * (2 if guess[0] == "\ufb01" else 1)


def test_with_none_but_our_own_it_is_one_hash(work_done):
    hasher = PasswordHasher(6)
    for hashed in (None, HASHES["ours"]):
        work_done.clear()
        hasher.verify(Password("wrong"), hashed)
        assert work_done == {"bcrypt": 2**6}


def test_a_right_password_costs_no_more_than_its_check(work_done):
    hasher = PasswordHasher(6)
    hasher.add_known_hashes(HASHES.values())
    assert hasher.verify(Password("x"), HASHES["ours"]).matches
    assert work_done == {"bcrypt": 2**6}


def test_a_hash_that_is_first_met_counts_from_then_on(work_done):
    hasher = PasswordHasher(6)
    hasher.verify(Password("wrong"), SCRYPT)
    work_done.clear()
    hasher.verify(Password("wrong"), None)
    assert work_done == {"bcrypt": 2**6, "scrypt": 1}


def test_a_stand_in_for_argon2_takes_its_parameters(monkeypatch):
    verified = []
    monkeypatch.setattr(hash_costs.argon2, "verify", lambda _, hashed: verified.append(hashed))
    spend_work(cost_of(HASHES["argon2, dearer"]), "secret")
    assert [cost_of(hashed) for hashed in verified] == [cost_of(HASHES["argon2, dearer"])]


def test_alike_are_those_that_cost_the_same():
    assert cost_pattern(HASHES["bcrypt"]) == "$2b$05$%"
    assert cost_pattern(HASHES["django"]) == "pbkdf2_sha256$100$%"
    assert cost_pattern(SCRYPT) == "_" * 32 + ":%"
    assert (cost_pattern("nonsense"), cost_of("nonsense")) == (None, HashCost())
