"""How a user signs in, in the list and on their page: passkeys, no account at all, user names."""

import pytest

from panel.pages.users import words
from tests.authenticator import Authenticator, add_passkey
from tests.lazy_import import lazy_import
from tests.panel.conftest import Panel, build_page
from tests.panel.test_users import ADA, confirm_and_run, find_emails

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
