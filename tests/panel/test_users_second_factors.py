"""A user's second factor in the list and on their page: marked, shown, and removed."""

import pytest

from panel.client.api import ApiError
from panel.pages.users import words
from tests.lazy_import import lazy_import
from tests.panel.conftest import OWNER_EMAIL, Panel, build_page
from tests.panel.test_second_step import enrol_owner
from tests.panel.test_users import ADA, ANY, confirm_and_run
from tests.second_factor import enrol, first_step

user_actions = lazy_import("panel.pages.users.actions")
page = lazy_import("panel.pages.users.page")


@pytest.fixture(scope="module")
def users(shared_panel):
    """The components and handlers of the page."""
    return build_page(page, shared_panel)


@pytest.fixture(scope="module")
def detail(users):
    """The part of the page that shows one user."""
    return users.user


@pytest.fixture
def ada(panel: Panel):
    """A browser in which Ada has signed up."""
    panel.clock.advance(seconds=1)
    return panel.gatehouse.member(ADA)


@pytest.fixture
def ada_context(panel, ada):
    """The context of the owner's event on Ada's page."""
    return panel.context(id=str(panel.gatehouse.user_id(ADA)))


def test_their_second_factor_is_marked_shown_and_removed(panel, users, detail, ada_context, ada):
    def shown() -> tuple[str, bool]:
        updates = panel.run_handler(detail.render, ada_context)
        return updates[detail.about], updates[detail.actions.remove_factor].visible

    def listed() -> str:
        updates = panel.run_handler(users.index.on_filter, ada_context, "ada@", *ANY[1:])
        return updates[users.index.listed]

    assert shown()[1] is False
    assert words.HAS_FACTOR not in listed()
    app = enrol(panel.gatehouse, ada)
    about, can_be_removed = shown()
    assert can_be_removed
    assert f"{words.APP_FACTOR}, set up just now" in about
    assert "10 backup codes left, 0 trusted browsers" in about
    assert words.HAS_FACTOR in listed()
    question = panel.run_handler(user_actions.ask_remove_factor, ada_context)
    assert "their password alone signs them in" in question.sentence
    message = panel.loop.run(question.action(ada_context))
    assert message == words.FACTOR_REMOVED.format(ADA)
    assert words.APP_FACTOR not in shown()[0]
    assert words.HAS_FACTOR not in listed()
    assert app.secret not in about
    assert panel.gatehouse.visitor().sign_in(ADA).json()["token"]


def test_a_lock_after_wrong_codes_is_shown(panel, detail, ada_context, ada):
    enrol(panel.gatehouse, ada)
    for _ in range(2):
        guessing = first_step(panel.gatehouse, ADA)
        for _ in range(5):
            guessing.post("two-factor/verify-totp", {"code": "000000"})
    about = panel.run_handler(detail.render, ada_context)[detail.about]
    assert words.LOCKED.format("in 15 minutes") in about


def test_ones_own_factor_is_removed_on_the_accounts_page_alone(panel, detail):
    myself = panel.context(id=str(panel.gatehouse.user_id(OWNER_EMAIL)))
    enrol_owner(panel)
    updates = panel.run_handler(detail.render, myself)
    assert words.APP_FACTOR in updates[detail.about]
    assert updates[detail.actions.remove_factor].visible is False
    with pytest.raises(ApiError, match="400"):
        confirm_and_run(panel, myself, user_actions.ask_remove_factor)
