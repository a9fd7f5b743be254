"""Passkeys in the panel: signing in with one, and those of one's own account."""

import json
from html import unescape
from typing import Any

import httpx
import pytest

from panel.server.account import words
from panel.server.passkey_form import OPTIONS
from panel.server.sign_in import words as sign_in_words
from panel.ui.urls import ACCOUNT, PASSKEY
from tests.authenticator import Authenticator
from tests.make import PASSWORD
from tests.panel.conftest import HOME, LOGIN, Panel, PanelBrowser

LAN = {"public_url": "http://192.168.0.7:7860"}


def options_at(browser: PanelBrowser, path: str) -> dict[str, Any]:
    response = browser.send_form(path, {"action": OPTIONS})
    assert response.status_code == 200, response.text
    return dict(response.json())


def add_passkey(browser: PanelBrowser, device: Authenticator, name: str = "Laptop") -> str:
    """Add a passkey on the account's page; returns why it leads where it does."""
    made = device.create(options_at(browser, ACCOUNT), browser.origin)
    form = {"action": "passkey", "name": name, "credential": json.dumps(made)}
    return why(browser.send_form(ACCOUNT, form))


def sign_in(browser: PanelBrowser, device: Authenticator, **fields: str) -> httpx.Response:
    signed = device.get(options_at(browser, PASSKEY), browser.origin)
    return browser.send_form(PASSKEY, {"credential": json.dumps(signed), **fields})


def why(response: httpx.Response) -> str:
    assert response.status_code == 303, response.text
    return response.headers["location"].rpartition("why=")[2]


@pytest.fixture
def device(panel: Panel) -> Authenticator:
    """An authenticator with a passkey of the owner."""
    device = Authenticator()
    assert add_passkey(panel.owner(), device) == "passkey-added"
    return device


def test_a_passkey_opens_the_page_that_was_asked_for(panel: Panel, device: Authenticator):
    browser = panel.visitor()
    page = sign_in(browser, device, next="/admin/users").headers["location"]
    assert page.startswith("/admin/users")
    assert browser.get("/admin/users").status_code == 200


def test_its_session_ends_after_a_day_like_those_of_passwords(panel: Panel, device: Authenticator):
    browser = panel.visitor()
    response = sign_in(browser, device)
    session = [line for line in response.headers.get_list("set-cookie") if "_panel=" in line]
    assert len(session) == 1
    assert "Max-Age" not in session[0]
    panel.clock.advance(hours=25)
    assert browser.get(HOME).headers["location"].startswith(LOGIN)


def test_only_the_panels_own_pages_get_something_to_sign(panel: Panel):
    response = panel.visitor().send_form(
        PASSKEY, {"action": OPTIONS}, origin="https://evil.example"
    )
    assert response.status_code == 403


def test_what_is_signed_counts_once(panel: Panel, device: Authenticator):
    browser = panel.visitor()
    signed = device.get(options_at(browser, PASSKEY), browser.origin)
    form = {"credential": json.dumps(signed)}
    assert why(browser.send_form(PASSKEY, form)) == "/admin/?tried=1"
    assert why(browser.send_form(PASSKEY, form)) == "passkey-late"


def test_what_another_browser_was_given_is_refused(panel: Panel, device: Authenticator):
    given, other = panel.visitor(), panel.visitor()
    signed = device.get(options_at(given, PASSKEY), given.origin)
    options_at(other, PASSKEY)
    form = {"credential": json.dumps(signed)}
    assert why(other.send_form(PASSKEY, form)) == "passkey"


@pytest.mark.parametrize("credential", ["", "{", "[]", "null", '{"id": 7}', '{"id": "AAAA"}'])
def test_nonsense_is_refused(panel: Panel, credential):
    browser = panel.visitor()
    options_at(browser, PASSKEY)
    assert why(browser.send_form(PASSKEY, {"credential": credential})) == "passkey"


def test_who_is_no_admin_is_refused_like_a_passkey_nobody_knows(panel: Panel):
    ada, device = panel.gatehouse.member(), Authenticator()
    options = ada.get("passkey/generate-register-options").json()
    made = device.create(options, ada.origin)
    assert ada.post("passkey/verify-registration", {"response": made}).status_code == 200
    sessions = len(ada.get("list-sessions").json())
    response = sign_in(panel.visitor(), device)
    stranger = sign_in(panel.visitor(), with_new_key(Authenticator()))
    assert why(response) == why(stranger) == "passkey"
    assert "gatehouse_panel=" not in str(response.headers.get_list("set-cookie"))
    assert len(ada.get("list-sessions").json()) == sessions


def with_new_key(device: Authenticator) -> Authenticator:
    device.make_credential("localhost")
    return device


def test_with_a_second_factor_a_passkey_that_knows_its_owner_is_enough(
    panel: Panel, device: Authenticator
):
    owner = panel.owner()
    owner.send_form(ACCOUNT, {"action": "mail", "password": PASSWORD})
    assert why(sign_in(panel.visitor(), device)) == "/admin/?tried=1"
    device.verifies = False
    location = sign_in(panel.visitor(), device).headers["location"]
    assert location.startswith("/admin/login/second-step")


def test_names_are_text_and_can_be_changed(panel: Panel):
    owner = panel.owner()
    assert add_passkey(owner, Authenticator(), "<b>Phone") == "passkey-added"
    (passkey,) = owner.get("/api/auth/passkey/list-user-passkeys", headers=api_cookie(owner)).json()
    page = owner.get(ACCOUNT).text
    assert "<b>&lt;b&gt;Phone</b>" in page
    form = {"action": "rename-passkey", "id": passkey["id"], "name": "  "}
    assert why(owner.send_form(ACCOUNT, form)) == "passkey-name"
    assert why(owner.send_form(ACCOUNT, {**form, "name": "Tablet"})) == "passkey-renamed"
    assert "<b>Tablet</b>" in owner.get(ACCOUNT).text


def api_cookie(browser: PanelBrowser) -> dict[str, str]:
    return {"cookie": f"better-auth.session_token={browser.cookies['gatehouse_panel']}"}


def test_another_ones_passkey_can_be_neither_renamed_nor_removed(panel: Panel):
    ada, device = panel.gatehouse.member(), Authenticator()
    options = ada.get("passkey/generate-register-options").json()
    made = device.create(options, ada.origin)
    passkey = ada.post("passkey/verify-registration", {"response": made, "name": "Hers"}).json()
    owner = panel.owner()
    form = {"id": passkey["id"], "name": "Mine"}
    renamed = owner.send_form(ACCOUNT, {**form, "action": "rename-passkey"})
    removed = owner.send_form(ACCOUNT, {**form, "action": "remove-passkey"})
    assert (why(renamed), why(removed)) == ("passkey-refused", "passkey-gone")
    assert [each["name"] for each in ada.get("passkey/list-user-passkeys").json()] == ["Hers"]


@pytest.mark.parametrize("settings", [{"passkeys": False}, LAN], ids=["off", "at an address"])
def test_where_there_are_none_they_are_not_offered(open_panel, settings):
    panel = open_panel(**settings)
    page = unescape(panel.visitor().get(LOGIN).text)
    assert sign_in_words.USE_PASSKEY not in page
    assert "webauthn" not in page
    assert words.PASSKEYS not in unescape(panel.owner().get(ACCOUNT).text)
    assert panel.visitor().send_form(PASSKEY, {"action": OPTIONS}).status_code == 404
