"""The handlers of the users' pages, before a real API: what an admin sees, asks for and does."""

import re

import pytest

from panel.client.api import ApiError
from panel.pages.users import words
from tests.lazy_import import lazy_import
from tests.make import PASSWORD
from tests.panel.conftest import OWNER_EMAIL, Panel, lay_out

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
def users(shared):
    """The page."""
    return lay_out(page, shared)


@pytest.fixture(scope="module")
def one(users):
    """The place of one user."""
    return users.user


@pytest.fixture
def said(monkeypatch):
    """What toasts say."""
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
def at_ada(panel, ada):
    """An event of the owner's on Ada's page."""
    return panel.context(id=str(panel.gatehouse.user_id(ADA)))


def emails(shown: str) -> list[str]:
    return re.findall(r"<bdi>([^<]*@[^<]*)</bdi></a>", shown)


def turnable(users, shown) -> tuple[bool, bool]:
    """Which way the list can be turned."""
    pager = users.index.pager
    return shown[pager.newer].interactive, shown[pager.older].interactive


def carried_out(panel, context, question, *inputs) -> str:
    """Ask, confirm, and return what was said to have been done."""
    pending = panel.run_handler(question, context, *inputs)
    return panel.loop.run(pending.action(panel.services, context))


class TestTheList:
    def test_everybody_is_listed_the_newest_first(self, panel, users, ada):
        panel.gatehouse.member("bob@example.com")
        shown = panel.run_handler(users.index.on_filter, panel.context(), *ANY)
        assert emails(shown[users.index.listed])[2:] == [OWNER_EMAIL]
        csv = shown[users.index.csv]
        assert "/admin/users.csv?sortBy=createdAt&amp;sortDirection=desc" in csv
        assert shown[users.index.offset] == 0
        assert turnable(users, shown) == (False, False)
        assert "3 users" in shown[users.index.pager.position]

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            (("ADA@", "", "", "", "createdAt desc"), [ADA]),
            (("", "admin", "", "", "createdAt desc"), [OWNER_EMAIL]),
            (("", "", "true", "", "createdAt desc"), ["bob@example.com"]),
            (("", "", "false", "", "email asc"), [ADA, OWNER_EMAIL]),
            (("nobody like that", "", "", "", "createdAt desc"), []),
        ],
    )
    def test_the_server_searches_filters_and_sorts(self, panel, users, ada, filters, found):
        panel.gatehouse.member("bob@example.com")
        panel.gatehouse.ban("bob@example.com")
        shown = panel.run_handler(users.index.on_filter, panel.context(), *filters)
        assert emails(shown[users.index.listed]) == found
        if not found:
            assert words.NOBODY in shown[users.index.listed]
            assert shown[users.index.csv] == ""

    def test_pages_are_turned_by_the_server_and_the_address_follows(
        self, panel, users, monkeypatch
    ):
        monkeypatch.setattr("panel.pages.users.page.PAGE", 2)
        for number in range(4):
            panel.gatehouse.member(f"user{number}@example.com")
        context, by_mail = panel.context(), ("", "", "", "", "email asc")
        it, offset = users.index.listed, users.index.offset
        first = panel.run_handler(users.index.on_filter, context, *by_mail)
        second = panel.run_handler(users.index.older, context, *by_mail, first[offset])
        assert emails(second[it]) == ["user1@example.com", "user2@example.com"]
        assert "offset=2" in second[it]
        assert turnable(users, second) == (True, True)
        assert "3 to 4 of 5 users" in second[users.index.pager.position]
        last = panel.run_handler(users.index.older, context, *by_mail, second[offset])
        assert emails(last[it]) == ["user3@example.com"]
        assert turnable(users, last) == (True, False)
        assert (
            panel.run_handler(users.index.newer, context, *by_mail, second[offset])[it] == first[it]
        )

    def test_the_page_opens_as_its_address_asks(self, panel, users, ada):
        context = panel.context(search="ada", sortBy="email", sortDirection="asc", offset="x")
        shown = panel.run_handler(users.on_load, context)
        assert [shown[each].visible for each in users.layout.outputs] == [True, False]
        assert [shown[each] for each in users.index.inputs] == ["ada", "", "", "", "email asc"]
        assert emails(shown[users.index.listed]) == [ADA]

    def test_an_address_that_names_a_user_leaves_the_place_to_them(self, panel, users, at_ada):
        shown = panel.run_handler(users.on_load, at_ada)
        assert [shown[each].visible for each in users.layout.outputs] == [False, True]

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_hostile_names_stay_text(self, panel, name):
        user = {"email": ADA, "name": name, "role": "user", "id": "1", "emailVerified": True}
        more = {"banned": False, "activeSessions": 0, "lastSignInAt": None, "accounts": []}
        user |= {**more, "createdAt": "2026-11-22T09:00:00.000Z"}
        shown = page.render_rows([user], panel.services)
        assert "<img" not in shown
        assert "$" not in shown
        assert len(shown) < 2500

    def test_a_new_user_can_sign_in_and_is_one_click_away(self, panel, users, said):
        context = panel.context()
        panel.clock.advance(seconds=1)
        shown = panel.run_handler(
            users.on_create, context, "New@Example.com ", " New ", "user", PASSWORD, *ANY
        )
        assert "new@example.com" in shown[users.form.created]
        assert [shown[each] for each in users.form.fields] == ["", "", "user", ""]
        assert emails(shown[users.index.listed])[0] == "new@example.com"
        assert said == ["new@example.com has an account now."]
        assert panel.gatehouse.visitor().sign_in("new@example.com").status_code == 200

    def test_a_user_needs_a_name_and_an_address(self, panel, users):
        with pytest.raises(gr.Error, match="needs a name"):
            panel.run_handler(users.on_create, panel.context(), "", "Ada", "user", "", *ANY)


