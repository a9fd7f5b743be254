"""Signing in to the panel with a provider: a form, the provider's page, and back."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import func, select, update

from backend.storage.tables import accounts, users
from panel.server.sign_in import second_step_words
from panel.ui.provider_words import explain_error
from panel.ui.urls import PROVIDER, SECOND_STEP
from tests import at_provider
from tests.panel.conftest import HOME, LOGIN, OWNER_EMAIL, Panel, PanelBrowser
from tests.panel.test_second_step import enrol_owner, send_code
from tests.panel.test_sign_in import IN_A_FRAME, set_cookie_attributes
from tests.rig.preset_providers import PresetProvider

OWNERS_ACCOUNT = {**at_provider.ADAS_ACCOUNT, "email": OWNER_EMAIL}
STATE = "gatehouse_panel_state"
SPACE, APP = "https://abc-space.hf.space", "https://app.example"


@pytest.fixture
def provider() -> Iterator[PresetProvider]:
    """A provider at which the owner is signed in."""
    with at_provider.open_provider(OWNERS_ACCOUNT) as provider:
        yield provider


@pytest.fixture
def open_with_provider(
    open_panel: Callable[..., Panel], provider: PresetProvider
) -> Callable[..., Panel]:
    """Open a panel with this provider; the owner's account there is linked."""

    def open_it(**settings: Any) -> Panel:
        panel = open_panel(**at_provider.app_settings(provider), **settings)
        at_provider.keep_time(panel.gatehouse, provider)
        at_provider.give_account(panel.gatehouse, OWNER_EMAIL)
        return panel

    return open_it


@pytest.fixture
def panel(open_with_provider: Callable[..., Panel]) -> Panel:
    return open_with_provider()


def begin(browser: PanelBrowser, **fields: str) -> str:
    """Press the provider's button; returns the address that the page leads to."""
    return find_target(browser.send_form(PROVIDER, {"provider": at_provider.PROVIDER, **fields}))


def find_target(response: httpx.Response) -> str:
    """Return the address that a page leads to at once."""
    assert response.status_code == 200, response.headers
    found = re.search('http-equiv="refresh" content="0; url=([^"]*)"', response.text)
    assert found, response.text
    return unescape(found[1])


def pass_on(browser: PanelBrowser, callback: str) -> str:
    """Let the API pass the provider's answer on to the panel; returns the panel's address."""
    response = browser.get(callback)
    assert response.status_code == 302, response.text
    assert "set-cookie" not in response.headers
    return str(response.headers["location"])


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def sign_in(browser: PanelBrowser, **fields: str) -> httpx.Response:
    """Go through all of it; returns the panel's response."""
    callback = at_provider.come_back(begin(browser, **fields))
    return browser.get(path_of(pass_on(browser, callback)))


def why(response: httpx.Response) -> str:
    """Return the reason that the sign-in page is told."""
    assert response.status_code == 303, response.text
    target = urlsplit(response.headers["location"])
    assert target.path == LOGIN, target
    return parse_qs(target.query)["why"][0]


def message_on(browser: PanelBrowser, response: httpx.Response) -> str:
    """Follow a refusal to the sign-in page; returns its message."""
    page = browser.get(response.headers["location"]).text
    return unescape(re.search('<p class="notice error" role="alert">(.*?)</p>', page)[1])


def test_the_page_has_a_button_for_each_provider(panel: Panel):
    page = panel.visitor().get(LOGIN).text
    assert '<form class="providers" method="post" action="/admin/login/provider">' in page
    assert 'name="provider" value="huggingface">Sign in with Hugging Face</button>' in page


def test_without_providers_there_is_no_button(shared_panel: Panel):
    assert PROVIDER not in shared_panel.visitor().get(LOGIN).text


def test_in_a_frame_the_provider_opens_in_a_tab_of_its_own(panel: Panel):
    page = panel.visitor().get(LOGIN, headers=IN_A_FRAME).text
    assert f'action="{PROVIDER}" target="_blank" rel="noopener">' in page


