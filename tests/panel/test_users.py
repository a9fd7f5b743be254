"""The handlers of the users' pages, before a real API: what an admin sees, asks for and does."""

import re

import pytest

from panel.client.api import ApiError
from panel.pages.users import words
from tests.lazy_import import lazy_import
from tests.make import PASSWORD
from tests.panel.conftest import OWNER_EMAIL, Panel, build_page, without_breaks

gr = lazy_import("gradio")
user_actions = lazy_import("panel.pages.users.actions")
page = lazy_import("panel.pages.users.page")

ADA = "ada@example.com"
ANY = ("", "", "", "", "createdAt desc")
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "مرحبا بالعالم",
    "x" * 500,
    "two\nlines\x1b[31m",
    "🦊👩‍👩‍👧",
    "$x$ **b** [a](b)",
]


@pytest.fixture(scope="module")
def users(shared_panel):
    """The components and handlers of the page."""
    return build_page(page, shared_panel)


@pytest.fixture(scope="module")
def detail(users):
    """The part of the page that shows one user."""
    return users.user


@pytest.fixture
def toasts(monkeypatch):
    """The messages of the toasts."""
    messages: list[str] = []
    for module in ("panel.pages.users.page", "panel.pages.users.detail"):
        monkeypatch.setattr(f"{module}.show_success", messages.append)
    return messages


@pytest.fixture
def ada(panel: Panel):
    """A browser in which Ada has signed up."""
    panel.clock.advance(seconds=1)
    return panel.gatehouse.member(ADA)


@pytest.fixture
def ada_context(panel, ada):
    """The context of the owner's event on Ada's page."""
    return panel.context(id=str(panel.gatehouse.user_id(ADA)))


def find_emails(html: str) -> list[str]:
    return re.findall(r"<bdi>([^<]*@[^<]*)</bdi></a>", without_breaks(html))


def pager_state(users, updates) -> tuple[bool, bool]:
    """Return whether there are newer and older pages."""
    pager = users.index.pager
    return updates[pager.newer].interactive, updates[pager.older].interactive


def confirm_and_run(panel, context, question, *inputs) -> str:
    """Ask, confirm, and return the message of the toast."""
    pending = panel.run_handler(question, context, *inputs)
    return panel.loop.run(pending.action(context))


