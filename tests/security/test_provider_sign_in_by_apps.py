"""Threat: the door that lets an app go on in the phone's browser lets others in (RFC 9700, 4.7).

An app begins to sign in with a request of its own, but the state has to be in the browser in which
the person goes to the provider. `/expo-authorization-proxy` puts it there, for whoever opens it: a
link to it must not lead elsewhere, nor sign a browser in to a stranger's account.
"""

from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import pytest

from tests.in_process import Gatehouse, Visitor, cookie_lines
from tests.lax_provider import LaxProvider, begin, come_back, lax, other, person, start_lax
from tests.second_factor import enrol

__all__ = ["lax", "other", "start_lax"]

APP = {"origin": None, "expo-origin": "myapp://"}
PAGES = {"callbackURL": "myapp://in", "errorCallbackURL": "myapp://oops"}
SPACE, SITE = "owner-name.hf.space", "https://app.example.com"
INVALID, NO_STATE = "Invalid authorizationURL", "Unexpected error"


@pytest.fixture
def gatehouse(start_lax) -> Gatehouse:
    return start_lax(frontend_url="myapp://")


def begin_in_app(visitor: Visitor, provider: LaxProvider, path: str = "sign-in/social") -> str:
    """Choose a provider in an app; returns its URL."""
    response = visitor.post(path, {"provider": provider.id, **PAGES}, headers=APP)
    assert response.status_code == 200, response.text
    url: str = response.json()["url"]
    return url


def open_proxy(browser: Visitor, url: str) -> httpx.Response:
    """Open what the Expo client opens in the phone's browser."""
    return browser.get(f"expo-authorization-proxy?{urlencode({'authorizationURL': url})}")


def cookies_of(location: str) -> dict[str, str]:
    """The cookies that a link hands to the app."""
    (lines,) = parse_qs(urlsplit(location).query)["cookie"]
    pairs = (line.partition(";")[0].split("=", 1) for line in lines.split(", better-auth."))
    return {f"better-auth.{name.removeprefix('better-auth.')}": value for name, value in pairs}


def sign_in_by_app(app: Visitor, browser: Visitor, provider: LaxProvider) -> str:
    """Sign in from an app, through the phone's browser; returns the link back into the app."""
    url = begin_in_app(app, provider)
    assert open_proxy(browser, url).headers["location"] == url
    return come_back(browser, provider.answer(url, person()))


def test_the_app_is_signed_in_and_the_browser_stays_as_it_was(gatehouse, lax):
    app, browser = gatehouse.visitor(), gatehouse.visitor()
    browser.sign_up("grace@example.com")
    link = sign_in_by_app(app, browser, lax)
    assert link.startswith("myapp://in?")
    app.cookies = cookies_of(link)
    assert app.session()["user"]["email"] == "ada@example.com"
    assert browser.session()["user"]["email"] == "grace@example.com"
    assert "better-auth.state" not in browser.cookies


def test_a_link_does_not_sign_a_browser_in_to_a_strangers_account(gatehouse, lax):
    mallory, victim = gatehouse.visitor(), gatehouse.visitor()
    url = begin_in_app(mallory, lax)
    callback = lax.answer(url, person("mallory", "mallory@example.com"))
    assert open_proxy(victim, url).status_code == 302  # both as links that the victim follows
    assert come_back(victim, callback).startswith("myapp://in?")
    assert victim.session() is None
    assert victim.cookies == {}


def test_without_strict_the_browser_is_signed_in_as_well(start_lax, lax):
    gatehouse = start_lax(frontend_url="myapp://", strict=False)
    browser = gatehouse.visitor()
    sign_in_by_app(gatehouse.visitor(), browser, lax)
    assert browser.session()["user"]["email"] == "ada@example.com"


def test_a_second_step_is_handed_to_the_app_alone(gatehouse, lax):
    app, browser = gatehouse.visitor(), gatehouse.visitor()
    app.cookies = cookies_of(sign_in_by_app(app, browser, lax))
    factor = enrol(gatehouse, app)
    phone = gatehouse.visitor()
    link = sign_in_by_app(phone, browser, lax)
    assert parse_qs(urlsplit(link).query)["twoFactorRedirect"] == ["true"]
    assert browser.cookies == {}
    phone.cookies = cookies_of(link)
    assert phone.session() is None
    assert phone.post("two-factor/verify-totp", {"code": factor.code()}).status_code == 200
    assert phone.session()["user"]["email"] == "ada@example.com"


