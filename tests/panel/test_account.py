"""The page of one's own account: second factors are set up, shown and removed."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pyotp
import pytest

from panel.server.account import words
from panel.ui import words as common_words
from tests.make import PASSWORD
from tests.panel.conftest import HOME, LOGIN, LOGOUT, OWNER_EMAIL, Panel, PanelBrowser
from tests.panel.test_guard import ASSET, JOIN, PANEL_PATHS
from tests.panel.test_second_step import SECOND_STEP, USER_PAGE, enrol_owner
from tests.panel.test_sign_in import HTTPS, IN_A_FRAME, count_sessions, set_cookie_attributes

ACCOUNT = "/admin/account"


def act(browser: PanelBrowser, action: str, **fields: str) -> str:
    """Send a form of the page, and return the page that it leads to."""
    response = browser.send_form(ACCOUNT, {"action": action, **fields})
    assert response.status_code == 303, response.text
    return show(browser, response.headers["location"])


def show(browser: PanelBrowser, path: str = ACCOUNT) -> str:
    """Return the page as its reader sees it."""
    response = browser.get(path)
    assert response.status_code == 200, response.headers
    return unescape(response.text)


def secret_on(page: str) -> str:
    """Return the secret that the page shows in groups of four."""
    return re.search("<p class='key'><code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")


def code_of(panel: Panel, secret: str, after: timedelta = timedelta(0)) -> str:
    return pyotp.TOTP(secret).at(panel.clock.now() + after)


def codes_on(page: str) -> list[str]:
    """Return the backup codes that the page shows."""
    return re.findall("<li><code>([^<]+)</code></li>", page)


def enrol_on_page(panel: Panel, browser: PanelBrowser, **fields: str) -> list[str]:
    """Set an app up on the page; returns the backup codes."""
    secret = secret_on(act(browser, "app", password=PASSWORD, **fields))
    return codes_on(act(browser, "code", code=code_of(panel, secret), **fields))


def test_an_app_is_set_up_with_its_first_code_and_the_session_goes_on(panel):
    browser = panel.owner()
    assert words.NONE_YET in show(browser)
    page = act(browser, "app", password=PASSWORD)
    secret = secret_on(page)
    assert f'href="otpauth://totp/Gatehouse:owner%40example.com?secret={secret}' in page
    assert "<svg" in page
    assert codes_on(page) == []
    before = browser.cookies["gatehouse_panel"]
    codes = codes_on(act(browser, "code", code=code_of(panel, secret)))
    assert len(set(codes)) == 10
    assert browser.cookies["gatehouse_panel"] != before
    assert count_sessions(panel, OWNER_EMAIL) == 1
    assert browser.get(HOME).json()["email"] == OWNER_EMAIL
    again = panel.visitor()
    assert again.sign_in_to_panel().headers["location"].startswith(SECOND_STEP)


def test_backup_codes_are_shown_until_they_are_kept_and_can_be_downloaded(panel):
    browser = panel.owner()
    codes = enrol_on_page(panel, browser)
    page = show(browser)
    assert codes_on(page) == codes  # a page that is loaded again loses none
    text = quote("\n".join(["Gatehouse", *codes, ""]))
    assert f"download='{words.FILE_NAME}' href='data:text/plain;charset=utf-8,{text}'" in page
    response = browser.send_form(ACCOUNT, {"action": "done"})
    assert response.headers["location"] == HOME
    page = show(browser)
    assert codes_on(page) == []
    assert words.unused(10) in page


def test_ten_minutes_later_they_are_not_shown_any_more(panel):
    browser = panel.owner()
    enrol_on_page(panel, browser)
    panel.clock.advance(minutes=11)
    assert codes_on(show(browser)) == []


def test_another_session_of_the_same_admin_sees_nothing_of_it(panel):
    browser, other = panel.owner(), panel.owner()
    act(browser, "app", password=PASSWORD)
    page = show(other)
    assert "<svg" not in page
    assert "otpauth" not in page


def test_a_wrong_password_begins_nothing(panel):
    browser = panel.owner()
    for password in ("wrong wrong", ""):
        page = act(browser, "app", password=password)
        assert words.MESSAGES["password"] in page
        assert "<svg" not in page


def test_a_wrong_first_code_keeps_the_qr_code_and_hints_at_the_clock(panel):
    browser = panel.owner()
    secret = secret_on(act(browser, "app", password=PASSWORD))
    late = code_of(panel, secret, after=timedelta(seconds=90))
    for code in (late, "", "x"):
        page = act(browser, "code", code=code)
        assert "a clock 90 seconds off is enough" in page
        assert secret_on(page) == secret
    assert len(codes_on(act(browser, "code", code=code_of(panel, secret)))) == 10


def test_what_was_begun_elsewhere_since_wins_and_the_page_says_so(panel):
    browser = panel.owner()
    secret = secret_on(act(browser, "app", password=PASSWORD))
    enrol_owner(panel)
    page = act(browser, "code", code=code_of(panel, secret))
    assert words.MESSAGES["code"] in page
    act(browser, "done")
    assert words.MESSAGES["has-app"] in act(browser, "app", password=PASSWORD)


def test_an_enrolment_can_be_left(panel):
    browser = panel.owner()
    act(browser, "app", password=PASSWORD)
    assert words.NONE_YET in act(browser, "done")


def test_codes_by_mail_are_turned_on(panel):
    browser = panel.owner()
    page = act(browser, "mail", password=PASSWORD)
    assert words.MESSAGES["mail-on"] in page
    assert words.TURN_MAIL_ON not in page
    assert words.SET_UP_APP in page
    assert browser.get(HOME).status_code == 200


def test_new_backup_codes_replace_the_old_ones(panel):
    browser = panel.owner()
    old = enrol_on_page(panel, browser)
    act(browser, "done")
    new = codes_on(act(browser, "backup", password=PASSWORD))
    assert len(new) == 10
    assert not set(old) & set(new)


def test_removing_asks_first_and_for_the_password(panel):
    browser = panel.owner()
    enrol_on_page(panel, browser)
    browser.send_form(ACCOUNT, {"action": "done"})
    assert f'href="{ACCOUNT}?do=remove"' in show(browser)
    page = show(browser, f"{ACCOUNT}?do=remove")
    assert "role='alertdialog'" in page
    assert words.REMOVE_LEAD in page
    page = act(browser, "remove", password="wrong wrong")
    assert words.MESSAGES["password"] in page
    assert "role='alertdialog'" in page
    page = act(browser, "remove", password=PASSWORD)
    assert words.MESSAGES["removed"] in page
    assert words.NONE_YET in page
    assert panel.visitor().sign_in_to_panel().headers["location"] == "/admin/?tried=1"


def test_there_is_nothing_to_remove_without_a_factor(panel):
    assert words.NONE_YET in show(panel.owner(), f"{ACCOUNT}?do=remove")


@pytest.mark.parametrize("headers", [{}, IN_A_FRAME], ids=["direct", "in a frame"])
def test_the_new_session_goes_where_the_old_one_was(open_panel, headers):
    panel = open_panel(**HTTPS)
    browser = panel.visitor()
    name, attributes = set_cookie_attributes(browser.sign_in_to_panel(**headers)).popitem()
    form = {"action": "mail", "password": PASSWORD}
    response = browser.send_form(ACCOUNT, form, **headers)
    assert set_cookie_attributes(response) == {
        name.removesuffix("_device"): attributes.removeprefix("Max-Age=34560000; ")
    }


def test_only_the_page_with_the_codes_may_run_our_script(open_panel):
    panel = open_panel(passkeys=False)
    browser = panel.owner()
    assert "script-src" not in browser.get(ACCOUNT).headers["content-security-policy"]
    enrol_on_page(panel, browser)
    response = browser.get(ACCOUNT)
    assert "script-src 'self'; " in response.headers["content-security-policy"]
    source = re.search("<script src='([^']+)' defer>", response.text)[1]
    assert browser.get(source).headers["content-type"].startswith("text/javascript")


def test_where_second_factors_are_off_the_page_says_so(open_panel):
    page = show(open_panel(two_factor=False).owner())
    assert words.OFF in page
    assert words.SET_UP_APP not in page


def test_a_stranger_signs_in_first_and_comes_back(panel):
    browser = panel.visitor()
    to_sign_in = f"{LOGIN}?next={quote(ACCOUNT, safe='')}"
    assert browser.get(ACCOUNT).headers["location"] == to_sign_in
    assert browser.send_form(ACCOUNT, {"action": "app"}).headers["location"] == to_sign_in
    form = {"email": OWNER_EMAIL, "password": PASSWORD, "next": ACCOUNT}
    assert browser.send_form(LOGIN, form).headers["location"] == f"{ACCOUNT}?tried=1"
    assert browser.get(f"{ACCOUNT}?tried=1").headers["location"] == ACCOUNT


def test_another_site_cannot_send_its_forms(panel):
    browser = panel.owner()
    form = {"action": "mail", "password": PASSWORD}
    response = browser.send_form(ACCOUNT, form, **{"sec-fetch-site": "cross-site"})
    assert response.status_code == 403


@pytest.mark.parametrize("form", [{}, {"action": "nothing"}, {"action": "code", "code": "1"}])
def test_a_form_we_do_not_know_does_nothing(panel, form):
    assert words.NONE_YET in act(panel.owner(), form.pop("action", ""), **form)


class TestWhoMustHaveAFactor:
    @pytest.fixture
    def panel(self, open_panel) -> Panel:
        """An open panel whose admins must have a second factor."""
        return open_panel(require_two_factor_for="admins")

    def test_lands_in_the_enrolment_and_afterwards_on_the_page_that_was_asked_for(self, panel):
        browser = panel.visitor()
        form = {"email": OWNER_EMAIL, "password": PASSWORD, "next": USER_PAGE}
        location = browser.send_form(LOGIN, form).headers["location"]
        location = browser.get(location).headers["location"]
        assert location == f"{ACCOUNT}?next={quote(USER_PAGE, safe='')}"
        page = show(browser, location)
        assert words.REQUIRED in page
        assert words.BACK not in page
        assert f'action="{LOGOUT}"' in page.replace("'", '"')
        assert len(enrol_on_page(panel, browser, next=USER_PAGE)) == 10
        done = browser.send_form(ACCOUNT, {"action": "done", "next": USER_PAGE})
        assert done.headers["location"] == USER_PAGE
        assert browser.get(USER_PAGE).json()["email"] == OWNER_EMAIL

    @pytest.mark.parametrize(("method", "path"), [*PANEL_PATHS, ("GET", "/admin/users.csv")])
    def test_nothing_else_opens_until_it_is_set_up(self, panel, method, path):
        browser = panel.owner()
        response = browser.send(method, path)
        assert (response.status_code, response.json()) == (
            403,
            {"message": common_words.MUST_ENROL},
        )

    def test_every_page_leads_there(self, panel):
        browser = panel.owner()
        assert browser.get(HOME).headers["location"] == ACCOUNT
        to_events = f"{ACCOUNT}?next={quote('/admin/events?kind=sign_in', safe='')}"
        assert browser.get("/admin/events?kind=sign_in").headers["location"] == to_events

    def test_codes_by_mail_are_enough(self, panel):
        browser = panel.owner()
        assert words.MESSAGES["mail-on"] in act(browser, "mail", password=PASSWORD)
        assert browser.get(HOME).status_code == 200
        assert browser.get(ASSET).status_code == 200

    def test_can_sign_out(self, panel):
        browser = panel.owner()
        assert browser.post(LOGOUT, {}).headers["location"] == f"{LOGIN}?why=out"
        assert count_sessions(panel, OWNER_EMAIL) == 0

    def test_who_has_one_notices_nothing(self, panel):
        app = enrol_owner(panel)
        browser = panel.visitor()
        browser.sign_in_to_panel()
        form = {"methods": "totp", "way": "totp", "code": app.code()}
        assert browser.send_form(SECOND_STEP, form).headers["location"] == "/admin/?tried=1"
        assert browser.post(JOIN, {}).status_code == 200

    def test_removing_it_says_that_another_one_is_needed(self, panel):
        browser = panel.owner()
        act(browser, "mail", password=PASSWORD)
        assert words.REMOVE_REQUIRED in show(browser, f"{ACCOUNT}?do=remove")
        assert words.MESSAGES["removed"] in act(browser, "remove", password=PASSWORD)
        assert browser.get(HOME).headers["location"] == ACCOUNT