class TestOneUser:
    def test_their_page_tells_who_they_are_and_what_happened(self, panel, one, at_ada):
        shown, actions = panel.run_handler(one.on_load, at_ada), one.actions
        assert set(shown) == set(one.outputs)
        assert ADA in shown[one.about]
        assert words.IS_UNVERIFIED in shown[one.about]
        assert "unknown browser" in shown[one.sessions]
        assert "Signed up" in shown[one.events]
        assert len(shown[actions.session].choices) == 1
        assert (shown[actions.role], shown[actions.password]) == ("user", "")
        assert words.ACT_AS_HINT in shown[actions.impersonation_note]
        seen = (one.column, actions.verify, actions.unverify, actions.unban)
        assert [shown[each].visible for each in seen] == [True, True, False, False]

    def test_somebody_who_is_gone_leaves_a_sentence(self, panel, one):
        nobody = panel.context(id="01a203c2-7c93-7407-ab15-d32628a133b6")
        shown = panel.run_handler(one.on_load, nobody)
        assert words.GONE in shown[one.about]
        assert shown[one.column].visible is False

    def test_without_an_id_nothing_is_asked(self, panel, one):
        assert panel.run_handler(one.on_load, panel.context()) == {}

    def test_an_address_is_marked_as_verified_and_as_not(self, panel, at_ada, ada):
        told = panel.run_handler(user_actions.mark_verified, at_ada)
        assert told == f"{ADA} counts as verified now."
        assert ada.session()["user"]["emailVerified"] is True
        told = panel.run_handler(user_actions.mark_unverified, at_ada)
        assert told == f"{ADA} counts as not verified now."
        assert ada.session()["user"]["emailVerified"] is False

    def test_a_reset_mail_says_where_it_went(self, panel, at_ada):
        assert "outbox" in panel.run_handler(user_actions.send_reset, at_ada)

    def test_a_role_is_given_once_it_is_confirmed(self, panel, at_ada, ada):
        question = panel.run_handler(user_actions.ask_role, at_ada, "admin")
        assert "may then do everything" in question.sentence
        assert ada.session()["user"]["role"] == "user"
        assert "admin now" in carried_out(panel, at_ada, user_actions.ask_role, "admin")
        assert ada.session()["user"]["role"] == "admin"

    def test_a_ban_ends_their_sessions_until_the_day_is_over(self, panel, one, at_ada, ada):
        question = panel.run_handler(user_actions.ask_ban, at_ada, "2026-11-24", "Spam")
        assert "until 25 November 2026, 00:00:00 UTC" in question.sentence
        assert "1 live session ends at once." in question.sentence
        carried_out(panel, at_ada, user_actions.ask_ban, "2026-11-24", "Spam")
        assert ada.session() is None
        assert "Spam" in panel.run_handler(one.render, at_ada)[one.about]
        panel.clock.advance(days=3)
        assert panel.gatehouse.visitor().sign_in(ADA).status_code == 200

    def test_a_ban_for_good_is_lifted_again(self, panel, at_ada):
        assert "for good" in carried_out(panel, at_ada, user_actions.ask_ban, "", "")
        assert panel.gatehouse.visitor().sign_in(ADA).status_code == 403
        panel.run_handler(user_actions.unban, at_ada)
        assert panel.gatehouse.visitor().sign_in(ADA).status_code == 200

    @pytest.mark.parametrize(
        ("until", "told"), [("soon", words.NO_SUCH_DAY), ("2026-11-21", words.DAY_IS_OVER)]
    )
    def test_a_ban_needs_a_day_to_come(self, panel, at_ada, until, told):
        with pytest.raises(gr.Error) as wanting:
            panel.run_handler(user_actions.ask_ban, at_ada, until, "")
        assert wanting.value.message == told

    def test_a_reason_that_is_too_long_is_told_before_anything_is_asked(self, panel, at_ada):
        with pytest.raises(gr.Error, match="at most 1,000 characters"):
            panel.run_handler(user_actions.ask_ban, at_ada, "", "x" * 1001)
        carried_out(panel, at_ada, user_actions.ask_ban, "", "x" * 1000)

    def test_one_session_is_ended_and_the_others_stay(self, panel, one, at_ada, ada):
        panel.clock.advance(seconds=1)
        elsewhere = panel.gatehouse.visitor()
        elsewhere.sign_in(ADA)
        newest = panel.run_handler(one.render, at_ada)[one.actions.session].choices[0][1]
        carried_out(panel, at_ada, user_actions.ask_end_one, newest)
        assert (elsewhere.session(), ada.session() is None) == (None, False)

    def test_all_sessions_are_ended(self, panel, at_ada, ada):
        carried_out(panel, at_ada, user_actions.ask_end_all)
        assert ada.session() is None

    def test_a_session_must_be_chosen_and_a_password_written(self, panel, at_ada):
        for question, told in (
            (user_actions.ask_end_one, words.CHOOSE_SESSION),
            (user_actions.ask_password, words.WRITE_IT_FIRST),
        ):
            with pytest.raises(gr.Error) as wanting:
                panel.run_handler(question, at_ada, "")
            assert wanting.value.message == told

    def test_a_password_is_set_and_ends_every_session(self, panel, at_ada, ada):
        new = "a new one of their own"
        question = panel.run_handler(user_actions.ask_password, at_ada, new)
        assert new not in question.sentence
        carried_out(panel, at_ada, user_actions.ask_password, new)
        assert ada.session() is None
        assert panel.gatehouse.visitor().sign_in(ADA, new).status_code == 200

    def test_a_user_is_deleted_once_it_is_confirmed(self, panel, one, at_ada):
        assert "cannot be undone" in panel.run_handler(user_actions.ask_delete, at_ada).sentence
        assert words.GONE not in panel.run_handler(one.render, at_ada)[one.about]
        carried_out(panel, at_ada, user_actions.ask_delete)
        assert words.GONE in panel.run_handler(one.render, at_ada)[one.about]

    def test_what_the_api_refuses_is_refused_here(self, panel):
        myself = panel.context(id=str(panel.gatehouse.user_id(OWNER_EMAIL)))
        for question in (user_actions.ask_delete, user_actions.ask_act_as):
            with pytest.raises(ApiError):
                carried_out(panel, myself, question)

    def test_acting_as_a_user_opens_in_a_browser_of_its_own_and_the_owner_stays(
        self, panel, one, at_ada
    ):
        carried_out(panel, at_ada, user_actions.ask_act_as)
        name = words.ACTS_AS.format(ADA)
        browser = panel.services.tester.browser(at_ada.admin, name)
        assert browser.signed_in_as == ADA
        visitor = panel.gatehouse.visitor()
        visitor.cookies = {each.name: each.value for each in browser.cookies.values()}
        assert visitor.session()["user"]["email"] == ADA
        assert visitor.session()["session"]["impersonatedBy"]
        assert at_ada.admin.key not in str(browser.cookies)
        assert panel.run_handler(user_actions.find_user, at_ada)["email"] == ADA
        shown = panel.run_handler(one.render, at_ada)
        assert "/admin/tester?browser=Acting%20as%20ada" in shown[one.actions.impersonation_note]
        assert words.ACTS_AS_MARK in shown[one.sessions]

    def test_a_button_that_needs_no_question_says_what_it_did(self, panel, one, at_ada, said):
        shown = panel.run_handler(one.handler_for(user_actions.mark_verified), at_ada)
        assert said == [words.verified(ADA, True)]
        assert words.IS_UNVERIFIED not in shown[one.about]


