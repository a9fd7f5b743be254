"""When a session ends, is extended, and is fresh, to the second."""

from datetime import timedelta
from pathlib import Path

import pytest

from backend.features.sessions.service import is_expired, is_fresh, refresh_due_at
from tests.clocks import NOON
from tests.make import make_session, make_settings

SETTINGS = make_settings(Path())
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


def test_a_session_ends_at_the_very_moment():
    session = make_session(expires_at=NOON)
    assert not is_expired(session, NOON - TICK)
    assert is_expired(session, NOON)


def test_it_is_due_to_be_prolonged_a_day_after_it_was_set():
    session = make_session(expires_at=NOON + 7 * DAY)
    assert refresh_due_at(session, SETTINGS) == NOON + DAY


def test_with_refresh_after_zero_it_is_always_due():
    settings = make_settings(Path(), session_refresh_after=0)
    assert refresh_due_at(make_session(expires_at=NOON + 7 * DAY), settings) == NOON


def test_one_that_is_not_remembered_is_never_prolonged():
    assert refresh_due_at(make_session(remembered=False), SETTINGS) is None


def test_nor_one_in_which_an_admin_acts_for_a_user():
    admins = make_session().id
    assert refresh_due_at(make_session(impersonated_by=admins), SETTINGS) is None


@pytest.mark.parametrize(("left", "ever"), [(-TICK, False), (timedelta(), False), (TICK, True)])
def test_nor_one_that_has_come_to_its_absolute_end(left, ever):
    latest = NOON + timedelta(seconds=SETTINGS.session_max_age)
    session = make_session(created_at=NOON, expires_at=latest - left)
    assert (refresh_due_at(session, SETTINGS) is not None) == ever


def test_it_is_fresh_for_a_day_less_a_moment():
    session = make_session(created_at=NOON)
    assert is_fresh(session, NOON + DAY - TICK, SETTINGS)
    assert not is_fresh(session, NOON + DAY, SETTINGS)


def test_use_does_not_make_it_fresh_again():
    session = make_session(created_at=NOON, updated_at=NOON + DAY)
    assert not is_fresh(session, NOON + DAY, SETTINGS)


def test_with_zero_every_session_is_fresh():
    settings = make_settings(Path(), session_fresh_for=0)
    assert is_fresh(make_session(created_at=NOON), NOON + 1000 * DAY, settings)