def test_the_owner_goes_there_and_comes_back_signed_in(panel: Panel, provider: PresetProvider):
    browser = panel.visitor()
    response = sign_in(browser)
    assert (response.status_code, response.headers["location"]) == (303, "/admin/?tried=1")
    assert browser.get(HOME).json()["email"] == OWNER_EMAIL
    assert set(browser.cookies) == {"gatehouse_panel", "gatehouse_panel_device"}
    last = panel.gatehouse.events()[-1]
    assert (last.kind, last.detail) == (
        "sign_in",
        {"method": "provider", "provider": "huggingface"},
    )


def test_the_page_that_was_asked_for_opens(panel: Panel, provider: PresetProvider):
    response = sign_in(panel.visitor(), next="/admin/users?role=admin")
    assert response.headers["location"] == "/admin/users?role=admin&tried=1"


def test_the_session_ends_after_a_day_like_those_of_passwords(panel: Panel):
    browser = panel.visitor()
    line = set_cookie_attributes(sign_in(browser))["gatehouse_panel"]
    assert "Max-Age" not in line
    panel.clock.advance(hours=25)
    assert browser.get(HOME).headers["location"].startswith(LOGIN)


def test_the_session_of_the_app_in_the_same_browser_stays(panel: Panel):
    browser = panel.visitor()
    assert browser.sign_up("ada@example.com").status_code == 200
    assert sign_in(browser).headers["location"] == "/admin/?tried=1"
    assert browser.session()["user"]["email"] == "ada@example.com"


def test_where_the_app_is_elsewhere_the_panel_gets_the_answer(
    open_with_provider: Callable[..., Panel], provider: PresetProvider
):
    panel = open_with_provider(public_url=APP, space_host=SPACE.removeprefix("https://"))
    browser = panel.visitor(origin=SPACE)
    callback = at_provider.come_back(begin(browser))
    app = panel.visitor(origin=APP)  # the provider sends browsers to the app's origin
    address = pass_on(app, callback)
    assert address.startswith(f"{SPACE}{PROVIDER}?provider=huggingface&")
    assert browser.get(path_of(address)).headers["location"] == "/admin/?tried=1"
    assert "__Host-gatehouse_panel" in browser.cookies


def test_somebody_who_is_no_admin_is_refused_in_a_sentence(panel: Panel, provider: PresetProvider):
    provider.person.update(sub="another", email="ada@example.com")
    before = count(panel)
    browser = panel.visitor()
    response = sign_in(browser)
    assert why(response) == "refused"
    assert message_on(browser, response) == explain_error("refused", "Hugging Face")
    assert count(panel) == before, "nobody signs up, and nothing is linked, by the panel"
    last = panel.gatehouse.events()[-1]
    assert last.kind == "sign_in_failed"
    assert last.detail == {
        "method": "provider",
        "provider": "huggingface",
        "reason": "not_admin",
    }


def count(panel: Panel) -> list[int]:
    tables = (users, accounts)
    return [panel.gatehouse.rows(select(func.count()).select_from(each))[0][0] for each in tables]


def test_who_is_no_admin_any_more_is_refused(panel: Panel, provider: PresetProvider):
    panel.gatehouse.execute(update(users).where(users.c.email == OWNER_EMAIL).values(role="user"))
    assert why(sign_in(panel.visitor())) == "refused"


def test_a_banned_admin_is_told_so(panel: Panel, provider: PresetProvider):
    panel.gatehouse.ban(OWNER_EMAIL)
    browser = panel.visitor()
    response = sign_in(browser)
    assert message_on(browser, response) == "This account is banned."


def test_a_second_factor_is_asked_for(panel: Panel, provider: PresetProvider):
    app = enrol_owner(panel)
    browser = panel.visitor()
    response = sign_in(browser, next="/admin/users")
    assert (
        response.headers["location"] == f"{SECOND_STEP}?methods=totp&way=totp&next=%2Fadmin%2Fusers"
    )
    assert second_step_words.LEAD in browser.get(response.headers["location"]).text
    code = app.code(after=timedelta(seconds=30))
    assert send_code(browser, code).headers["location"] == "/admin/?tried=1"


def test_the_answer_counts_once(panel: Panel, provider: PresetProvider):
    browser = panel.visitor()
    address = path_of(pass_on(browser, at_provider.come_back(begin(browser))))
    state = browser.cookies[STATE]
    assert browser.get(address).headers["location"] == "/admin/?tried=1"
    browser.cookies[STATE] = state
    assert why(browser.get(address)) == "state_mismatch"


