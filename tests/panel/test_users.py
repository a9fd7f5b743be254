"""The handlers of the users' pages, before a real API: what an admin sees, asks for and does."""

import re

import gradio as gr
import pytest

from panel import user_deeds
from panel.api import ApiRefused
from panel.pages import user as one
from panel.pages import users as page
from panel.words import users as words
from tests.make import PASSWORD
from tests.panel.conftest import OWNER_EMAIL, Panel

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


@pytest.fixture
def said(monkeypatch):
    """What toasts say."""
    told: list[str] = []
    for module in ("panel.pages.users", "panel.pages.user"):
        monkeypatch.setattr(f"{module}.say", told.append)
    return told


@pytest.fixture
def ada(panel: Panel):
    """A browser in which Ada has signed up."""
    panel.clock.advance(seconds=1)
    return panel.gatehouse.member(ADA)


@pytest.fixture
def at_ada(panel, ada):
    """An event of the owner's on Ada's page."""
    return panel.asked(id=str(panel.gatehouse.user_id(ADA)))


def emails(shown: str) -> list[str]:
    return re.findall(r"<bdi>([^<]*@[^<]*)</bdi></a>", shown)


def carried_out(panel, asked, question, *inputs) -> str:
    """Ask, confirm, and return what was said to have been done."""
    pending = panel.does(question, asked, *inputs)
    return panel.loop.run(pending.deed(panel.tools, asked))


class TestTheList:
    def test_everybody_is_listed_the_newest_first(self, panel, ada):
        panel.gatehouse.member("bob@example.com")
        shown, csv, offset, newer, older, told = panel.does(page.listed, panel.asked(), *ANY)
        assert emails(shown)[2:] == [OWNER_EMAIL]
        assert "/admin/users.csv?sortBy=createdAt&amp;sortDirection=desc" in csv
        assert (offset, newer.interactive, older.interactive) == (0, False, False)
        assert "3 users" in told

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
    def test_the_server_searches_filters_and_sorts(self, panel, ada, filters, found):
        panel.gatehouse.member("bob@example.com")
        panel.gatehouse.ban("bob@example.com")
        shown, csv, *_ = panel.does(page.listed, panel.asked(), *filters)
        assert emails(shown) == found
        if not found:
            assert words.NOBODY in shown
            assert csv == ""

    def test_pages_are_turned_by_the_server_and_the_address_follows(self, panel, monkeypatch):
        monkeypatch.setattr(page, "PAGE", 2)
        for number in range(4):
            panel.gatehouse.member(f"user{number}@example.com")
        asked, by_mail = panel.asked(), ("", "", "", "", "email asc")
        first = panel.does(page.listed, asked, *by_mail)
        second = panel.does(page.older, asked, *by_mail, first[2])
        assert emails(second[0]) == ["user1@example.com", "user2@example.com"]
        assert "offset=2" in second[0]
        assert second[3].interactive is second[4].interactive is True
        assert "3 to 4 of 5 users" in second[5]
        last = panel.does(page.older, asked, *by_mail, second[2])
        assert (emails(last[0]), last[4].interactive) == (["user3@example.com"], False)
        assert panel.does(page.newer, asked, *by_mail, second[2])[0] == first[0]

    def test_the_page_opens_as_its_address_asks(self, panel, ada):
        asked = panel.asked(search="ada", sortBy="email", sortDirection="asc", offset="x")
        every, single, *rest = panel.does(page.opened, asked)
        assert (every.visible, single.visible) == (True, False)
        assert rest[:5] == ["ada", "", "", "", "email asc"]
        assert emails(rest[5]) == [ADA]

    def test_an_address_that_names_a_user_leaves_the_place_to_them(self, panel, at_ada):
        every, single, *_ = panel.does(page.opened, at_ada)
        assert (every.visible, single.visible) == (False, True)

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_hostile_names_stay_text(self, panel, name):
        user = {"email": ADA, "name": name, "role": "user", "id": "1", "emailVerified": True}
        more = {"banned": False, "activeSessions": 0, "lastSignInAt": None, "accounts": []}
        user |= {**more, "createdAt": "2026-11-22T09:00:00.000Z"}
        shown = page.rows([user], panel.tools)
        assert "<img" not in shown
        assert "$" not in shown
        assert len(shown) < 2500

    def test_a_new_user_can_sign_in_and_is_one_click_away(self, panel, said):
        asked = panel.asked()
        panel.clock.advance(seconds=1)
        made, *emptied, shown = panel.does(
            page.created, asked, "New@Example.com ", " New ", "user", PASSWORD, *ANY, 0
        )[:6]
        assert "new@example.com" in made
        assert emptied == ["", "", "user", ""]
        assert emails(shown)[0] == "new@example.com"
        assert said == ["new@example.com has an account now."]
        assert panel.gatehouse.visitor().signs_in("new@example.com").status_code == 200

    def test_a_user_needs_a_name_and_an_address(self, panel):
        with pytest.raises(gr.Error, match="needs a name"):
            panel.does(page.created, panel.asked(), "", "Ada", "user", "", *ANY, 0)


