"""Threat: what opens a mailed link before its reader uses it up, or signs itself in.

Scanners of mail gateways, previews of chat programs and prefetching browsers open every link
(decision 0032). Whatever leaves a doubt gets a page with a button.
"""

import re

import pytest
from sqlalchemy import select

from backend.storage.tables import links, sessions
from tests.in_process import Gatehouse, cookie_lines
from tests.magic import ADA, CLICK, FETCH, ask, click, press_button

APP = "https://app.example.com"
SCANNERS = {
    "a program": {},
    "requests": {"accept": "*/*", "user-agent": "python-requests/2.32"},
    "a Node library": {"accept": "application/json, text/plain, */*", "user-agent": "axios/1.7"},
    "a Node program": {"accept": "*/*", "sec-fetch-mode": "cors", "user-agent": "node"},
    "a browser without a window": CLICK,
    "a preview with a referrer": {"accept": "*/*", "referer": "https://mail.example.org/inbox"},
    "an image": {**FETCH, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
    "a frame": {**CLICK, "sec-fetch-dest": "iframe", "sec-fetch-site": "cross-site"},
    "another site's fetch": {**FETCH, "sec-fetch-site": "cross-site", "origin": APP + ".evil.test"},
    "another site's fetch of JSON": {
        **FETCH,
        "accept": "application/json",
        "sec-fetch-site": "cross-site",
        "origin": "https://evil.example",
    },
    "a sandbox": {**FETCH, "origin": "null"},
    "a fetch without a mode": {"accept": "*/*", "sec-fetch-site": "same-origin", "origin": "null"},
    "a navigation of the app": {**CLICK, "referer": f"{APP}/", "sec-fetch-site": "cross-site"},
}
OPENERS = {
    "the page's own fetch": FETCH,
    "a fetch of the app's page": {**FETCH, "sec-fetch-site": "cross-site", "origin": APP},
    "an old browser's fetch": {"accept": "*/*", "referer": f"{APP}/in"},
    "a phone's app": {"accept": "*/*", "expo-origin": "myapp://"},
    "a program that wants JSON": {"accept": "application/json"},
}
FRONTENDS = (APP, "myapp://")


@pytest.fixture
def gatehouse(start_mailing) -> Gatehouse:
    return start_mailing(frontend_url=FRONTENDS)


@pytest.mark.parametrize("headers", SCANNERS.values(), ids=SCANNERS)
def test_a_scanner_gets_a_page_and_no_session_and_the_link_still_works(gatehouse, mailbox, headers):
    ada, scanner = gatehouse.visitor(), gatehouse.visitor("198.51.100.66")
    mail = ask(ada, mailbox)
    for _ in range(2):
        response = scanner.get(mail.path, headers=headers)
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert "set-cookie" not in response.headers
    assert gatehouse.rows(select(sessions.c.id)) == []
    assert click(ada, mail).headers["location"].endswith("/in")
    assert ada.session()["user"]["email"] == ADA


def test_only_looking_does_not_even_read_the_link(gatehouse, mailbox):
    ada = gatehouse.visitor()
    mail = ask(ada, mailbox)
    with gatehouse.statements() as statements:
        responses = [each.send("HEAD", mail.path) for each in (ada, gatehouse.visitor())]
    assert statements == []
    assert [(each.status_code, each.content) for each in responses] == [(200, b"")] * 2
    assert [row.used_at for row in gatehouse.rows(select(links.c.used_at))] == [None]


def test_somebody_who_reads_mail_in_another_browser_presses_the_button(
    any_mailing_gatehouse, mailbox
):
    gatehouse = any_mailing_gatehouse
    mail = ask(gatehouse.visitor(), mailbox, newUserCallbackURL="/welcome")
    gatehouse.visitor().get(mail.path)  # a scanner
    phone = gatehouse.visitor()
    assert click(phone, mail).status_code == 200
    assert phone.session_cookie is None

    response = press_button(phone, mail)

    assert response.status_code == 302
    assert response.headers["location"] == f"{gatehouse.settings.base_url}/welcome"
    assert phone.session()["user"]["email"] == ADA
    again = press_button(gatehouse.visitor(), mail)
    assert again.headers["location"].endswith("/in?error=INVALID_TOKEN")
    assert click(gatehouse.visitor(), mail).headers["location"].endswith("/in?error=INVALID_TOKEN")


@pytest.mark.parametrize("header", ["sec-purpose", "purpose", "x-moz"])
@pytest.mark.parametrize("value", ["prefetch", "prefetch;prerender"])
def test_a_browser_that_only_prepares_for_a_click_uses_nothing_up(
    gatehouse, mailbox, header, value
):
    ada = gatehouse.visitor()
    mail = ask(ada, mailbox)
    response = ada.get(mail.path, headers={**CLICK, header: value})
    assert (response.status_code, ada.session_cookie) == (200, None)
    assert click(ada, mail).status_code == 302


@pytest.mark.parametrize("headers", OPENERS.values(), ids=OPENERS)
def test_who_asks_on_purpose_needs_no_button(gatehouse, mailbox, headers):
    mail = ask(gatehouse.visitor(), mailbox)
    program = gatehouse.visitor()
    response = program.get(f"magic-link/verify?token={mail.token}", headers=headers)
    assert response.json()["user"]["email"] == ADA
    assert "session_token" in cookie_lines(response)


def test_of_two_links_for_one_browser_both_work_in_it(gatehouse, mailbox):
    ada = gatehouse.visitor()
    mails = [ask(ada, mailbox, email) for email in (ADA, "other@example.com")]
    for mail in mails:
        assert click(ada, mail).status_code == 302
        assert ada.session()["user"]["email"] == mail.to


def test_the_browser_is_known_for_as_long_as_the_link_works(start_mailing, mailbox):
    gatehouse = start_mailing(magic_link_lifetime=900)
    response = gatehouse.visitor().post("sign-in/magic-link", {"email": ADA})
    line = cookie_lines(response)["magic_link"]
    assert "; Max-Age=900; Path=/; HttpOnly; SameSite=Lax" in line
    (data,) = gatehouse.rows(select(links.c.data))
    value = line.partition("=")[2].partition(".")[0].removeprefix("magic-link-")
    assert value not in str(data)


@pytest.mark.parametrize("cookie", ["device", "magic_link", "two_factor"])
def test_a_cookie_of_another_purpose_does_not_make_it_the_browser(gatehouse, mailbox, cookie):
    mail = ask(gatehouse.visitor(), mailbox)
    other = gatehouse.member("other@example.com")
    ask(other, mailbox, "other@example.com")
    name = "better-auth.two_factor" if cookie == "two_factor" else f"gatehouse.{cookie}"
    value = other.cookies.get(name, "x.y")
    stranger = gatehouse.visitor()
    stranger.cookies["gatehouse.magic_link"] = value
    assert click(stranger, mail).status_code == 200
    assert stranger.session_cookie is None


class TestThePage:
    @pytest.fixture
    def page(self, start_mailing, mailbox):
        gatehouse = start_mailing(app_name="A & <b>", frontend_url=FRONTENDS)
        mail = ask(gatehouse.visitor(), mailbox, "o'hara@example.com")
        return click(gatehouse.visitor(), mail)

    def test_it_shows_whose_account_is_about_to_be_opened(self, page):
        assert "<h1>Sign in to A &amp; &lt;b&gt;?</h1>" in page.text
        assert "<strong>o&#39;hara@example.com</strong>" in page.text
        assert '<html lang="en">' in page.text
        assert '<form method="post"><button>Sign in</button></form>' in page.text

    def test_nothing_of_the_link_is_in_it_and_it_works_below_any_address(self, page):
        assert "token" not in page.text
        assert not re.search(r"(href|src|action)=", page.text)

    def test_nobody_frames_it_keeps_it_or_learns_of_it(self, page):
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "strict-origin"
        assert page.headers["x-content-type-options"] == "nosniff"
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
