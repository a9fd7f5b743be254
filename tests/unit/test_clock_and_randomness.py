"""Clock and randomness, and the ids and tokens made from them."""

from collections import Counter
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kernel.clock import SystemClock
from backend.kernel.randomness import ALPHANUMERIC, SystemRandomness, random_alphanumeric, uuid7
from tests.clocks import NOON, FixedRandomness, SeededRandomness


def test_the_system_clock_tells_utc():
    assert SystemClock().now().tzinfo is UTC


def test_the_system_clock_does_not_run_backwards():
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()


def test_chance_is_as_long_as_asked_and_never_the_same():
    drawn = {SystemRandomness().bytes(16) for _ in range(100)}
    assert {len(each) for each in drawn} == {16}
    assert len(drawn) == 100


def test_each_character_is_equally_likely():
    every_byte = FixedRandomness(bytes(range(256)))
    drawn = Counter(random_alphanumeric(every_byte, 62 * 100))
    assert set(drawn) == set(ALPHANUMERIC)
    assert max(drawn.values()) == min(drawn.values())


def test_bytes_that_would_favour_the_first_letters_are_thrown_away():
    assert random_alphanumeric(FixedRandomness(b"\xff\xf8\x00"), 4) == "aaaa"


@given(st.integers(1, 200))
def test_as_many_characters_as_asked(length):
    assert len(random_alphanumeric(SeededRandomness(), length)) == length


def test_an_id_carries_its_version_and_variant():
    identifier = uuid7(FixedRandomness(b"\xff"), NOON)
    assert (identifier.version, identifier.variant) == (7, "specified in RFC 4122")
    assert uuid7(FixedRandomness(b"\0"), NOON).variant == "specified in RFC 4122"


def test_an_id_begins_with_the_milliseconds_since_1970():
    time = NOON + timedelta(milliseconds=123)
    identifier = uuid7(SeededRandomness(), time)
    assert identifier.int >> 80 == round(time.timestamp() * 1000)


def test_74_bits_of_an_id_are_chance():
    ones, zeros = uuid7(FixedRandomness(b"\xff"), NOON), uuid7(FixedRandomness(b"\0"), NOON)
    assert (ones.int ^ zeros.int).bit_count() == 74


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_ids_sort_by_time(first, later):
    chance = SeededRandomness()
    one = uuid7(chance, NOON + timedelta(milliseconds=first))
    other = uuid7(chance, NOON + timedelta(milliseconds=first + later))
    assert one < other
    assert str(one) < str(other)


@pytest.mark.parametrize("count", [1, 31, 32, 33, 100])
def test_the_tests_own_chance_is_as_long_as_asked(count):
    assert len(SeededRandomness().bytes(count)) == count
    assert SeededRandomness().bytes(count) == SeededRandomness().bytes(count)