class TestOneUser:
    def test_their_page_tells_who_they_are_and_what_happened(self, panel, at_ada):
        about, sessions, events, which, role, password, acting, *buttons, column = panel.does(
            one.opened, at_ada
        )
        assert ADA in about
        assert words.IS_UNVERIFIED in about
        assert "unknown browser" in sessions
        assert "Signed up" in events
        assert len(which.choices) == 1
        assert (role, password, column.visible) == ("user", "", True)
        assert words.ACT_AS_HINT in acting
        assert [button.visible for button in buttons] == [True, False, False]

    def test_somebody_who_is_gone_leaves_a_sentence(self, panel):
        nobody = panel.asked(id="01a203c2-7c93-7407-ab15-d32628a133b6")
        about, *_, column = panel.does(one.opened, nobody)
        assert words.GONE in about
        assert column.visible is False

    def test_without_an_id_nothing_is_asked(self, panel):
        assert panel.does(one.opened, panel.asked()) == (gr.skip(),) * 11

    def test_an_address_is_marked_as_verified_and_as_not(self, panel, at_ada, ada):
        told = panel.does(user_deeds.mark_verified, at_ada)
        assert told == f"{ADA} counts as verified now."
        assert ada.session()["user"]["emailVerified"] is True
        told = panel.does(user_deeds.mark_unverified, at_ada)
        assert told == f"{ADA} counts as not verified now."
        assert ada.session()["user"]["emailVerified"] is False

    def test_a_reset_mail_says_where_it_went(self, panel, at_ada):
        assert "outbox" in panel.does(user_deeds.send_reset, at_ada)

    def test_a_role_is_given_once_it_is_confirmed(self, panel, at_ada, ada):
        question = panel.does(user_deeds.ask_role, at_ada, "admin")
        assert "may then do everything" in question.sentence
        assert ada.session()["user"]["role"] == "user"
        assert "admin now" in carried_out(panel, at_ada, user_deeds.ask_role, "admin")
        assert ada.session()["user"]["role"] == "admin"

    def test_a_ban_ends_their_sessions_until_the_day_is_over(self, panel, at_ada, ada):
        question = panel.does(user_deeds.ask_ban, at_ada, "2026-11-24", "Spam")
        assert "until 25 November 2026, 00:00:00 UTC" in question.sentence
        assert "1 live session ends at once." in question.sentence
        carried_out(panel, at_ada, user_deeds.ask_ban, "2026-11-24", "Spam")
        assert ada.session() is None
        assert "Spam" in panel.does(one.look, at_ada)[0]
        panel.clock.advance(days=3)
        assert panel.gatehouse.visitor().signs_in(ADA).status_code == 200

    def test_a_ban_for_good_is_lifted_again(self, panel, at_ada):
        assert "for good" in carried_out(panel, at_ada, user_deeds.ask_ban, "", "")
        assert panel.gatehouse.visitor().signs_in(ADA).status_code == 403
        panel.does(user_deeds.unban, at_ada)
        assert panel.gatehouse.visitor().signs_in(ADA).status_code == 200

    @pytest.mark.parametrize(
        ("until", "told"), [("soon", words.NO_SUCH_DAY), ("2026-11-21", words.DAY_IS_OVER)]
    )
    def test_a_ban_needs_a_day_to_come(self, panel, at_ada, until, told):
        with pytest.raises(gr.Error) as wanting:
            panel.does(user_deeds.ask_ban, at_ada, until, "")
        assert wanting.value.message == told

    def test_one_session_is_ended_and_the_others_stay(self, panel, at_ada, ada):
        panel.clock.advance(seconds=1)
        elsewhere = panel.gatehouse.visitor()
        elsewhere.signs_in(ADA)
        newest = panel.does(one.look, at_ada)[3].choices[0][1]
        carried_out(panel, at_ada, user_deeds.ask_end_one, newest)
        assert (elsewhere.session(), ada.session() is None) == (None, False)

    def test_all_sessions_are_ended(self, panel, at_ada, ada):
        carried_out(panel, at_ada, user_deeds.ask_end_all)
        assert ada.session() is None

    def test_a_session_must_be_chosen_and_a_password_written(self, panel, at_ada):
        for question, told in (
            (user_deeds.ask_end_one, words.CHOOSE_SESSION),
            (user_deeds.ask_password, words.WRITE_IT_FIRST),
        ):
            with pytest.raises(gr.Error) as wanting:
                panel.does(question, at_ada, "")
            assert wanting.value.message == told

    def test_a_password_is_set_and_ends_every_session(self, panel, at_ada, ada):
        new = "a new one of their own"
        question = panel.does(user_deeds.ask_password, at_ada, new)
        assert new not in question.sentence
        carried_out(panel, at_ada, user_deeds.ask_password, new)
        assert ada.session() is None
        assert panel.gatehouse.visitor().signs_in(ADA, new).status_code == 200

    def test_a_user_is_deleted_once_it_is_confirmed(self, panel, at_ada):
        assert "cannot be undone" in panel.does(user_deeds.ask_delete, at_ada).sentence
        assert words.GONE not in panel.does(one.look, at_ada)[0]
        carried_out(panel, at_ada, user_deeds.ask_delete)
        assert words.GONE in panel.does(one.look, at_ada)[0]

    def test_what_the_api_refuses_is_refused_here(self, panel):
        myself = panel.asked(id=str(panel.gatehouse.user_id(OWNER_EMAIL)))
        for question in (user_deeds.ask_delete, user_deeds.ask_act_as):
            with pytest.raises(ApiRefused):
                carried_out(panel, myself, question)

    def test_acting_as_a_user_opens_in_a_browser_of_its_own_and_the_owner_stays(
        self, panel, at_ada
    ):
        carried_out(panel, at_ada, user_deeds.ask_act_as)
        name = words.acts_as(ADA)
        browser = panel.tools.tester.browser(at_ada.owner, name)
        assert browser.signed_in_as == ADA
        visitor = panel.gatehouse.visitor()
        visitor.cookies = {each.name: each.value for each in browser.cookies.values()}
        assert visitor.session()["user"]["email"] == ADA
        assert visitor.session()["session"]["impersonatedBy"]
        assert at_ada.owner.key not in str(browser.cookies)
        assert panel.does(user_deeds.find_user, at_ada)["email"] == ADA
        assert "/admin/tester?browser=Acting%20as%20ada" in panel.does(one.look, at_ada)[6]
        assert words.ACTS_AS_MARK in panel.does(one.look, at_ada)[1]

    def test_a_button_that_needs_no_question_says_what_it_did(self, panel, at_ada, said):
        about, *_ = panel.does(one._does(user_deeds.mark_verified), at_ada)
        assert said == [words.verified(ADA, True)]
        assert words.IS_UNVERIFIED not in about


