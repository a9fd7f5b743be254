"""The second step of signing in to the panel: codes, trusted browsers, and what goes wrong."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from panel.server.sign_in import second_step_words as words
from panel.server.sign_in import words as sign_in_words
from tests.admins import give_role
from tests.make import PASSWORD
from tests.panel.conftest import HOME, LOGIN, OWNER_EMAIL, Panel, PanelBrowser
from tests.panel.test_sign_in import HTTPS, IN_A_FRAME, count_sessions, set_cookie_attributes
from tests.second_factor import App, enrol

SECOND_STEP = "/admin/login/second-step"
USER_PAGE = "/admin/users?id=0190a1b2-0000-7000-8000-000000000001"
TO_CODE = f"{SECOND_STEP}?methods=totp&way=totp"


def enrol_owner(panel: Panel) -> App:
    """Turn an authenticator app on for the owner, elsewhere."""
    elsewhere = panel.gatehouse.visitor()
    assert elsewhere.sign_in(OWNER_EMAIL).status_code == 200
    return enrol(panel.gatehouse, elsewhere)


def choose_mail_codes(panel: Panel) -> None:
    """Turn codes by mail on for the owner, elsewhere."""
    elsewhere = panel.gatehouse.visitor()
    assert elsewhere.sign_in(OWNER_EMAIL).status_code == 200
    payload = {"password": PASSWORD, "method": "otp"}
    assert elsewhere.post("two-factor/enable", payload).status_code == 200


def first_step(panel: Panel, **headers: str) -> PanelBrowser:
    """A browser in which the owner's password was right."""
    browser = panel.visitor()
    response = browser.sign_in_to_panel(**headers)
    assert response.headers["location"].startswith(SECOND_STEP), response.headers
    return browser


def send_code(browser: PanelBrowser, code: str, way: str = "totp", **fields: str) -> httpx.Response:
    """Fill in the form of the second step and send it."""
    fields = {"methods": "totp,otp", "way": way, "code": code, **fields}
    return browser.send_form(SECOND_STEP, fields)


def why_of(response: httpx.Response) -> tuple[str, str]:
    """Return the page that a refused step leads to, and the reason that its address names."""
    assert response.status_code == 303, response.text
    target = urlsplit(response.headers["location"])
    return target.path, parse_qs(target.query)["why"][0]


@pytest.fixture
def mailing_panel(open_panel, mailbox) -> Panel:
    """An open panel; the owner, who chose codes by mail, receives mails in `mailbox`."""
    panel = open_panel(mailbox_file=mailbox.file)
    choose_mail_codes(panel)
    return panel


@pytest.fixture
def app(panel) -> App:
    """The authenticator app of the owner."""
    return enrol_owner(panel)


def test_after_the_password_the_code_of_the_app_opens_the_panel(panel, app):
    browser = panel.visitor()
    response = browser.sign_in_to_panel()
    assert (response.status_code, response.headers["location"]) == (303, TO_CODE)
    assert browser.get(HOME).headers["location"] == LOGIN
    page = browser.get(TO_CODE)
    assert f"<label>{words.FIELDS['totp']}<input" in page.text
    assert 'autocomplete="one-time-code" inputmode="numeric"' in page.text
    assert "<script" not in page.text
    code = app.code()
    response = send_code(browser, f" {code[:3]} {code[3:]} ")
    assert response.headers["location"] == "/admin/?tried=1"
    assert browser.get(HOME).json()["email"] == OWNER_EMAIL


def test_the_page_that_was_asked_for_survives_the_second_step(panel, app):
    browser = panel.visitor()
    form = {"email": OWNER_EMAIL, "password": PASSWORD, "next": USER_PAGE}
    asked = browser.send_form(LOGIN, form).headers["location"]
    page = unescape(browser.get(asked).text)
    assert f'name="next" value="{USER_PAGE}"' in page
    wrong = send_code(browser, "000000", next=USER_PAGE)
    assert why_of(wrong) == (SECOND_STEP, "wrong")
    assert f'name="next" value="{USER_PAGE}"' in unescape(
        browser.get(wrong.headers["location"]).text
    )
    response = send_code(browser, app.code(), next=USER_PAGE)
    assert response.headers["location"] == f"{USER_PAGE}&tried=1"


def test_the_second_step_leads_only_to_the_panels_own_pages(panel, app):
    response = send_code(first_step(panel), app.code(), next="https://evil.example/")
    assert response.headers["location"] == "/admin/?tried=1"


