"""Threat: a foreign page makes its visitor's browser act, or signs it in as somebody else."""

import pytest

from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.scene import cookies_of, refusal

EVIL = "https://evil.example"
CHANGES = {
    "update-user": {"name": "Hacked"},
    "revoke-session": {"token": "x"},
    "revoke-sessions": {},
    "revoke-other-sessions": {},
    "sign-out": {},
    "update-session": {},
    "sign-in/email": {"email": "mallory@example.com", "password": PASSWORD},
    "sign-up/email": {"name": "M", "email": "new@example.com", "password": PASSWORD},
}
FOREIGN = {
    "a foreign origin": ({"origin": EVIL}, "INVALID_ORIGIN"),
    "a sandboxed frame": ({"origin": "null"}, "MISSING_OR_NULL_ORIGIN"),
    "a foreign referer": ({"origin": None, "referer": f"{EVIL}/x"}, "INVALID_ORIGIN"),
    "no origin": ({"origin": None}, "MISSING_OR_NULL_ORIGIN"),
    "an empty origin": ({"origin": ""}, "MISSING_OR_NULL_ORIGIN"),
    "a look-alike": ({"origin": "http://localhost:78600"}, "INVALID_ORIGIN"),
    "the other scheme": ({"origin": "https://localhost:7860"}, "INVALID_ORIGIN"),
    "two origins": ({"origin": f"http://localhost:7860, {EVIL}"}, "INVALID_ORIGIN"),
}


@pytest.fixture
def ada(gatehouse: Gatehouse) -> Visitor:
    gatehouse.member("mallory@example.com")
    return gatehouse.member()


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("attack", FOREIGN)
def test_a_foreign_page_changes_nothing(gatehouse, ada, path, attack):
    headers, code = FOREIGN[attack]
    before = ada.session(), gatehouse.events()
    response = ada.post(path, CHANGES[path], headers=headers)
    assert (response.status_code, response.json()) == (403, refusal(code))
    assert cookies_of(response) == []
    assert (ada.session(), gatehouse.events()) == before


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data; boundary=x", "", None]
)
def test_what_a_form_can_send_is_not_read_as_json(ada, path, content_type):
    raw = b'{"name": "Hacked", "email": "mallory@example.com", "password": "correct horse battery"}'
    response = ada.post(path, raw=raw, headers={"content-type": content_type, "origin": EVIL})
    assert response.status_code == 415
    assert ada.session()["user"]["name"] == "Ada"


@pytest.mark.parametrize("path", ["sign-in/email", "sign-up/email"])
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"origin": EVIL}, "INVALID_ORIGIN"),
        ({"origin": None, "referer": EVIL}, "INVALID_ORIGIN"),
        (
            {"origin": EVIL, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
            "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
        ),
        ({"origin": None, "sec-fetch-site": "cross-site"}, "MISSING_OR_NULL_ORIGIN"),
    ],
)
@pytest.mark.parametrize("kind", ["json", "form"])
def test_nobody_is_signed_in_by_a_foreign_page(gatehouse, ada, path, headers, code, kind):
    stranger = gatehouse.visitor()
    if kind == "form":
        raw = b"name=M&email=mallory%40example.com&password=correct+horse+battery"
        form = {**headers, "content-type": "application/x-www-form-urlencoded"}
        response = stranger.post(path, raw=raw, headers=form)
    else:
        response = stranger.post(path, CHANGES[path], headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, code)
    assert stranger.cookies == {}


def test_a_script_without_browser_or_cookie_may_sign_in(gatehouse, ada):
    script = gatehouse.visitor()
    response = script.post("sign-in/email", CHANGES["sign-in/email"], headers={"origin": None})
    assert response.status_code == 200


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_changes_nothing(gatehouse, ada, path, method):
    before = ada.session(), gatehouse.events()
    headers = {"x-http-method-override": "POST", "x-method-override": "POST"}
    response = ada.send(method, f"{path}?_method=POST", headers=headers)
    assert response.status_code == 404
    assert (ada.session(), gatehouse.events()) == before


def test_every_session_cookie_stays_on_its_own_site(gatehouse):
    visitor = gatehouse.visitor()
    lines = visitor.sign_up(rememberMe=False).headers.get_list("set-cookie")
    # The session, that it is not remembered, the device; and for scripts, how they signed in.
    assert ["; HttpOnly" in line for line in lines] == [True, True, True, False]
    assert all("; SameSite=Lax" in line for line in lines)
    assert not any("domain=" in line.lower() for line in lines)


APP = {"expo-origin": "myapp://"}
BESIDE_AN_APP = {
    "the app alone": ({}, None),
    "another app": ({"expo-origin": "otherapp://"}, "INVALID_ORIGIN"),
    "a site that is trusted": (
        {"expo-origin": "https://app.example.com"},
        "MISSING_OR_NULL_ORIGIN",
    ),
    "a foreign origin": ({"origin": EVIL}, "INVALID_ORIGIN"),
    "a sandboxed frame": ({"origin": "null"}, "MISSING_OR_NULL_ORIGIN"),
    "a foreign referer": ({"referer": f"{EVIL}/x"}, "INVALID_ORIGIN"),
    "a browser without an origin": ({"sec-fetch-site": "cross-site"}, "MISSING_OR_NULL_ORIGIN"),
}


@pytest.mark.parametrize("case", BESIDE_AN_APP)
def test_a_page_cannot_pass_for_an_app(start, case):
    """Phones name their app in a header of Better Auth's, which a page could send, too."""
    headers, code = BESIDE_AN_APP[case]
    ada = start(frontend_url="https://app.example.com,myapp://").member()
    response = ada.post("update-user", {"name": "A"}, headers={"origin": None, **APP, **headers})
    assert response.status_code == (403 if code else 200)
    assert response.json() == (refusal(code) if code else {"status": True})


def test_a_foreign_page_may_not_send_the_header_of_apps(gatehouse):
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "expo-origin",
    }
    response = gatehouse.visitor().send("OPTIONS", "update-user", headers={"origin": EVIL, **asked})
    assert not any(name.startswith("access-control-") for name in response.headers)