def test_the_answer_that_was_refused_counts_no_more(panel: Panel, provider: PresetProvider):
    provider.person.update(sub="another", email="ada@example.com")
    browser = panel.visitor()
    address = path_of(pass_on(browser, at_provider.come_back(begin(browser))))
    assert why(browser.get(address)) == "refused"
    assert why(browser.get(address)) == "state_mismatch"


def test_in_another_browser_the_answer_is_worth_nothing(panel: Panel, provider: PresetProvider):
    address = path_of(pass_on(panel.visitor(), at_provider.come_back(begin(panel.visitor()))))
    without = panel.visitor()
    assert why(without.get(address)) == "state_mismatch"
    other = panel.visitor()
    begin(other)
    assert why(other.get(address)) == "state_mismatch"
    assert "gatehouse_panel" not in other.cookies


def test_an_answer_to_the_app_opens_no_panel(panel: Panel, provider: PresetProvider):
    browser = panel.visitor()
    query = urlsplit(at_provider.come_back(at_provider.begin(browser))).query
    begin(browser)
    assert why(browser.get(f"{PROVIDER}?provider=huggingface&{query}")) == "state_mismatch"


def test_only_the_panels_own_pages_begin(panel: Panel):
    fields = {"provider": at_provider.PROVIDER}
    response = panel.visitor().send_form(PROVIDER, fields, origin="https://evil.example")
    assert response.status_code == 403


@pytest.mark.parametrize("provider_id", ["google", "", "../admin", "huggingface\r\nx"])
def test_a_provider_that_is_not_there(panel: Panel, provider_id):
    browser = panel.visitor()
    response = browser.send_form(PROVIDER, {"provider": provider_id})
    assert (response.status_code, response.headers["location"]) == (303, LOGIN)
    query = httpx.QueryParams({"provider": provider_id, "code": "c", "state": "s"})
    assert browser.get(f"{PROVIDER}?{query}").status_code == 303


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("access_denied", "You have cancelled it at Hugging Face."),
        ("temporarily_unavailable", "Hugging Face does not answer at the moment."),
        ("<script>alert(1)</script>", "Hugging Face did not let you through."),
    ],
)
def test_what_the_provider_refuses_is_a_sentence(panel: Panel, code, sentence):
    browser = panel.visitor()
    state = parse_qs(urlsplit(begin(browser)).query)["state"][0]
    answer = httpx.QueryParams({"error": code, "state": state, "error_description": "<b>"})
    response = browser.get(path_of(pass_on(browser, f"/api/auth/callback/huggingface?{answer}")))
    assert message_on(browser, response).startswith(sentence)
    assert "<script>alert" not in browser.get(response.headers["location"]).text


def test_a_code_that_the_provider_does_not_know(panel: Panel, provider: PresetProvider):
    browser = panel.visitor()
    callback = at_provider.come_back(begin(browser)).replace("code=", "code=x")
    response = browser.get(path_of(pass_on(browser, callback)))
    assert message_on(browser, response).startswith("Hugging Face did not confirm the sign-in.")


def test_an_account_that_is_not_linked_says_how_to_link_it(
    open_with_provider: Callable[..., Panel], provider: PresetProvider
):
    panel = open_with_provider()
    panel.gatehouse.execute(accounts.delete())
    provider.person["email_verified"] = False
    browser = panel.visitor()
    response = sign_in(browser)
    assert why(response) == "account_not_linked"
    assert "link Hugging Face on the page of your account" in message_on(browser, response)


def test_a_provider_that_is_down(open_panel: Callable[..., Panel]):
    with at_provider.open_provider() as provider:
        settings = at_provider.app_settings(provider)
    panel = open_panel(**settings)
    browser = panel.visitor()
    response = browser.send_form(
        PROVIDER, {"provider": at_provider.PROVIDER, "next": "/admin/users"}
    )
    assert why(response) == "unavailable"
    assert "next=%2Fadmin%2Fusers" in response.headers["location"]
    assert message_on(browser, response).startswith("Hugging Face does not answer")
