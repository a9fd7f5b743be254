"""User names in the panel: seen, found, given and taken away, before a real API."""

import pytest

from panel.client.api import ApiError
from panel.pages.users import words
from tests.lazy_import import lazy_import
from tests.panel.conftest import build_page, without_breaks
from tests.panel.test_users import ADA, confirm_and_run

user_actions = lazy_import("panel.pages.users.actions")
page = lazy_import("panel.pages.users.page")


@pytest.fixture(scope="module")
def users(shared_panel):
    """The components and handlers of the page."""
    return build_page(page, shared_panel)


@pytest.fixture
def ada(panel):
    """A browser in which Ada has signed up."""
    return panel.gatehouse.member(ADA)


@pytest.fixture
def ada_context(panel, ada):
    """The context of the owner's event on Ada's page."""
    return panel.context(id=str(panel.gatehouse.user_id(ADA)))


def test_a_user_name_is_given_found_and_taken_away(panel, users, ada_context, ada):
    ask, detail = user_actions.ask_username, users.user
    message = confirm_and_run(panel, ada_context, ask, " Ada_L ")
    assert message == words.HAS_USERNAME.format(ADA, "Ada_L")
    assert ada.session()["user"]["username"] == "ada_l"
    updates = panel.run_handler(detail.render, ada_context)
    assert "<code>ada_l</code> (<bdi>Ada_L</bdi>)" in without_breaks(updates[detail.about])
    assert updates[detail.actions.username] == "Ada_L"
    found = ("ADA_", "", "", "", "createdAt desc")
    listed = panel.run_handler(users.index.on_filter, panel.context(), *found)
    assert "ada_l" in listed[users.index.listed]

    question = panel.run_handler(ask, ada_context, "")
    assert "Anybody can then choose <b>ada_l</b>." in question.sentence
    message = confirm_and_run(panel, ada_context, ask, "")
    assert message == words.HAS_NO_USERNAME.format(ADA)
    assert ada.session()["user"]["displayUsername"] is None


def test_a_user_name_that_cannot_be_is_refused_in_the_words_of_the_server(panel, ada_context):
    for name, message in (
        ("x", "Username is too short"),
        ("<b>ada</b>", "Username is invalid"),
    ):
        question = panel.run_handler(user_actions.ask_username, ada_context, name)
        assert "<b>ada" not in question.sentence
        with pytest.raises(ApiError) as refused:
            panel.loop.run(question.action(ada_context))
        assert refused.value.message == message
