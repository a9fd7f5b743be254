"""How a user signs in, in the list and on their page: passkeys, no account at all, user names."""

import pytest
from sqlalchemy import update

from backend.storage.tables import accounts
from panel.pages.users import words
from tests import at_provider
from tests.authenticator import Authenticator, add_passkey
from tests.lazy_import import lazy_import
from tests.panel.conftest import Panel, build_page
from tests.panel.test_users import ADA, confirm_and_run, find_emails

gr = lazy_import("gradio")
user_actions = lazy_import("panel.pages.users.actions")
page = lazy_import("panel.pages.users.page")


@pytest.fixture(scope="module")
def users(shared_panel):
    """The components and handlers of the page."""
    return build_page(page, shared_panel)


def test_their_passkeys_are_shown_and_removed(panel: Panel, users):
    ada = panel.gatehouse.member(ADA)
    context = panel.context(id=str(panel.gatehouse.user_id(ADA)))

    def shown() -> tuple[str, bool]:
        updates = panel.run_handler(users.user.render, context)
        return updates[users.user.about], updates[users.user.actions.remove_passkeys].visible

    assert shown()[1] is False
    add_passkey(ada, Authenticator(), name="<i>Phone")
    about, can_be_removed = shown()
    assert can_be_removed
    assert "&lt;i&gt;Phone" in about
    assert f"({words.ADDED.format('just now')}, {words.NEVER_USED})" in about
    question = panel.run_handler(user_actions.ask_remove_passkeys, context)
    assert "1 passkey" in question.sentence
    assert "&lt;i&gt;Phone" in question.sentence
    removed = confirm_and_run(panel, context, user_actions.ask_remove_passkeys)
    assert removed == words.passkeys_removed(ADA, 1)
    assert shown()[1] is False
    assert ada.get("passkey/list-user-passkeys").json() == []


def test_their_accounts_at_providers_are_shown_and_unlinked(open_panel, users):
    with at_provider.open_provider() as provider:
        panel = open_panel(**at_provider.app_settings(provider))
    ada = panel.gatehouse.member(ADA)
    context = panel.context(id=str(panel.gatehouse.user_id(ADA)))

    def shown() -> tuple[str, bool, list[tuple[str, str]]]:
        updates = panel.run_handler(users.user.render, context)
        card, account = users.user.actions.accounts, updates[users.user.actions.account]
        return updates[users.user.about], updates[card].visible, account.choices

    assert shown()[1:] == (False, [])
    at_provider.give_account(panel.gatehouse, ADA)
    about, can_be_unlinked, [(name, account_id)] = shown()
    assert can_be_unlinked
    assert name == "Hugging Face, 5f1d"
    assert words.A_PASSWORD in about
    assert "<code><bdi>5f1d</bdi></code>" in about
    since = words.SINCE.format("just now")
    assert f"({since}, {words.ALLOWED.format('openid profile email')})" in about
    unlinked = confirm_and_run(panel, context, user_actions.ask_unlink, account_id)
    assert unlinked == words.UNLINKED.format("Hugging Face", ADA)
    assert shown()[1] is False
    assert [each["providerId"] for each in ada.get("list-accounts").json()] == ["credential"]


def test_an_account_at_a_provider_that_the_settings_lost_says_so(open_panel, users):
    with at_provider.open_provider() as provider:
        panel = open_panel(**at_provider.app_settings(provider))
    panel.gatehouse.member(ADA)
    at_provider.give_account(panel.gatehouse, ADA)
    panel.gatehouse.execute(update(accounts).values(provider_id="gone", account_id="<i>$1$"))
    context = panel.context(id=str(panel.gatehouse.user_id(ADA)))
    about = panel.run_handler(users.user.render, context)[users.user.about]
    assert words.NOT_A_PROVIDER in about
    assert "<code><bdi>&lt;i&gt;&#36;1&#36;</bdi></code>" in about


@pytest.mark.parametrize("chosen", [None, "", "another"])
def test_an_account_that_is_not_there_is_not_unlinked(panel, users, chosen):
    panel.gatehouse.member(ADA)
    context = panel.context(id=str(panel.gatehouse.user_id(ADA)))
    with pytest.raises(gr.Error, match=words.CHOOSE_ACCOUNT):
        panel.run_handler(user_actions.ask_unlink, context, chosen)


def test_who_has_no_account_is_marked_and_found(open_panel, users):
    panel = open_panel(anonymous_sign_in=True)
    panel.gatehouse.member(ADA)
    user = panel.gatehouse.visitor().post("sign-in/anonymous", {}).json()["user"]
    filters = ("", "", "", words.NO_ADDRESS, "createdAt desc")
    updates = panel.run_handler(users.index.on_filter, panel.context(), *filters)
    listed = updates[users.index.listed]
    assert find_emails(listed) == [user["email"]]
    assert words.IS_ANONYMOUS in listed
    assert "anonymous=true" in updates[users.index.csv]
    found = page.UserFilters.from_query({"anonymous": "true"})
    assert found.verified == words.NO_ADDRESS
    about = panel.run_handler(users.user.render, panel.context(id=user["id"]))[users.user.about]
    assert words.TRIES_THE_APP in about


@pytest.mark.parametrize("username", [True, False], ids=["on", "off"])
def test_a_user_name_is_offered_where_there_are_any(open_panel, username):
    built = build_page(page, open_panel(username=username))
    assert built.user.actions.username.parent.parent.visible is username