@pytest.mark.parametrize(
    ("settings", "headers", "name", "attributes"),
    [
        ({}, {}, "gatehouse_panel", "Path=/; HttpOnly; SameSite=Lax"),
        (HTTPS, {}, "__Host-gatehouse_panel", "Path=/; HttpOnly; Secure; SameSite=Lax"),
        (
            HTTPS,
            IN_A_FRAME,
            "__Host-gatehouse_panel_embed",
            "Path=/; HttpOnly; Secure; SameSite=None; Partitioned",
        ),
    ],
    ids=["plain http", "https", "https in a frame"],
)
def test_its_cookies_fit_where_the_browser_is(open_panel, settings, headers, name, attributes):
    panel = open_panel(**settings)
    app, browser = enrol_owner(panel), panel.visitor()
    response = browser.sign_in_to_panel(**headers)
    assert set_cookie_attributes(response) == {
        name: f"Max-Age=0; {attributes}",  # the API ends the session before
        f"{name}_challenge": f"Max-Age=600; {attributes}",
    }
    form = {"methods": "totp", "way": "totp", "code": app.code(), "trust": "1"}
    response = browser.send_form(SECOND_STEP, form, **headers)
    assert set_cookie_attributes(response) == {
        name: attributes,
        f"{name}_device": f"Max-Age=34560000; {attributes}",
        f"{name}_challenge": f"Max-Age=0; {attributes}",
        f"{name}_trusted": f"Max-Age=2592000; {attributes}",
    }


def test_in_a_frame_the_field_does_not_ask_for_the_focus(panel, app):
    browser = first_step(panel)
    assert "autofocus" in browser.get(TO_CODE).text
    assert "autofocus" not in browser.get(TO_CODE, headers=IN_A_FRAME).text


def test_a_trusted_browser_is_not_asked_again_and_another_one_is(panel, app):
    browser = first_step(panel)
    send_code(browser, app.code(), trust="1")
    first_token = browser.cookies["gatehouse_panel_trusted"]
    browser.post("/admin/logout", {})
    assert browser.sign_in_to_panel().headers["location"] == "/admin/?tried=1"
    assert browser.cookies["gatehouse_panel_trusted"] != first_token  # each works once
    browser.post("/admin/logout", {})
    panel.clock.advance(days=31)
    assert browser.sign_in_to_panel().headers["location"] == TO_CODE
    assert "gatehouse_panel_trusted" not in browser.cookies
    first_step(panel)


def test_a_backup_code_opens_it_once(panel, app):
    code = app.backup_codes[0]
    response = send_code(first_step(panel), f" {code} ", "backup")
    assert response.headers["location"] == "/admin/?tried=1"
    browser = first_step(panel)
    assert why_of(send_code(browser, code, "backup")) == (SECOND_STEP, "wrong-backup")
    page = browser.get(f"{SECOND_STEP}?methods=totp&way=backup&why=wrong-backup").text
    assert words.MESSAGES["wrong-backup"] in unescape(page)
    assert 'inputmode="numeric"' not in page


def test_a_code_is_mailed_where_it_was_chosen(mailing_panel, mailbox):
    browser = mailing_panel.visitor()
    asked = browser.sign_in_to_panel().headers["location"]
    page = browser.get(asked).text
    assert words.MAIL_CODE in page
    assert 'name="code"' not in page
    form = {"methods": "otp", "action": "send"}
    sent = browser.send_form(SECOND_STEP, form).headers["location"]
    page = browser.get(sent).text
    assert words.SENT in page
    assert words.MAIL_ANOTHER in page
    wrong = send_code(browser, "000000", "otp", sent="1")
    assert why_of(wrong) == (SECOND_STEP, "wrong-mailed")
    assert words.MESSAGES["wrong-mailed"] in browser.get(wrong.headers["location"]).text
    response = send_code(browser, mailbox.last("code", OWNER_EMAIL).code, "otp")
    assert response.headers["location"] == "/admin/?tried=1"


def test_a_mailed_code_that_is_too_old_is_told_from_a_wrong_one(mailing_panel, mailbox):
    browser = first_step(mailing_panel)
    browser.send_form(SECOND_STEP, {"methods": "otp", "action": "send"})
    code = mailbox.last("code", OWNER_EMAIL).code
    mailing_panel.clock.advance(minutes=4)
    assert why_of(send_code(browser, code, "otp")) == (SECOND_STEP, "expired")


def test_who_did_not_choose_mailed_codes_is_mailed_none(panel, app):
    browser = first_step(panel)
    assert words.MAIL_CODE not in browser.get(TO_CODE).text
    response = browser.send_form(SECOND_STEP, {"methods": "totp,otp", "action": "send"})
    assert why_of(response) == (SECOND_STEP, "not-mailed")


