"""The sign-in page: getting in, being refused, getting out."""

import base64
import hashlib
import re
from html import unescape
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import func, select

from backend.kernel.refusals import Refusal
from backend.storage.engine import DatabaseUnavailable
from backend.storage.tables import sessions
from panel.server.sign_in import words
from tests.make import PASSWORD
from tests.panel.conftest import HOME, LOGIN, LOGOUT, OWNER_EMAIL, Panel
from tests.panel.test_guard import JOIN, SPACE, browser_a_of_tester

HTTPS = {"public_url": "https://auth.example"}
IN_A_FRAME = {"sec-fetch-dest": "iframe"}


def set_cookie_attributes(response: httpx.Response) -> dict[str, str]:
    """Return the attributes of each cookie a response sets, by its name."""
    lines = response.headers.get_list("set-cookie")
    return {line.partition("=")[0]: line.partition("; ")[2] for line in lines}


def count_sessions(panel: Panel, email: str) -> int:
    of_user = sessions.c.user_id == panel.gatehouse.user_id(email)
    ((number,),) = panel.gatehouse.rows(select(func.count()).where(of_user))
    return number


def refusal_reason(response: httpx.Response) -> str:
    """Return why a sign-in was refused."""
    assert response.status_code == 303
    assert "set-cookie" not in response.headers
    path, _, why = response.headers["location"].partition("?why=")
    assert path == LOGIN
    return why


def test_the_page_is_a_form_that_needs_no_script(open_panel):
    response = open_panel(passkeys=False).visitor().get(LOGIN)
    assert response.status_code == 200
    assert "<script" not in response.text
    assert '<form method="post" action="/admin/login">' in response.text
    assert 'name="email" type="email" autocomplete="username" required autofocus' in response.text
    assert 'name="password" type="password" autocomplete="current-password"' in response.text
    assert response.headers["cache-control"] == "no-store"


def test_its_policy_allows_its_one_style_sheet_and_nothing_else(open_panel):
    response = open_panel(passkeys=False).visitor().get(LOGIN)
    style = re.search("<style>(.*?)</style>", response.text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert response.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    assert re.findall(r"\sstyle=|\son\w+=", response.text) == []


def test_in_the_frame_of_another_site_it_does_not_ask_for_the_focus(shared_panel):
    assert "autofocus" not in shared_panel.visitor().get(LOGIN, headers=IN_A_FRAME).text


def test_the_right_password_of_an_admin_opens_the_panel(panel):
    browser = panel.visitor()
    response = browser.sign_in_to_panel()
    assert (response.status_code, response.headers["location"]) == (303, "/admin/?tried=1")
    assert browser.get("/admin/?tried=1").headers["location"] == HOME
    assert browser.get(HOME).json()["email"] == OWNER_EMAIL


DEVICE = "Max-Age=34560000; "
DIRECT = "Path=/; HttpOnly; Secure; SameSite=Lax"
EMBEDDED = "Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
PLAIN = "Path=/; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize(
    ("settings", "headers", "name", "attributes"),
    [
        ({}, {}, "gatehouse_panel", PLAIN),
        ({}, IN_A_FRAME, "gatehouse_panel", PLAIN),
        (HTTPS, {}, "__Host-gatehouse_panel", DIRECT),
        (HTTPS, IN_A_FRAME, "__Host-gatehouse_panel_embed", EMBEDDED),
    ],
    ids=["plain http", "plain http in a frame", "https", "https in a frame"],
)
def test_the_cookie_fits_where_the_browser_is(open_panel, settings, headers, name, attributes):
    browser = open_panel(**settings).visitor()
    response = browser.sign_in_to_panel(**headers)
    assert set_cookie_attributes(response) == {
        name: attributes,
        f"{name}_device": DEVICE + attributes,
    }
    assert browser.get(HOME).status_code == 200


def test_over_https_the_cookie_of_plain_http_counts_for_nothing(open_panel):
    browser = open_panel(**HTTPS).owner()
    browser.cookies = {"gatehouse_panel": browser.cookies["__Host-gatehouse_panel"]}
    assert browser.get(HOME).headers["location"] == LOGIN


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (OWNER_EMAIL, "not the password"),
        ("nobody@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("", ""),
        (OWNER_EMAIL, "\x00"),
        (OWNER_EMAIL, "long " * 200),
        ("a" * 5000 + "@example.com", PASSWORD),
    ],
)
def test_what_does_not_match_is_refused_in_one_and_the_same_way(shared_panel, email, password):
    browser = shared_panel.visitor()
    assert refusal_reason(browser.sign_in_to_panel(email, password)) == "refused"
    assert words.MESSAGES["refused"] in browser.get(f"{LOGIN}?why=refused").text


def test_who_is_no_admin_is_refused_as_for_a_wrong_password_and_leaves_no_session(panel):
    panel.gatehouse.member("ada@example.com").post("sign-out", {})
    with_right_password, with_wrong_password = panel.visitor(), panel.visitor()
    responses = [
        with_right_password.sign_in_to_panel("ada@example.com"),
        with_wrong_password.sign_in_to_panel("ada@example.com", "x"),
    ]
    assert [refusal_reason(response) for response in responses] == ["refused", "refused"]
    assert count_sessions(panel, "ada@example.com") == 0


