"""Signing in at a certified OpenID provider in Chromium: its page, its cookies and its forms."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.openid import COMPANY, environment_of, redirect_uri
from tests.rig.space import Space

PAGE = "<!doctype html><title>A page of the app</title>"
CALL = """async ([path, body]) => {
  const headers = { "content-type": "application/json" };
  const init = body && { method: "POST", body: JSON.stringify(body), headers };
  return (await fetch(`/api/auth/${path}`, init ?? {})).json();
}"""
EMAIL = "ada@example.com"


@pytest.fixture(scope="module")
def space(tmp_path_factory, openid_provider) -> Iterator[Space]:
    """A server on 127.0.0.1; the provider is on localhost, which is another site to a browser."""
    trust = {"SSL_CERT_FILE": str(openid_provider.ca_file), "RATE_LIMITS": "off"}
    space = Space(tmp_path_factory.mktemp("space"), {"PUBLIC_URL": "{url}", **trust})
    with openid_provider.realm(redirect_uri(COMPANY, space.url)) as company:
        space.environment |= environment_of(company=company)
        with space:
            yield space


@pytest.fixture
def page(browser: Browser, space: Space) -> Iterator[Page]:
    """A page of the app in a browser of a person's own."""
    with browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.route("**/a-page*", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
        page.goto(f"{space.url}/a-page")
        yield page


def leave_for_provider(page: Page, parameters: str = "") -> None:
    """Choose the provider, and go where the server says."""
    targets = {"callbackURL": "/a-page?in", "errorCallbackURL": "/a-page?failed"}
    begun: Any = page.evaluate(CALL, ["sign-in/social", {"provider": COMPANY, **targets}])
    page.goto(begun["url"] + parameters)


def give_address(page: Page) -> None:
    page.get_by_label("Address").fill(EMAIL)
    page.get_by_role("button", name="Sign in").click()


def find_user(page: Page, space: Space) -> str | None:
    """The address of who is signed in at the app."""
    page.goto(f"{space.url}/a-page")
    session: Any = page.evaluate(CALL, ["get-session", None])
    return session and session["user"]["email"]


@pytest.mark.parametrize("parameters", ["", "&response_mode=form_post"], ids=["query", "form"])
def test_a_person_signs_in_on_the_providers_page(page, space, parameters):
    leave_for_provider(page, parameters)
    give_address(page)
    page.wait_for_url(f"{space.url}/a-page?in")
    assert find_user(page, space) == EMAIL
    assert "better-auth.state" not in {cookie["name"] for cookie in page.context.cookies()}


def test_who_is_signed_in_at_the_provider_is_not_asked_again(page, space):
    leave_for_provider(page)
    give_address(page)
    page.wait_for_url(f"{space.url}/a-page?in")
    page.goto(f"{space.url}/a-page")
    page.evaluate(CALL, ["sign-out", {}])
    assert find_user(page, space) is None
    leave_for_provider(page)
    page.wait_for_url(f"{space.url}/a-page?in")
    assert find_user(page, space) == EMAIL


def test_who_cancels_is_back_on_the_page(page, space):
    leave_for_provider(page)
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url(f"{space.url}/a-page?failed&error=access_denied*")
    assert find_user(page, space) is None


def test_the_other_of_two_tabs_is_told_to_begin_again(page, space):
    """Both tabs share the cookie of the state: the one begun last counts."""
    leave_for_provider(page)
    other = page.context.new_page()
    other.route("**/a-page*", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    other.goto(f"{space.url}/a-page")
    leave_for_provider(other)
    give_address(other)
    other.wait_for_url(f"{space.url}/a-page?in")
    give_address(page)
    page.wait_for_url(f"{space.url}/a-page?failed&error=state_mismatch")
    assert find_user(page, space) == EMAIL
