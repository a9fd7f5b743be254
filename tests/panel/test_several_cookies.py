"""Several of the panel's cookies of one name, as browsers send them."""

import pytest

from tests.panel.conftest import HOME, LOGIN, LOGOUT, OWNER_EMAIL, Guest
from tests.panel.test_sign_in import sessions_of


@pytest.fixture
def ended(panel) -> str:
    """The panel's cookie of a session that is over."""
    guest = panel.owner()
    value = guest.cookies["gatehouse_panel"]
    guest.sends_form(LOGOUT, {})
    return value


def in_front(value: str, guest: Guest) -> dict[str, str]:
    """A Cookie header in which another cookie of the same name goes before the guest's own."""
    return {
        "cookie": f"gatehouse_panel={value}; gatehouse_panel={guest.cookies['gatehouse_panel']}"
    }


def test_an_ended_session_in_front_of_a_live_one_locks_nobody_out(panel, ended):
    guest = panel.owner()
    for front in (ended, "forged.value", ""):
        assert guest.get(HOME, headers=in_front(front, guest)).status_code == 200


def test_signing_out_ends_all_that_the_browser_shows(panel, ended):
    guest, other = panel.owner(), panel.owner()
    headers = in_front(other.cookies["gatehouse_panel"], guest)
    headers["cookie"] = f"gatehouse_panel={ended}; {headers['cookie']}"
    assert guest.post(LOGOUT, headers=headers).headers["location"] == f"{LOGIN}?why=out"
    assert sessions_of(panel, OWNER_EMAIL) == 0


def test_so_does_signing_in_anew(panel, ended):
    guest = panel.owner()
    guest.sign_in_to_panel(**in_front(ended, guest))
    assert sessions_of(panel, OWNER_EMAIL) == 1
