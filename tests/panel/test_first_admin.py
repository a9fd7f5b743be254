"""The page that the link in the log opens."""

import re
from html import unescape
from urllib.parse import urlsplit

import httpx
import pytest

from backend.main import open_setup_link
from panel.server.sign_in import first_admin_words as words
from panel.ui.urls import FIRST_ADMIN
from tests.at_provider import begin as begin_at_app
from tests.at_provider import keep_time
from tests.at_the_hub import OF_AN_ORGANIZATION, hub_settings, list_created
from tests.make import PASSWORD
from tests.panel.conftest import HOME, OWNER_EMAIL, Panel, PanelBrowser
from tests.panel.test_provider_sign_in import begin, sign_in
from tests.panel.test_sign_in import IN_A_FRAME
from tests.rig.preset_providers import preset_provider, query_of
from tests.rig.space import Space

FRESH = {"admin_email": "", "admin_password": None, "panel": True}


@pytest.fixture
def fresh(open_panel) -> Panel:
    """A panel in front of a server that has no admin."""
    return open_panel(**FRESH)


def open_link(panel: Panel) -> str:
    """The path of the link that a start prints."""
    url = urlsplit(str(open_setup_link(panel.gatehouse.app)))
    assert url.path == FIRST_ADMIN
    return f"{url.path}?{url.query}"


def fill_in(browser: PanelBrowser, page: str, **fields: str) -> httpx.Response:
    """Send the form of the page with these fields and what it hides."""
    (token,) = re.findall('name="token" value="([^"]*)"', browser.get(page).text)
    chosen = {"email": OWNER_EMAIL, "password": PASSWORD, **fields}
    return browser.send_form(FIRST_ADMIN, {"token": unescape(token), **chosen})


def message_of(response: httpx.Response) -> str:
    (text,) = re.findall('role="alert">(.*?)</p>', response.text)
    return unescape(text)


def test_whoever_opens_it_chooses_and_is_in(fresh: Panel):
    browser = fresh.visitor()
    response = fill_in(browser, open_link(fresh))
    assert (response.status_code, response.headers["location"]) == (303, "/admin/?tried=1")
    assert browser.get(HOME).json()["email"] == OWNER_EMAIL


def test_it_is_a_form_without_script_that_no_other_page_learns_of(fresh: Panel):
    page = fresh.visitor().get(open_link(fresh))
    assert page.status_code == 200
    assert "<script" not in page.text
    assert 'autocomplete="new-password"' in page.text
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    framed = fresh.visitor().get(open_link(fresh), headers=IN_A_FRAME)
    assert "autofocus" not in framed.text


def test_a_link_that_is_over_is_said_to_be(fresh: Panel):
    link = open_link(fresh)
    assert fill_in(fresh.visitor(), link).status_code == 303
    response = fill_in(fresh.visitor(), link, email="mallory@example.com")
    assert (response.status_code, message_of(response)) == (400, words.MESSAGES["INVALID_TOKEN"])


def test_only_the_panel_asks_who_owns_an_organisations_space_and_only_until_it_knows(open_panel):
    with preset_provider("huggingface") as hub:
        scopes = "openid profile email read-memberships"
        settings = {**hub_settings(hub), **OF_AN_ORGANIZATION, "oauth_scopes": scopes}
        panel = open_panel(**FRESH, **settings)
        keep_time(panel.gatehouse, hub)
        asked = [scopes_of(begin_at_app(panel.visitor())), scopes_of(begin(panel.visitor()))]
        assert asked == [{"openid", "profile", "email"}, set(scopes.split())]
        browser = panel.visitor()
        assert sign_in(browser).headers["location"] == "/admin/?tried=1"
        assert list_created(panel.gatehouse) == ["organization admin"]
        assert scopes_of(begin(panel.visitor())) == {"openid", "profile", "email"}


def scopes_of(url: str) -> set[str]:
    return set(query_of(url)["scope"].split())


BAD = {
    "password": ({"password": "short"}, 400, "Password too short."),
    "address": ({"email": "owner"}, 400, words.MESSAGES["VALIDATION_ERROR"]),
    "nothing": ({"email": "", "password": ""}, 400, words.MESSAGES["VALIDATION_ERROR"]),
}


@pytest.mark.parametrize(("fields", "status", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_an_admin_is_said_and_the_address_stays(
    fresh: Panel, fields, status, message
):
    link, browser = open_link(fresh), fresh.visitor()
    response = fill_in(browser, link, **fields)
    assert (response.status_code, message_of(response)) == (status, message)
    assert f'value="{fields.get("email", OWNER_EMAIL)}"' in response.text
    assert fill_in(browser, link).status_code == 303


def test_what_the_address_of_the_page_has_is_shown_as_text(fresh: Panel):
    page = fresh.visitor().get(f"{FIRST_ADMIN}?token=%22%3E%3Cb%3E&email=%3Cb%3E")
    assert "<b>" not in page.text


def test_another_site_cannot_send_the_form(fresh: Panel):
    browser = fresh.visitor()
    fields = {"token": "x", "email": "mallory@example.com", "password": PASSWORD}
    headers = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert browser.send_form(FIRST_ADMIN, fields, **headers).status_code == 403


def test_a_fresh_server_prints_it_where_only_its_owner_reads(tmp_path):
    with Space(tmp_path, {"PANEL": "on", "PUBLIC_URL": "{url}"}) as space:
        (link,) = re.findall(r"http\S+first-admin\?token=\w+", space.log)
        fields = {"token": link.rpartition("=")[2], "email": OWNER_EMAIL, "password": PASSWORD}
        headers = {"origin": space.url, "sec-fetch-site": "same-origin"}
        response = httpx.post(link.partition("?")[0], data=fields, headers=headers)
        assert response.headers["location"] == "/admin/?tried=1"
        assert space.terminate() == 0
        space.start()
        assert len(re.findall(r"first-admin\?token=", space.log)) == 1
