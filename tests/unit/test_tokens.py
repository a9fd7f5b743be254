"""Session tokens."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from backend.kernel.randomness import ALPHANUMERIC, SystemRandomness
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.signing import Keyring
from backend.kernel.secrets.tokens import TokenMint, digest
from tests.clocks import SeededRandomness

MINT = TokenMint(Keyring([b"key"]))


def test_a_token_is_32_random_characters_and_10_that_check_them():
    token = MINT.new(SeededRandomness()).reveal()
    assert len(token) == 42
    assert set(token) <= set(ALPHANUMERIC)


def test_tokens_differ():
    assert len({MINT.new(SystemRandomness()).reveal() for _ in range(200)}) == 200


def test_our_own_token_is_recognised():
    assert MINT.is_authentic(MINT.new(SeededRandomness()).reveal())


@given(st.text(alphabet=ALPHANUMERIC, min_size=42, max_size=42))
def test_a_guessed_token_is_not(guess):
    assert not MINT.is_authentic(guess)


@given(st.text())
def test_anything_else_is_not_either(text):
    assert not MINT.is_authentic(text)


@given(st.integers(0, 41), st.sampled_from(ALPHANUMERIC))
def test_nor_one_with_a_changed_character(where, other):
    good = MINT.new(SeededRandomness()).reveal()
    changed = good[:where] + other + good[where + 1 :]
    assert MINT.is_authentic(changed) == (changed == good)


def test_a_token_outlives_the_rotation_of_the_key():
    token = MINT.new(SeededRandomness()).reveal()
    assert TokenMint(Keyring([b"new", b"key"])).is_authentic(token)
    assert not TokenMint(Keyring([b"new"])).is_authentic(token)


def test_what_is_stored_is_the_sha256():
    assert digest(SessionToken("abc")) == hashlib.sha256(b"abc").digest()


def test_the_digest_of_odd_text_is_made_without_complaint():
    assert len(digest(SessionToken("\udcff\u20ac"))) == 32
