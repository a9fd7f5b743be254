"""Several of the panel's cookies of one name, as browsers send them."""

import pytest

from tests.panel.conftest import HOME, LOGIN, LOGOUT, OWNER_EMAIL, PanelBrowser
from tests.panel.test_sign_in import count_sessions


@pytest.fixture
def ended_cookie(panel) -> str:
    """The panel's cookie of a session that is over."""
    browser = panel.owner()
    value = browser.cookies["gatehouse_panel"]
    browser.send_form(LOGOUT, {})
    return value


def cookie_header(value: str, browser: PanelBrowser) -> dict[str, str]:
    """Return a Cookie header with another value in front of the browser's own cookie."""
    return {
        "cookie": f"gatehouse_panel={value}; gatehouse_panel={browser.cookies['gatehouse_panel']}"
    }


def test_an_ended_session_in_front_of_a_live_one_locks_nobody_out(panel, ended_cookie):
    browser = panel.owner()
    for value in (ended_cookie, "forged.value", ""):
        assert browser.get(HOME, headers=cookie_header(value, browser)).status_code == 200


def test_signing_out_ends_all_that_the_browser_shows(panel, ended_cookie):
    browser, other = panel.owner(), panel.owner()
    headers = cookie_header(other.cookies["gatehouse_panel"], browser)
    headers["cookie"] = f"gatehouse_panel={ended_cookie}; {headers['cookie']}"
    assert browser.post(LOGOUT, headers=headers).headers["location"] == f"{LOGIN}?why=out"
    assert count_sessions(panel, OWNER_EMAIL) == 0


def test_so_does_signing_in_anew(panel, ended_cookie):
    browser = panel.owner()
    browser.sign_in_to_panel(**cookie_header(ended_cookie, browser))
    assert count_sessions(panel, OWNER_EMAIL) == 1