def test_a_banned_admin_is_refused(panel):
    panel.gatehouse.ban(OWNER_EMAIL)
    assert refusal_reason(panel.visitor().sign_in_to_panel()) == "refused"


def test_signing_in_again_ends_the_session_before(panel):
    browser = panel.owner()
    old_cookies = dict(browser.cookies)
    browser.sign_in_to_panel()
    assert count_sessions(panel, OWNER_EMAIL) == 1
    browser.cookies = old_cookies
    assert browser.get(HOME).headers["location"] == LOGIN


def test_the_api_sees_who_really_asks(panel):
    browser = panel.visitor(address="10.3.2.1", **{"user-agent": "Phone/2"})
    browser.sign_in_to_panel(**{"x-forwarded-for": "198.51.100.66, 203.0.113.80"})
    (event,) = [event for event in panel.gatehouse.events() if event.kind == "sign_in"]
    assert (event.address, event.user_agent) == ("203.0.113.80", "Phone/2")


def test_who_is_no_trusted_proxy_cannot_pose_as_another(panel):
    browser = panel.visitor(address="203.0.113.7")
    browser.sign_in_to_panel(**{"x-forwarded-for": "198.51.100.66"})
    assert browser.get(HOME).json()["address"] == "203.0.113.7"


def test_too_many_attempts_are_refused_in_words_and_only_for_that_address(open_panel):
    panel = open_panel(rate_limits=True)
    browser = panel.visitor()
    for _ in range(3):
        assert refusal_reason(browser.sign_in_to_panel(password="guess")) == "refused"
    response = browser.sign_in_to_panel()
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 10
    assert re.search(r"Too many attempts\. Try again in \d+ seconds?\.", response.text)
    assert '<form method="post"' in response.text
    assert panel.visitor(address="198.51.100.9").sign_in_to_panel().status_code == 303


def test_strangers_guesses_do_not_lock_the_owner_out_of_a_browser_used_before(open_panel):
    panel = open_panel(rate_limits=True)
    browser = panel.owner()
    browser.post(LOGOUT, {})
    for number in range(1, 12):
        panel.visitor(address=f"198.51.{number}.1").sign_in_to_panel(password="guess")
    assert panel.visitor(address="192.0.2.1").sign_in_to_panel().status_code == 429
    assert browser.sign_in_to_panel().status_code == 303


def test_a_busy_server_is_told_from_a_refusal(panel):
    with pytest.raises(Refusal):
        for _ in range(1000):
            panel.gatehouse.context.pools.hash_queue.acquire()
    response = panel.visitor().sign_in_to_panel()
    assert response.status_code == 503
    assert "The server is busy" in response.text


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"email": "x"}', {"content-type": "application/json"}),
        (b"email=x", {"content-type": "text/plain"}),
        (b"email=x", {"content-type": None}),
        (b"email=\xff", {}),
        (b"email=" + b"x" * 20_000, {}),
        (b"&".join(b"a=b" for _ in range(100)), {}),
    ],
    ids=["json", "text", "nothing", "not ascii", "too long", "too many fields"],
)
def test_what_is_not_the_form_is_not_read(shared_panel, body, headers):
    payload = {"content-type": "application/x-www-form-urlencoded", **headers}
    response = shared_panel.visitor().post(LOGIN, raw=body, headers=payload)
    assert response.status_code == 415


def test_a_form_without_fields_is_refused_like_any_other(shared_panel):
    assert (
        refusal_reason(shared_panel.visitor().send_form(LOGIN, {"username": "admin"})) == "refused"
    )


def test_when_the_browser_drops_the_cookie_the_page_says_so(open_panel):
    browser = open_panel(**SPACE, space_host=("abc-space.hf.space",)).visitor()
    browser.sign_in_to_panel(**IN_A_FRAME)
    browser.cookies.clear()
    response = browser.get("/admin/?tried=1", headers=IN_A_FRAME)
    assert response.headers["location"] == f"{LOGIN}?why=no-cookie"
    page = browser.get(f"{LOGIN}?why=no-cookie", headers=IN_A_FRAME).text
    assert words.DROPPED_IN_FRAME in page
    assert '<a href="/admin/" target="_blank" rel="noopener">' in page
    assert words.DROPPED_DIRECT in unescape(browser.get(f"{LOGIN}?why=no-cookie").text)


@pytest.mark.parametrize("why", ["<script>alert(1)</script>", "nothing", "refused&why=x", ""])
def test_a_reason_we_do_not_know_is_not_shown(shared_panel, why):
    browser = shared_panel.visitor()
    page = browser.get(f"{LOGIN}?why={why}").text
    assert 'class="notice error" role' in browser.get(f"{LOGIN}?why=refused").text
    assert 'class="notice error" role' not in page
    assert "alert(1)" not in page