ANYBODY = {
    "mark_verified": (),
    "mark_unverified": (),
    "send_reset": (),
    "unban": (),
    "ask_role": ("admin",),
    "ask_ban": ("", ""),
    "ask_password": (PASSWORD,),
    "ask_end_one": ("x",),
    "ask_end_all": (),
    "ask_delete": (),
    "ask_act_as": (),
    "find_user": (),
    "live_sessions": (),
}


def test_a_plain_user_is_refused_by_every_handler(panel, users, ada):
    theirs = {"id": str(panel.gatehouse.user_id(ADA))}
    of_the_page = [
        (users.index.on_filter, ANY),
        (users.index.newer, (*ANY, 0)),
        (users.index.older, (*ANY, 0)),
        (users.on_load, ()),
        (users.on_create, ("new@example.com", "New", "admin", PASSWORD, *ANY)),
        (users.user.on_load, ()),
        (users.user.render, ()),
    ]
    of_the_deeds = [(getattr(user_actions, name), inputs) for name, inputs in ANYBODY.items()]
    for handler, inputs in (*of_the_page, *of_the_deeds):
        query = {} if handler == users.on_load else theirs
        with pytest.raises(ApiError) as refused:
            panel.run_handler(handler, panel.context(ada, **query), *inputs)
        assert refused.value.status == 403, handler


def test_a_deed_that_was_confirmed_is_refused_to_a_plain_user_too(panel, ada, at_ada):
    as_user = panel.context(ada, **at_ada.query)
    for question, inputs in (
        (user_actions.ask_role, ("admin",)),
        (user_actions.ask_ban, ("", "")),
        (user_actions.ask_password, (PASSWORD,)),
        (user_actions.ask_end_one, ("01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8",)),
        (user_actions.ask_end_all, ()),
        (user_actions.ask_delete, ()),
        (user_actions.ask_act_as, ()),
    ):
        pending = panel.run_handler(question, at_ada, *inputs)
        with pytest.raises(ApiError) as refused:
            panel.loop.run(pending.action(panel.services, as_user))
        assert refused.value.status == 403
