"""Threat: a subdomain that belongs to somebody else.

By default it never receives the session cookie. COOKIE_DOMAIN sends it there: what such a host can
do then is what the settings page says, and no more.
"""

from email.message import Message
from http.cookiejar import CookieJar
from types import SimpleNamespace
from urllib.request import Request

import httpx
import pytest

from tests.in_process import Gatehouse, Visitor

AUTH, SIBLING, STRANGER = (
    "https://auth.example.com",
    "https://blog.example.com",
    "https://evil.example",
)
NAME = "__Secure-better-auth.session_token"
LAST_WAY = "better-auth.last_used_login_method"


def keep(jar: CookieJar, response: httpx.Response) -> None:
    """Keep the cookies of a response of the server as a browser does (RFC 6265)."""
    headers = Message()
    for line in response.headers.get_list("set-cookie"):
        headers["Set-Cookie"] = line
    jar.extract_cookies(SimpleNamespace(info=lambda: headers), Request(AUTH))  # type: ignore[arg-type]


def sent_to(jar: CookieJar, url: str) -> str:
    """The Cookie header that the browser sends to an address."""
    request = Request(url)  # noqa: S310  nothing is opened
    jar.add_cookie_header(request)
    return request.get_header("Cookie") or ""


def names_in(header: str) -> set[str]:
    return {part.partition("=")[0].strip() for part in header.split(";") if part}


@pytest.fixture
def shared(start) -> Gatehouse:
    return start(public_url=AUTH, cookie_domain="example.com")


@pytest.fixture
def jar() -> CookieJar:
    return CookieJar()


def read_session(gatehouse: Gatehouse, cookies: str) -> object:
    return gatehouse.visitor().get("get-session", headers={"cookie": cookies}).json()


def test_without_the_setting_no_sibling_receives_anything(start, jar):
    visitor = start(public_url=AUTH).visitor()
    keep(jar, visitor.sign_up())
    assert NAME in names_in(sent_to(jar, AUTH))
    assert sent_to(jar, SIBLING) == ""


def test_with_it_siblings_receive_the_session_and_nothing_of_ours(shared, jar):
    keep(jar, shared.visitor().sign_up())
    assert names_in(sent_to(jar, SIBLING)) == {NAME, LAST_WAY}
    assert names_in(sent_to(jar, AUTH)) == {NAME, LAST_WAY, "__Secure-gatehouse.device"}
    assert sent_to(jar, STRANGER) == ""
    assert read_session(shared, sent_to(jar, SIBLING)) is not None


def test_pages_of_a_sibling_cannot_write_unless_their_origin_is_trusted(shared, jar):
    keep(jar, shared.visitor().sign_up())
    headers = {"cookie": sent_to(jar, AUTH), "origin": SIBLING, "sec-fetch-site": "same-site"}
    response = shared.visitor().post("update-user", {"name": "Eve"}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "INVALID_ORIGIN")
    assert "access-control-allow-origin" not in response.headers


def test_what_a_sibling_kept_is_worth_nothing_after_signing_out(shared, jar):
    visitor = shared.visitor()
    keep(jar, visitor.sign_up())
    stolen = sent_to(jar, SIBLING)
    keep(jar, visitor.post("sign-out"))
    left = names_in(sent_to(jar, SIBLING)) | names_in(sent_to(jar, AUTH))
    assert left == {LAST_WAY, "__Secure-gatehouse.device"}
    assert read_session(shared, stolen) is None


@pytest.fixture
def moved(start, tmp_path, jar) -> tuple[Gatehouse, Visitor]:
    """A browser that signed in before the domain was set, and the server since then."""
    before = start(public_url=AUTH, data_dir=tmp_path / "data")
    visitor = before.member()
    jar.clear()
    keep(jar, visitor.sign_in())
    before.close()
    return start(public_url=AUTH, cookie_domain="example.com", data_dir=tmp_path / "data"), visitor


def test_who_is_signed_in_stays_so_when_the_domain_is_set(moved, jar):
    gatehouse, _ = moved
    assert read_session(gatehouse, sent_to(jar, AUTH)) is not None


def test_a_cookie_of_before_keeps_nobody_signed_in(moved, jar):
    gatehouse, _ = moved
    cookies = sent_to(jar, AUTH)
    keep(jar, gatehouse.visitor().post("sign-out", headers={"cookie": cookies}))
    assert NAME not in names_in(sent_to(jar, AUTH))
    assert read_session(gatehouse, cookies) is None


def test_a_cookie_of_before_keeps_nobody_signed_out_or_somebody_else(moved, jar):
    gatehouse, _ = moved
    bob = gatehouse.visitor()
    keep(jar, bob.sign_up("bob@example.com"))
    assert sent_to(jar, AUTH).count(f"{NAME}=") == 1
    session = read_session(gatehouse, sent_to(jar, AUTH))
    assert session["user"]["email"] == "bob@example.com"  # type: ignore[index]