def test_signing_out_ends_the_session_and_empties_the_browsers(panel):
    browser = panel.owner()
    old_cookies = dict(browser.cookies)
    browser_a_of_tester(panel, browser).signed_in_as = "ada@example.com"
    response = browser.post(LOGOUT, {})
    assert response.headers["location"] == f"{LOGIN}?why=out"
    assert set_cookie_attributes(response) == {"gatehouse_panel": f"Max-Age=0; {PLAIN}"}
    assert count_sessions(panel, OWNER_EMAIL) == 0
    browser.cookies = old_cookies
    assert browser_a_of_tester(panel, browser).signed_in_as is None
    assert browser.post(JOIN, {}).status_code == 401


def test_over_https_signing_out_clears_the_cookies_of_both_contexts(open_panel):
    response = open_panel(**HTTPS).owner().post(LOGOUT, {})
    assert set_cookie_attributes(response) == {
        "__Host-gatehouse_panel": f"Max-Age=0; {DIRECT}",
        "__Host-gatehouse_panel_embed": f"Max-Age=0; {EMBEDDED}",
    }


def test_who_is_not_signed_in_may_sign_out_too(shared_panel):
    assert shared_panel.visitor().post(LOGOUT, {}).headers["location"] == f"{LOGIN}?why=out"


def test_a_sign_out_that_failed_does_not_say_it_worked(panel, monkeypatch):
    def fail():
        raise DatabaseUnavailable("gone")

    browser = panel.owner()
    monkeypatch.setattr(panel.gatehouse.context.runtime.database, "write", fail)
    response = browser.post(LOGOUT, {})
    assert response.status_code == 503
    assert "set-cookie" not in response.headers


def test_without_a_first_admin_the_page_says_how_to_make_one(open_panel):
    page = open_panel(admin_email="", admin_password=None).visitor().get(LOGIN).text
    assert words.FIRST_ADMIN in unescape(page)


def test_with_one_it_says_nothing_of_the_kind(shared_panel):
    assert words.FIRST_ADMIN_TITLE not in shared_panel.visitor().get(LOGIN).text


def test_a_generated_key_is_a_warning_on_a_space(open_panel):
    panel = open_panel(**SPACE, secret_key=None, space_host=("abc-space.hf.space",))
    assert words.GENERATED_KEY in unescape(panel.visitor().get(LOGIN).text)


@pytest.mark.parametrize("settings", [{"secret_key": None}, SPACE], ids=["development", "key set"])
def test_elsewhere_there_is_no_such_warning(open_panel, settings):
    assert words.NO_KEY not in open_panel(**settings).visitor().get(LOGIN).text


def test_the_name_of_the_application_is_shown_as_text(open_panel):
    page = open_panel(app_name="<b>A & B</b>").visitor().get(LOGIN).text
    assert "<h1>&lt;b&gt;A &amp; B&lt;/b&gt;</h1>" in page


USER_PAGE = "/admin/users?id=0190a1b2-0000-7000-8000-000000000001"
ON_USER_PAGE = f"{LOGIN}?next={quote(USER_PAGE, safe='')}"


def test_signing_in_leads_to_the_page_that_was_asked_for(panel):
    browser = panel.visitor()
    assert browser.get(USER_PAGE).headers["location"] == ON_USER_PAGE
    page = browser.get(ON_USER_PAGE).text
    assert f'<input type="hidden" name="next" value="{USER_PAGE}">' in unescape(page)
    form = {"email": OWNER_EMAIL, "password": "mistyped", "next": USER_PAGE}
    again = browser.send_form(LOGIN, form).headers["location"]
    assert again == ON_USER_PAGE.replace("?next", "?why=refused&next")
    response = browser.send_form(LOGIN, {**form, "password": PASSWORD})
    assert response.headers["location"] == f"{USER_PAGE}&tried=1"
    assert browser.get(f"{USER_PAGE}&tried=1").headers["location"] == USER_PAGE


def test_a_dropped_cookie_loses_neither_the_page_nor_the_reason(shared_panel):
    response = shared_panel.visitor().get(f"{USER_PAGE}&tried=1")
    assert response.headers["location"] == ON_USER_PAGE.replace("?next", "?why=no-cookie&next")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/admin/users",
        "/\\evil.example",
        "https:/admin/users",
        "/admin/users/../../evil",
        "/admin/logout",
        "/api/auth/sign-out",
        "javascript:alert(1)",
        "/admin/users\r\nset-cookie: a=b",
        "/admin/users#@evil.example",
        "x" * 5000,
        "",
    ],
)
def test_signing_in_leads_only_to_the_panels_own_pages(panel, target):
    browser = panel.visitor()
    assert 'name="next"' not in browser.get(f"{LOGIN}?next={quote(target)}").text
    form = {"email": OWNER_EMAIL, "password": PASSWORD, "next": target}
    assert browser.send_form(LOGIN, form).headers["location"] == f"{HOME}?tried=1"


def test_of_a_pages_parameters_only_those_it_knows_are_kept(shared_panel):
    asked = "/admin/events?kind=sign_in&next=https://evil.example&x=%0d%0ay&search=a%20b"
    response = shared_panel.visitor().get(asked)
    kept = quote("/admin/events?kind=sign_in&search=a%20b", safe="")
    assert response.headers["location"] == f"{LOGIN}?next={kept}"