class TestTheList:
    def test_everybody_is_listed_the_newest_first(self, panel, users, ada):
        panel.gatehouse.member("bob@example.com")
        updates = panel.run_handler(users.index.on_filter, panel.context(), *ANY)
        assert find_emails(updates[users.index.listed])[2:] == [OWNER_EMAIL]
        csv = updates[users.index.csv]
        assert "/admin/users.csv?sortBy=createdAt&amp;sortDirection=desc" in csv
        assert updates[users.index.offset] == 0
        assert pager_state(users, updates) == (False, False)
        assert "3 users" in updates[users.index.pager.position]

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            (("ADA@", "", "", "", "createdAt desc"), [ADA]),
            (("", "admin", "", "", "createdAt desc"), [OWNER_EMAIL]),
            (("", "", "true", "", "createdAt desc"), ["bob@example.com"]),
            (("", "", "false", "", "email asc"), [ADA, OWNER_EMAIL]),
            (("nobody like that", "", "", "", "createdAt desc"), []),
        ],
    )
    def test_the_server_searches_filters_and_sorts(self, panel, users, ada, filters, expected):
        panel.gatehouse.member("bob@example.com")
        panel.gatehouse.ban("bob@example.com")
        updates = panel.run_handler(users.index.on_filter, panel.context(), *filters)
        assert find_emails(updates[users.index.listed]) == expected
        if not expected:
            assert words.NOBODY in updates[users.index.listed]
            assert updates[users.index.csv] == ""

    def test_pages_are_turned_by_the_server_and_the_address_follows(
        self, panel, users, monkeypatch
    ):
        monkeypatch.setattr("panel.pages.users.page.PAGE", 2)
        for number in range(4):
            panel.gatehouse.member(f"user{number}@example.com")
        context, filters = panel.context(), ("", "", "", "", "email asc")
        listed, offset = users.index.listed, users.index.offset
        first = panel.run_handler(users.index.on_filter, context, *filters)
        second = panel.run_handler(users.index.older, context, *filters, first[offset])
        assert find_emails(second[listed]) == ["user1@example.com", "user2@example.com"]
        assert "offset=2" in second[listed]
        assert pager_state(users, second) == (True, True)
        assert "3 to 4 of 5 users" in second[users.index.pager.position]
        last = panel.run_handler(users.index.older, context, *filters, second[offset])
        assert find_emails(last[listed]) == ["user3@example.com"]
        assert pager_state(users, last) == (True, False)
        assert (
            panel.run_handler(users.index.newer, context, *filters, second[offset])[listed]
            == first[listed]
        )

    def test_the_page_opens_as_its_address_asks(self, panel, users, ada):
        context = panel.context(search="ada", sortBy="email", sortDirection="asc", offset="x")
        with pytest.warns(UserWarning, match="offset"):
            updates = panel.run_handler(users.on_load, context)
        assert [updates[each].visible for each in users.layout.outputs] == [True, False]
        assert [updates[each] for each in users.index.inputs] == ["ada", "", "", "", "email asc"]
        assert find_emails(updates[users.index.listed]) == [ADA]

    def test_an_address_that_names_a_user_leaves_the_place_to_them(self, panel, users, ada_context):
        updates = panel.run_handler(users.on_load, ada_context)
        assert [updates[each].visible for each in users.layout.outputs] == [False, True]

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_hostile_names_stay_text(self, panel, name):
        user = {"email": ADA, "name": name, "role": "user", "id": "1", "emailVerified": True}
        fields = {"banned": False, "activeSessions": 0, "lastSignInAt": None, "accounts": []}
        fields["twoFactorEnabled"] = False
        user |= {**fields, "username": None, "createdAt": "2026-11-22T09:00:00.000Z"}
        html = page.render_rows([user], panel.clock.now())
        assert "<img" not in html
        assert "$" not in html
        assert len(html) < 2500

    def test_a_new_user_can_sign_in_and_is_one_click_away(self, panel, users, toasts):
        context = panel.context()
        panel.clock.advance(seconds=1)
        updates = panel.run_handler(
            users.on_create, context, "New@Example.com ", " New ", "user", PASSWORD, *ANY
        )
        assert "new@example.com" in updates[users.form.created]
        assert [updates[each] for each in users.form.fields] == ["", "", "user", ""]
        assert find_emails(updates[users.index.listed])[0] == "new@example.com"
        assert toasts == ["The account new@example.com has been created."]
        assert panel.gatehouse.visitor().sign_in("new@example.com").status_code == 200

    def test_a_user_needs_a_name_and_an_address(self, panel, users):
        with pytest.raises(gr.Error, match="needs a name"):
            panel.run_handler(users.on_create, panel.context(), "", "Ada", "user", "", *ANY)