ANYBODY = {
    page.listed: ANY,
    page.newer: (*ANY, 0),
    page.older: (*ANY, 0),
    page.opened: (),
    page.created: ("new@example.com", "New", "admin", PASSWORD, *ANY, 0),
    one.opened: (),
    one.look: (),
    user_deeds.mark_verified: (),
    user_deeds.mark_unverified: (),
    user_deeds.send_reset: (),
    user_deeds.unban: (),
    user_deeds.ask_role: ("admin",),
    user_deeds.ask_ban: ("", ""),
    user_deeds.ask_password: (PASSWORD,),
    user_deeds.ask_end_one: ("x",),
    user_deeds.ask_end_all: (),
    user_deeds.ask_delete: (),
    user_deeds.ask_act_as: (),
    user_deeds.find_user: (),
    user_deeds.live_sessions: (),
}


def test_a_plain_user_is_refused_by_every_handler(panel, ada):
    theirs = {"id": str(panel.gatehouse.user_id(ADA))}
    for handler, inputs in ANYBODY.items():
        query = {} if handler is page.opened else theirs
        with pytest.raises(ApiRefused) as refused:
            panel.does(handler, panel.asked(ada, **query), *inputs)
        assert refused.value.status == 403, handler


def test_a_deed_that_was_confirmed_is_refused_to_a_plain_user_too(panel, ada, at_ada):
    as_user = panel.asked(ada, **at_ada.query)
    for question, inputs in (
        (user_deeds.ask_role, ("admin",)),
        (user_deeds.ask_ban, ("", "")),
        (user_deeds.ask_password, (PASSWORD,)),
        (user_deeds.ask_end_one, ("01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8",)),
        (user_deeds.ask_end_all, ()),
        (user_deeds.ask_delete, ()),
        (user_deeds.ask_act_as, ()),
    ):
        pending = panel.does(question, at_ada, *inputs)
        with pytest.raises(ApiRefused) as refused:
            panel.loop.run(pending.deed(panel.tools, as_user))
        assert refused.value.status == 403
