"""Signatures, exactly as in Better Auth."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kernel.secrets.signing import Keyring

SECRET = b"the-secret-of-a-better-auth-server"


def sign_as_better_auth(value: str) -> str:
    """The signature of Better Auth, computed step by step."""
    return base64.b64encode(hmac.new(SECRET, value.encode(), hashlib.sha256).digest()).decode()


def test_a_signature_is_better_auths():
    assert Keyring([SECRET]).sign("hello") == sign_as_better_auth("hello")


def test_a_known_signature_stays_what_it_is():
    rfc_4231_case_2 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    signature = Keyring([b"Jefe"]).sign("what do ya want for nothing?")
    assert base64.b64decode(signature).hex() == rfc_4231_case_2


@given(st.binary(min_size=1, max_size=200), st.binary())
def test_a_key_of_any_length_makes_the_hmac_of_the_library(key, value):
    assert Keyring([key]).mac(value) == hmac.digest(key, value, "sha256")


@pytest.mark.parametrize("length", [1, 63, 64, 65, 128])
def test_so_does_a_key_about_as_long_as_a_block(length):
    assert Keyring([b"k" * length]).mac(b"value") == hmac.digest(b"k" * length, b"value", "sha256")


def test_a_key_may_sign_any_number_of_times():
    ring = Keyring([SECRET])
    assert [ring.sign("one"), ring.sign("other"), ring.sign("one")] == [
        sign_as_better_auth("one"),
        sign_as_better_auth("other"),
        sign_as_better_auth("one"),
    ]


@given(st.text())
def test_every_signature_has_44_characters_and_verifies(value):
    ring = Keyring([SECRET])
    signature = ring.sign(value)
    assert len(signature) == 44
    assert signature.endswith("=")
    assert ring.verify(value, signature)


@given(st.text(), st.text())
def test_a_made_up_signature_does_not(value, signature):
    assert not Keyring([SECRET]).verify(value, signature)


@given(st.integers(0, 43), st.characters(categories=("Lu", "Ll", "Nd"), max_codepoint=127))
def test_one_changed_character_is_enough(where, other):
    ring = Keyring([SECRET])
    good = ring.sign("value")
    changed = good[:where] + other + good[where + 1 :]
    assert ring.verify("value", changed) == (changed == good)


def test_the_newest_key_signs_and_every_key_verifies():
    old, new = Keyring([b"old"]), Keyring([b"new", b"old"])
    assert new.verify("value", old.sign("value"))
    assert new.sign("value") == Keyring([b"new"]).sign("value")
    assert not old.verify("value", new.sign("value"))


def test_a_dropped_key_verifies_no_more():
    assert not Keyring([b"new"]).verify("value", Keyring([b"old"]).sign("value"))


def test_each_purpose_has_signatures_of_its_own():
    ring = Keyring([SECRET])
    one, other = ring.derive("one"), ring.derive("other")
    assert not other.verify("value", one.sign("value"))
    assert not ring.verify("value", one.sign("value"))
    assert one.verify("value", ring.derive("one").sign("value"))


def test_a_derived_ring_rotates_with_its_keys():
    old, both = Keyring([b"old"]), Keyring([b"new", b"old"])
    assert both.derive("one").verify("value", old.derive("one").sign("value"))
    assert both.macs(b"value") == [Keyring([b"new"]).mac(b"value"), old.mac(b"value")]


def test_what_no_browser_sends_does_no_harm():
    assert not Keyring([SECRET]).verify("\udc80", "\udcff")


def test_without_a_key_there_is_no_ring():
    with pytest.raises(ValueError, match="at least one key"):
        Keyring([])