class TestOneUser:
    def test_their_page_tells_who_they_are_and_what_happened(self, panel, detail, ada_context):
        updates, actions = panel.run_handler(detail.on_load, ada_context), detail.actions
        assert set(updates) == set(detail.outputs)
        assert ADA in updates[detail.about]
        assert words.IS_UNVERIFIED in updates[detail.about]
        assert "unknown browser" in updates[detail.sessions]
        assert "Signed up" in updates[detail.events]
        assert len(updates[actions.session].choices) == 1
        assert (updates[actions.role], updates[actions.password]) == ("user", "")
        assert words.ACT_AS_HINT in updates[actions.impersonation_note]
        components = (detail.column, actions.verify, actions.unverify, actions.unban)
        assert [updates[each].visible for each in components] == [True, True, False, False]

    def test_somebody_who_is_gone_leaves_a_sentence(self, panel, detail):
        nobody = panel.context(id="01a203c2-7c93-7407-ab15-d32628a133b6")
        updates = panel.run_handler(detail.on_load, nobody)
        assert words.GONE in updates[detail.about]
        assert updates[detail.column].visible is False

    def test_without_an_id_nothing_is_asked(self, panel, detail):
        assert panel.run_handler(detail.on_load, panel.context()) == {}

    def test_an_address_is_marked_as_verified_and_as_not(self, panel, ada_context, ada):
        message = panel.run_handler(user_actions.mark_verified, ada_context)
        assert message == f"{ADA} is now marked as verified."
        assert ada.session()["user"]["emailVerified"] is True
        message = panel.run_handler(user_actions.mark_unverified, ada_context)
        assert message == f"{ADA} is now marked as not verified."
        assert ada.session()["user"]["emailVerified"] is False

    def test_a_reset_mail_says_where_it_went(self, panel, ada_context):
        assert "Outbox" in panel.run_handler(user_actions.send_reset, ada_context)

    def test_a_role_is_given_once_it_is_confirmed(self, panel, ada_context, ada):
        question = panel.run_handler(user_actions.ask_role, ada_context, "admin")
        assert "can do everything" in question.sentence
        assert ada.session()["user"]["role"] == "user"
        assert "the role admin" in confirm_and_run(
            panel, ada_context, user_actions.ask_role, "admin"
        )
        assert ada.session()["user"]["role"] == "admin"

    def test_a_ban_ends_their_sessions_until_the_day_is_over(self, panel, detail, ada_context, ada):
        question = panel.run_handler(user_actions.ask_ban, ada_context, "2026-11-24", "Spam")
        assert "until 25 November 2026, 00:00:00 UTC" in question.sentence
        assert "1 live session ends at once." in question.sentence
        panel.clock.advance(seconds=7)  # while the admin reads the question
        panel.loop.run(question.action(ada_context))
        assert ada.session() is None
        user = panel.run_handler(user_actions.find_user, ada_context)
        assert user["banExpires"] == "2026-11-25T00:00:00.000Z"
        assert "Spam" in panel.run_handler(detail.render, ada_context)[detail.about]
        panel.clock.advance(days=3)
        assert panel.gatehouse.visitor().sign_in(ADA).status_code == 200

    def test_a_ban_for_good_is_lifted_again(self, panel, ada_context):
        assert "permanently" in confirm_and_run(panel, ada_context, user_actions.ask_ban, "", "")
        assert panel.gatehouse.visitor().sign_in(ADA).status_code == 403
        panel.run_handler(user_actions.unban, ada_context)
        assert panel.gatehouse.visitor().sign_in(ADA).status_code == 200

    @pytest.mark.parametrize(
        ("until", "message"), [("soon", words.NO_SUCH_DAY), ("2026-11-21", words.DAY_IS_OVER)]
    )
    def test_a_ban_needs_a_day_to_come(self, panel, ada_context, until, message):
        with pytest.raises(gr.Error) as excinfo:
            panel.run_handler(user_actions.ask_ban, ada_context, until, "")
        assert excinfo.value.message == message

    def test_a_reason_that_is_too_long_is_told_before_anything_is_asked(self, panel, ada_context):
        with pytest.raises(gr.Error, match="at most 1,000 characters"):
            panel.run_handler(user_actions.ask_ban, ada_context, "", "x" * 1001)
        confirm_and_run(panel, ada_context, user_actions.ask_ban, "", "x" * 1000)

    def test_one_session_is_ended_and_the_others_stay(self, panel, detail, ada_context, ada):
        panel.clock.advance(seconds=1)
        elsewhere = panel.gatehouse.visitor()
        elsewhere.sign_in(ADA)
        newest = panel.run_handler(detail.render, ada_context)[detail.actions.session].choices[0][1]
        confirm_and_run(panel, ada_context, user_actions.ask_end_one, newest)
        assert (elsewhere.session(), ada.session() is None) == (None, False)

    def test_all_sessions_are_ended(self, panel, ada_context, ada):
        confirm_and_run(panel, ada_context, user_actions.ask_end_all)
        assert ada.session() is None

    def test_a_session_must_be_chosen_and_a_password_written(self, panel, ada_context):
        for question, message in (
            (user_actions.ask_end_one, words.CHOOSE_SESSION),
            (user_actions.ask_password, words.WRITE_IT_FIRST),
        ):
            with pytest.raises(gr.Error) as excinfo:
                panel.run_handler(question, ada_context, "")
            assert excinfo.value.message == message

    def test_a_password_is_set_and_ends_every_session(self, panel, ada_context, ada):
        new = "a new one of their own"
        question = panel.run_handler(user_actions.ask_password, ada_context, new)
        assert new not in question.sentence
        confirm_and_run(panel, ada_context, user_actions.ask_password, new)
        assert ada.session() is None
        assert panel.gatehouse.visitor().sign_in(ADA, new).status_code == 200

    def test_a_user_is_deleted_once_it_is_confirmed(self, panel, detail, ada_context):
        assert (
            "cannot be undone" in panel.run_handler(user_actions.ask_delete, ada_context).sentence
        )
        assert words.GONE not in panel.run_handler(detail.render, ada_context)[detail.about]
        confirm_and_run(panel, ada_context, user_actions.ask_delete)
        assert words.GONE in panel.run_handler(detail.render, ada_context)[detail.about]

    def test_what_the_api_refuses_is_refused_here(self, panel):
        myself = panel.context(id=str(panel.gatehouse.user_id(OWNER_EMAIL)))
        for question in (user_actions.ask_delete, user_actions.ask_act_as):
            with pytest.raises(ApiError):
                confirm_and_run(panel, myself, question)

    def test_acting_as_a_user_opens_in_a_browser_of_its_own_and_the_owner_stays(
        self, panel, detail, ada_context
    ):
        confirm_and_run(panel, ada_context, user_actions.ask_act_as)
        name = words.ACTS_AS.format(ADA)
        browser = panel.services.tester.browser(ada_context.admin, name)
        assert browser.signed_in_as == ADA
        visitor = panel.gatehouse.visitor()
        visitor.cookies = {each.name: each.value for each in browser.cookies.values()}
        assert visitor.session()["user"]["email"] == ADA
        assert visitor.session()["session"]["impersonatedBy"]
        assert ada_context.admin.key not in str(browser.cookies)
        assert panel.run_handler(user_actions.find_user, ada_context)["email"] == ADA
        updates = panel.run_handler(detail.render, ada_context)
        assert (
            "/admin/tester?browser=Acting%20as%20ada" in updates[detail.actions.impersonation_note]
        )
        assert words.ACTS_AS_MARK in updates[detail.sessions]

    def test_a_button_that_needs_no_question_says_what_it_did(
        self, panel, detail, ada_context, toasts
    ):
        updates = panel.run_handler(detail.handler_for(user_actions.mark_verified), ada_context)
        assert toasts == [words.verified(ADA, True)]
        assert words.IS_UNVERIFIED not in updates[detail.about]


