"""Sealed texts can be read only with our keys, and only unaltered."""

import pytest

from backend.kernel.secrets.sealing import Sealer
from backend.kernel.secrets.signing import Keyring
from tests.clocks import SeededRandomness

TEXT = "a link of Zoë 🔑"


@pytest.fixture
def randomness():
    return SeededRandomness()


def test_what_was_sealed_is_opened_again(randomness):
    sealer = Sealer(Keyring([b"key"]), "outbox")
    sealed = sealer.seal(TEXT, randomness)

    assert sealer.open(sealed) == TEXT
    assert b"link" not in sealed
    assert len(sealed) == len(TEXT.encode()) + 28


def test_the_same_text_never_looks_the_same(randomness):
    sealer = Sealer(Keyring([b"key"]), "outbox")
    assert sealer.seal(TEXT, randomness) != sealer.seal(TEXT, randomness)


def test_after_a_change_of_keys_the_old_one_still_opens(randomness):
    sealed = Sealer(Keyring([b"old"]), "outbox").seal(TEXT, randomness)

    assert Sealer(Keyring([b"new", b"old"]), "outbox").open(sealed) == TEXT
    assert Sealer(Keyring([b"new"]), "outbox").open(sealed) is None


def test_another_purpose_opens_nothing(randomness):
    sealed = Sealer(Keyring([b"key"]), "outbox").seal(TEXT, randomness)
    assert Sealer(Keyring([b"key"]), "other").open(sealed) is None


def test_whatever_was_altered_is_refused(randomness):
    sealer = Sealer(Keyring([b"key"]), "outbox")
    sealed = sealer.seal(TEXT, randomness)

    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        assert sealer.open(bytes(altered)) is None
    for length in range(len(sealed)):
        assert sealer.open(sealed[:length]) is None