def test_a_clock_that_is_90_seconds_off_is_hinted_at(panel, app):
    browser = first_step(panel)
    response = send_code(browser, app.code(after=timedelta(seconds=90)))
    assert why_of(response) == (SECOND_STEP, "wrong")
    assert "a clock 90 seconds off is enough" in browser.get(response.headers["location"]).text


def test_after_five_wrong_codes_the_sign_in_begins_anew(panel, app):
    browser = first_step(panel)
    for _ in range(5):
        assert why_of(send_code(browser, "000000")) == (SECOND_STEP, "wrong")
    assert why_of(send_code(browser, app.code())) == (LOGIN, "too-many")
    assert sign_in_words.MESSAGES["too-many"] in browser.get(f"{LOGIN}?why=too-many").text
    assert why_of(send_code(browser, app.code())) == (LOGIN, "too-late")


def test_a_locked_account_says_for_how_long_and_a_backup_code_still_opens_it(panel, app):
    for _ in range(2):
        browser = first_step(panel)
        for _ in range(5):
            send_code(browser, "000000")
    browser = first_step(panel)
    response = send_code(browser, app.code())
    assert (response.status_code, response.headers["retry-after"]) == (429, "900")
    assert "Too many wrong codes. No more are taken for 15 minutes." in response.text
    assert words.WAYS["backup"] in response.text
    opened = send_code(browser, app.backup_codes[0], "backup")
    assert opened.headers["location"] == "/admin/?tried=1"


def test_too_many_requests_are_refused_in_words(open_panel):
    panel = open_panel(rate_limits=True)
    choose_mail_codes(panel)
    browser = first_step(panel)
    form = {"methods": "otp", "action": "send"}
    responses = [browser.send_form(SECOND_STEP, form) for _ in range(10)]
    assert [each.status_code for each in responses].count(303) <= 5
    assert re.search(r"Too many attempts\. Try again in \d+ seconds?\.", responses[-1].text)


def test_ten_minutes_later_it_is_too_late(panel, app):
    browser = first_step(panel)
    panel.clock.advance(minutes=11)
    assert why_of(send_code(browser, app.code())) == (LOGIN, "too-late")
    assert sign_in_words.MESSAGES["too-late"] in browser.get(f"{LOGIN}?why=too-late").text


def test_without_the_first_step_there_is_no_second(panel, app):
    stranger = panel.visitor()
    assert stranger.get(TO_CODE).headers["location"] == LOGIN
    assert why_of(send_code(stranger, app.code())) == (LOGIN, "too-late")
    assert stranger.get(HOME).headers["location"] == LOGIN


def test_who_is_no_admin_is_refused_after_the_second_step_and_leaves_no_session(panel):
    ada = panel.gatehouse.member("ada@example.com")
    app = enrol(panel.gatehouse, ada)
    ada.post("sign-out", {})
    give_role(panel.gatehouse, "ada@example.com", "admin")
    browser = panel.visitor()
    browser.sign_in_to_panel("ada@example.com")
    give_role(panel.gatehouse, "ada@example.com", "user")  # meanwhile
    response = send_code(browser, app.code(), trust="1")
    assert why_of(response) == (LOGIN, "refused")
    assert "set-cookie" not in response.headers
    assert count_sessions(panel, "ada@example.com") == 0


def test_a_banned_admin_is_refused_after_the_second_step(panel, app):
    browser = first_step(panel)
    panel.gatehouse.ban(OWNER_EMAIL)
    path, why = why_of(send_code(browser, app.code()))
    assert (path, why) in {(LOGIN, "refused"), (LOGIN, "too-late")}


def test_a_factor_removed_meanwhile_asks_to_begin_anew(panel, app):
    elsewhere = first_step(panel)
    browser = first_step(panel)
    send_code(elsewhere, app.code())
    token = elsewhere.cookies["gatehouse_panel"]
    visitor = panel.gatehouse.visitor()
    visitor.cookies["better-auth.session_token"] = token
    assert visitor.post("two-factor/disable", {"password": PASSWORD}).status_code == 200
    assert why_of(send_code(browser, app.code())) == (LOGIN, "too-late")
    assert browser.sign_in_to_panel().headers["location"] == "/admin/?tried=1"


@pytest.mark.parametrize("why", ["<script>alert(1)</script>", "nothing", ""])
def test_a_reason_we_do_not_know_is_not_shown(panel, app, why):
    page = first_step(panel).get(f"{TO_CODE}&why={why}").text
    assert 'class="notice' not in page
    assert "alert(1)" not in page


def test_another_site_cannot_send_the_code(panel, app):
    browser = first_step(panel)
    form = {"methods": "totp", "way": "totp", "code": app.code()}
    response = browser.send_form(SECOND_STEP, form, **{"sec-fetch-site": "cross-site"})
    assert response.status_code == 403