ACTION_INPUTS = {
    "mark_verified": (),
    "mark_unverified": (),
    "send_reset": (),
    "unban": (),
    "ask_role": ("admin",),
    "ask_username": ("Ada_L",),
    "ask_ban": ("", ""),
    "ask_password": (PASSWORD,),
    "ask_remove_factor": (),
    "ask_end_one": ("x",),
    "ask_end_all": (),
    "ask_delete": (),
    "ask_act_as": (),
    "find_user": (),
    "live_sessions": (),
}


def test_a_plain_user_is_refused_by_every_handler(panel, users, ada):
    ada_query = {"id": str(panel.gatehouse.user_id(ADA))}
    page_handlers = [
        (users.index.on_filter, ANY),
        (users.index.newer, (*ANY, 0)),
        (users.index.older, (*ANY, 0)),
        (users.on_load, ()),
        (users.on_create, ("new@example.com", "New", "admin", PASSWORD, *ANY)),
        (users.user.on_load, ()),
        (users.user.render, ()),
    ]
    action_handlers = [
        (getattr(user_actions, name), inputs) for name, inputs in ACTION_INPUTS.items()
    ]
    for handler, inputs in (*page_handlers, *action_handlers):
        query = {} if handler == users.on_load else ada_query
        with pytest.raises(ApiError) as excinfo:
            panel.run_handler(handler, panel.context(ada, **query), *inputs)
        assert excinfo.value.status == 403, handler


def test_a_confirmed_action_is_refused_to_a_plain_user_too(panel, ada, ada_context):
    as_user = panel.context(ada, **ada_context.query)
    for question, inputs in (
        (user_actions.ask_role, ("admin",)),
        (user_actions.ask_username, ("Ada_L",)),
        (user_actions.ask_ban, ("", "")),
        (user_actions.ask_password, (PASSWORD,)),
        (user_actions.ask_remove_factor, ()),
        (user_actions.ask_end_one, ("01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8",)),
        (user_actions.ask_end_all, ()),
        (user_actions.ask_delete, ()),
        (user_actions.ask_act_as, ()),
    ):
        pending = panel.run_handler(question, ada_context, *inputs)
        with pytest.raises(ApiError) as excinfo:
            panel.loop.run(pending.action(as_user))
        assert excinfo.value.status == 403