def test_an_account_is_linked_from_an_app(gatehouse, lax, other):
    app, browser = gatehouse.visitor(), gatehouse.visitor()
    app.cookies = cookies_of(sign_in_by_app(app, browser, lax))
    url = begin_in_app(app, other, "link-social")
    open_proxy(browser, url)
    assert come_back(browser, other.answer(url, person("ada2"))).startswith("myapp://in?cookie=")
    providers = [each["providerId"] for each in app.get("list-accounts").json()]
    assert providers == ["lax", "other"]


def test_a_browser_that_has_not_opened_the_proxy_ends_nowhere(gatehouse, lax):
    browser = gatehouse.visitor()
    callback = lax.answer(begin_in_app(gatehouse.visitor(), lax), person())
    come_back(browser, callback)  # is led to our other origin, which could have the state
    assert come_back(browser, callback) == "myapp://oops?error=state_mismatch"
    assert browser.cookies == {}


FORGED = {
    "another host": lambda url, page: url.replace(page, "https://evil.example/authorize"),
    "a host behind a name": lambda url, page: url.replace("http://", "http://evil.example@"),
    "the host as a name": lambda url, page: url.replace("127.0.0.1", "127.0.0.1@evil.example"),
    "a host below": lambda url, page: url.replace("127.0.0.1", "127.0.0.1.evil.example"),
    "another port": lambda url, page: url.replace(page, "http://127.0.0.1:1/authorize"),
    "another page": lambda url, page: url.replace(page, f"{page}/../logout"),
    "a page beside it": lambda url, page: url.replace(page, page.replace("authorize", "logout")),
    "a backslash": lambda url, page: url.replace("http://", "http://evil.example\\@"),
    "a line feed": lambda url, page: f"{url}\nset-cookie: a=b",
    "a fragment": lambda url, page: f"{url}#access",
    "a script": lambda url, page: f"javascript:alert(1)//{url}",
    "another client": lambda url, page: url.replace("client_id=client", "client_id=mallory"),
    "two clients": lambda url, page: f"{url}&client_id=mallory",
    "another redirect": lambda url, page: f"{url}&redirect_uri=https%3A%2F%2Fevil.example",
    "an unknown state": lambda url, page: url.replace("state=", "state=x"),
    "two states": lambda url, page: f"{url}&state=x",
    "no host": lambda url, page: "http://[",
    "nothing": lambda url, page: "",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_link_leads_nowhere_but_to_the_providers_page(gatehouse, lax, forge):
    url = begin_in_app(gatehouse.visitor(), lax)
    response = open_proxy(gatehouse.visitor(), forge(url, f"{lax.stand_in.url}authorize"))
    assert response.status_code == 400
    assert response.json()["message"] in {INVALID, NO_STATE}
    assert cookie_lines(response) == {}
    assert "location" not in response.headers


def test_what_a_page_began_or_has_ended_is_not_carried_into_another_browser(gatehouse, lax, clock):
    page = begin(gatehouse.visitor(), lax)
    old = begin_in_app(gatehouse.visitor(), lax)
    assert open_proxy(gatehouse.visitor(), page).json() == {"message": INVALID}
    clock.advance(minutes=10)
    assert open_proxy(gatehouse.visitor(), old).json() == {"message": INVALID}


def test_an_app_that_knows_the_space_is_led_there_from_the_site(start_lax, lax):
    """The provider sends browsers to PUBLIC_URL, but the phone's has the state for the Space."""
    gatehouse = start_lax(frontend_url="myapp://", public_url=SITE, space_host=SPACE)
    app, on_space, on_site = (gatehouse.visitor() for _ in range(3))
    url = begin_in_app(app, lax)
    open_proxy(on_space, url)
    callback = lax.answer(url, person())
    forwarded = come_back(on_site, callback)
    assert forwarded == f"https://{SPACE}{callback}"
    assert come_back(on_space, callback).startswith("myapp://in?")
    assert come_back(on_site, callback) == f"{SITE}/api/auth/error?error=state_mismatch"


def test_the_url_is_required(gatehouse):
    response = gatehouse.visitor().get("expo-authorization-proxy")
    assert response.status_code == 400
    message = "[query.authorizationURL] Invalid input: expected string, received undefined"
    assert response.json() == {"message": message, "code": "VALIDATION_ERROR"}
    quoted = quote("https://provider.example/authorize?scope=x")
    response = gatehouse.visitor().get(f"expo-authorization-proxy?authorizationURL={quoted}")
    assert (response.status_code, response.json()) == (400, {"message": NO_STATE})
