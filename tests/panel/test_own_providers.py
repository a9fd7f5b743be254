"""One's own accounts at providers, on the account's page: linked and unlinked."""

from typing import Any

import pytest
from sqlalchemy import select, update

from backend.storage.tables import accounts, users
from panel.server.account import words
from panel.ui.provider_words import explain_error
from panel.ui.words import OWN_TAB
from tests import at_provider
from tests.panel.conftest import LOGIN, OWNER_EMAIL, Panel, PanelBrowser
from tests.panel.test_account import ACCOUNT, act, show
from tests.panel.test_provider_sign_in import (
    find_target,
    open_with_provider,
    pass_on,
    path_of,
    provider,
    sign_in,
)
from tests.panel.test_sign_in import IN_A_FRAME
from tests.rig.preset_providers import PresetProvider

__all__ = ["open_with_provider", "provider"]  # fixtures


@pytest.fixture
def panel(open_panel: Any, provider: PresetProvider) -> Panel:
    """A panel with a provider, where nobody has linked an account yet."""
    panel: Panel = open_panel(**at_provider.app_settings(provider))
    at_provider.keep_time(panel.gatehouse, provider)
    return panel


def begin(browser: PanelBrowser) -> str:
    """Press the button that links; returns the provider's address."""
    fields = {"action": "link", "provider": at_provider.PROVIDER}
    return find_target(browser.send_form(ACCOUNT, fields))


def link(browser: PanelBrowser) -> str:
    """Link the account; returns the page with what it says."""
    address = path_of(pass_on(browser, at_provider.come_back(begin(browser))))
    response = browser.get(address)
    assert response.status_code == 303, response.text
    return show(browser, response.headers["location"])


def count_accounts(panel: Panel) -> int:
    return len(panel.gatehouse.rows(select(accounts.c.id)))


def test_an_account_is_linked_and_signs_in(panel: Panel):
    browser = panel.owner()
    assert "Link Hugging Face" in show(browser)
    page = link(browser)
    assert words.MESSAGES["linked"] in page
    assert "5f1d, linked just now" in page
    assert "account_linked" in [each.kind for each in panel.gatehouse.events()]
    assert "gatehouse_panel_state" not in browser.cookies
    assert sign_in(panel.visitor()).headers["location"] == "/admin/?tried=1"


def test_an_account_is_unlinked_after_a_question(panel: Panel):
    browser = panel.owner()
    link(browser)
    ((account_id,),) = panel.gatehouse.rows(select(accounts.c.id))
    question = show(browser, f"{ACCOUNT}?do=unlink&id={account_id}")
    assert words.UNLINK_LEAD.format("Hugging Face") in question
    assert words.MESSAGES["unlinked"] in act(browser, "unlink", id=str(account_id))
    assert count_accounts(panel) == 0
    assert "account_unlinked" in [each.kind for each in panel.gatehouse.events()]


def test_the_last_way_in_stays(panel: Panel):
    browser = panel.owner()
    link(browser)
    of_owner = update(users).where(users.c.email == OWNER_EMAIL)
    panel.gatehouse.execute(of_owner.values(password_hash=None))
    ((account_id,),) = panel.gatehouse.rows(select(accounts.c.id))
    assert words.MESSAGES["last-way-in"] in act(browser, "unlink", id=str(account_id))
    assert count_accounts(panel) == 1


def test_what_is_gone_is_not_unlinked(panel: Panel):
    browser = panel.owner()
    link(browser)
    assert words.MESSAGES["account-gone"] in act(browser, "unlink", id="x")
    assert "alertdialog" not in show(browser, f"{ACCOUNT}?do=unlink&id=x")


def test_a_session_that_is_not_fresh_unlinks_nothing(open_with_provider: Any):
    panel = open_with_provider(session_fresh_for=60)
    browser = panel.owner()
    panel.clock.advance(hours=1)
    ((account_id,),) = panel.gatehouse.rows(select(accounts.c.id))
    assert words.MESSAGES["not-fresh"] in act(browser, "unlink", id=str(account_id))
    assert count_accounts(panel) == 1


def test_an_account_with_another_address_is_not_linked(panel: Panel, provider: PresetProvider):
    provider.person["email"] = "somebody@example.com"
    page = link(panel.owner())
    assert explain_error("email_does_not_match", "Hugging Face") in page
    assert count_accounts(panel) == 0


def test_the_answer_of_a_sign_in_links_nothing_and_opens_nothing(
    panel: Panel, provider: PresetProvider
):
    at_provider.give_account(panel.gatehouse, OWNER_EMAIL)
    browser = panel.owner()
    fields = {"provider": at_provider.PROVIDER}
    url = find_target(browser.send_form("/admin/login/provider", fields))
    address = pass_on(browser, at_provider.come_back(url))
    response = browser.get(path_of(address.replace("/login/provider", "/account")))
    assert "set-cookie" not in response.headers
    assert "why=state_mismatch" in response.headers["location"]


def test_somebody_who_has_signed_out_meanwhile_links_nothing(panel: Panel):
    browser = panel.owner()
    address = path_of(pass_on(browser, at_provider.come_back(begin(browser))))
    browser.post("/admin/logout")
    assert browser.get(address).headers["location"].startswith(LOGIN)
    assert count_accounts(panel) == 0


def test_in_a_frame_the_page_leads_to_a_tab_of_its_own(panel: Panel):
    page = panel.owner().get(ACCOUNT, headers=IN_A_FRAME).text
    assert f"target='_blank' rel='noopener'>{OWN_TAB}" in page
    assert "Link Hugging Face" not in page


def test_without_providers_there_is_no_such_section(shared_panel: Panel):
    assert words.ACCOUNTS not in show(shared_panel.owner())
