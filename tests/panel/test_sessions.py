"""The handlers of the sessions' pages, before a real API: what an admin sees, asks for and ends."""

import re

import pytest

from panel.client.api import ApiError
from panel.pages.sessions import words
from tests.lazy_import import lazy_import
from tests.panel.conftest import OWNER_EMAIL, Panel, build_page, without_breaks

gr = lazy_import("gradio")
session_actions = lazy_import("panel.pages.sessions.actions")
session_detail = lazy_import("panel.pages.sessions.detail")
page = lazy_import("panel.pages.sessions.page")
paging = lazy_import("panel.ui.paging")

ADA, BOB = "ada@example.com", "bob@example.com"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36"
ELSEWHERE = "198.51.100.9"
IPV6 = "2001:db8:1:2:3::4"
NOBODY = "01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8"
HOSTILE = ["<img src=x onerror=alert(1)>", "مرحبا \u202e", "x" * 10_000, "🦊$x$", "x" * 900 + "bot"]


@pytest.fixture(scope="module")
def sessions(shared_panel):
    """The components and handlers of the page."""
    return build_page(page, shared_panel)


@pytest.fixture(scope="module")
def index(sessions):
    """The list of the page."""
    return sessions.index


@pytest.fixture(scope="module")
def detail(sessions):
    """The part of the page that shows one session."""
    return sessions.session


@pytest.fixture
def ada(panel: Panel):
    """A browser on Windows in which Ada has signed up."""
    panel.clock.advance(seconds=1)
    return panel.gatehouse.member(ADA, **{"user-agent": WINDOWS})


@pytest.fixture
def bob(panel: Panel, ada):
    """Bob signed up somewhere else, after Ada."""
    panel.clock.advance(seconds=1)
    return panel.gatehouse.member(BOB, address=ELSEWHERE)


def pager_state(index, updates) -> tuple[bool, bool]:
    """Return whether there are newer and older pages."""
    return updates[index.pager.newer].interactive, updates[index.pager.older].interactive


def find_emails(html: str) -> list[str]:
    return re.findall(r"<bdi>([^<]*@[^<]*)</bdi></a>", without_breaks(html))


def id_of(browser) -> str:
    return browser.session()["session"]["id"]


def session_context(panel, browser):
    """Return the context of the owner's event on the page of a browser's session."""
    return panel.context(id=id_of(browser))


def confirm_and_run(panel, context, question, *inputs) -> str:
    """Ask, confirm, and return the message of the toast."""
    pending = panel.run_handler(question, context, *inputs)
    return panel.loop.run(pending.action(context))


class TestTheList:
    def test_everybody_who_is_signed_in_is_listed_the_latest_first(self, panel, index, bob):
        panel.clock.advance(seconds=1)
        updates = panel.run_handler(index.on_filter, panel.context(), "", "")
        assert set(updates) == set(index.outputs) - {index.find}
        listed = updates[index.listed]
        assert find_emails(listed) == [OWNER_EMAIL, BOB, ADA]
        assert "Chrome on Windows" in listed
        assert f"/admin/sessions?address={ELSEWHERE}" in listed
        assert listed.count(words.YOURS) == 1
        assert (updates[index.note], updates[index.stack]) == ("", paging.CursorStack())
        assert updates[index.end].visible is False
        assert len(updates[index.listed_sessions].ids) == 2
        assert pager_state(index, updates) == (False, False)
        assert "3 sessions" in updates[index.pager.position]

    @pytest.mark.parametrize(
        ("search", "address", "expected"),
        [("ADA@", "", [ADA]), ("", ELSEWHERE, [BOB]), ("ada", ELSEWHERE, []), ("", "::1", [])],
    )
    def test_the_server_filters(self, panel, index, bob, search, address, expected):
        updates = panel.run_handler(index.on_filter, panel.context(), f" {search} ", f" {address} ")
        assert find_emails(updates[index.listed]) == expected
        assert (words.NONE in updates[index.listed]) is not bool(expected)

    def test_a_subscriber_of_ipv6_is_found_by_their_network(self, panel, index):
        panel.gatehouse.member(ADA, address=IPV6)
        prefix = session_detail.ipv6_prefix(IPV6)
        assert prefix == "2001:db8:1:2::/64"
        updates = panel.run_handler(index.on_filter, panel.context(), "", prefix)
        assert find_emails(updates[index.listed]) == [ADA]

    @pytest.mark.parametrize("address", ["here", "1.2.3", "10.0.0.0/8", "::1/32", "1.2.3.4/64"])
    def test_what_is_no_address_is_said_so(self, panel, index, address):
        with pytest.raises(gr.Error) as excinfo:
            panel.run_handler(index.on_filter, panel.context(), "", address)
        assert excinfo.value.message == words.NO_SUCH_ADDRESS

    def test_a_link_shows_the_sessions_of_one_user_and_how_to_see_everybodys(
        self, panel, sessions, index, bob
    ):
        updates = panel.run_handler(
            sessions.on_load, panel.context(user=str(panel.gatehouse.user_id(ADA)))
        )
        assert [updates[each] for each in index.inputs] == ["", ""]
        assert find_emails(updates[index.listed]) == [ADA]
        assert ADA in updates[index.note]
        assert words.EVERYBODYS in updates[index.note].unescape()

    def test_an_address_of_the_page_that_cannot_be_is_not_asked(self, panel, sessions, index, bob):
        context = panel.context(user="x", address="x", search="bob")
        with pytest.warns(UserWarning, match="“user”, “address”"):
            updates = panel.run_handler(sessions.on_load, context)
        assert [updates[each].visible for each in sessions.layout.outputs] == [True, False]
        assert [updates[each] for each in index.inputs] == ["bob", ""]
        assert find_emails(updates[index.listed]) == [BOB]

    def test_pages_are_turned_and_the_address_follows(self, panel, index, bob, monkeypatch):
        monkeypatch.setattr("panel.pages.sessions.page.PAGE", 1)
        panel.clock.advance(seconds=1)
        context, stack, listed = panel.context(), index.stack, index.listed
        first = panel.run_handler(index.on_filter, context, "", "")
        second = panel.run_handler(index.older, context, first[stack])
        third = panel.run_handler(index.older, context, second[stack])
        assert [find_emails(each[listed])[0] for each in (first, second, third)] == [
            OWNER_EMAIL,
            BOB,
            ADA,
        ]
        assert f"cursor={second[stack].cursor}" in second[listed]
        assert pager_state(index, third) == (True, False)
        assert find_emails(panel.run_handler(index.newer, context, third[stack])[listed]) == [BOB]
        assert find_emails(
            panel.run_handler(index.refresh_list, context, second[stack])[listed]
        ) == [BOB]

    def test_a_refresh_shows_what_the_address_asks_and_says_its_refusal_on_the_page(
        self, panel, index, bob
    ):
        updates = panel.run_handler(
            index.refresh_list, panel.context(search="bob"), paging.CursorStack()
        )
        assert find_emails(updates[index.listed]) == [BOB]
        error_updates = panel.run_handler(
            index.refresh_list, panel.context(bob), paging.CursorStack()
        )
        assert list(error_updates) == [index.note], "the rest stays as it is"
        assert "role='alert'" in error_updates[index.note]

    @pytest.mark.parametrize("value", HOSTILE, ids=["html", "rtl", "long", "emoji", "robot"])
    def test_hostile_names_and_user_agents_stay_text(self, panel, value):
        user = {"id": NOBODY, "email": value, "name": value}
        timestamps = dict.fromkeys(
            ("createdAt", "updatedAt", "expiresAt"), "2026-11-22T12:00:00.000Z"
        )
        session = {"id": NOBODY, "user": user, "ipAddress": value, "userAgent": value}
        session |= {**timestamps, "impersonatedBy": None}
        html = page.render_rows([session], "", {}, panel.clock.now())
        detail_html = session_detail.render_session(session, "", {}, panel.clock.now())
        assert "<img" not in html + detail_html
        assert "$" not in html + detail_html
        assert len(html) < 12_000


class TestOneSession:
    def test_it_tells_whose_it_is_from_where_and_how_long(self, panel, sessions, detail, ada):
        updates = panel.run_handler(sessions.on_load, session_context(panel, ada))
        components = (*sessions.layout.outputs, detail.actions)
        assert [updates[each].visible for each in components] == [False, True, True]
        for text in (ADA, "Chrome on Windows", "203.0.113.7", "22 November 2026", id_of(ada)):
            assert text in updates[detail.about]
        assert words.YOURS not in updates[detail.about]

    @pytest.mark.parametrize("session_id", [NOBODY, "x", "ffffffff-ffff-ffff-ffff-ffffffffffff"])
    def test_one_that_is_over_says_so(self, panel, detail, session_id):
        updates = panel.run_handler(detail.render, panel.context(id=session_id))
        assert words.OVER in updates[detail.about]
        assert updates[detail.actions].visible is False

    def test_it_is_ended_once_that_is_confirmed_and_the_toast_says_which(
        self, panel, sessions, detail, ada
    ):
        context = session_context(panel, ada)
        question = panel.run_handler(session_actions.ask_end_one, context)
        for text in (ADA, "Chrome on Windows", "203.0.113.7"):
            assert text in question.sentence
        assert ada.session() is not None
        toast = confirm_and_run(panel, context, session_actions.ask_end_one)
        assert toast == f"The session of {ADA} (Chrome on Windows) has ended."
        assert ada.session() is None
        updates = panel.run_handler(sessions.after, context)
        assert updates[sessions.over] == ""
        assert words.OVER in updates[detail.about]

    def test_all_of_a_users_are_ended_and_the_others_stay(self, panel, ada, bob):
        context = session_context(panel, ada)
        panel.clock.advance(seconds=1)
        phone = panel.gatehouse.visitor()
        phone.sign_in(ADA)
        assert "2 sessions end" in panel.run_handler(session_actions.ask_end_all, context).sentence
        confirm_and_run(panel, context, session_actions.ask_end_all)
        assert (ada.session(), phone.session(), bob.session() is None) == (None, None, False)

    @pytest.mark.parametrize("ask", ["ask_end_one", "ask_end_all"])
    def test_ones_own_says_that_it_is_and_leads_away(self, panel, sessions, detail, ask):
        context = panel.context()
        own_id = panel.run_handler(session_actions.own_id, context)
        context.query["id"] = own_id
        assert words.YOURS in panel.run_handler(detail.render, context)[detail.about]
        question = panel.run_handler(getattr(session_actions, ask), context)
        assert "This is you" in question.sentence
        assert question.verb == words.END_MINE
        panel.loop.run(question.action(context))
        updates = panel.run_handler(sessions.after, context)
        assert list(updates) == [sessions.over], "the rest stays as it is"
        assert words.YOURS_OVER in updates[sessions.over]

    def test_a_session_that_an_admin_uses_names_the_admin(self, panel, index, detail, ada):
        admin = panel.gatehouse.visitor()
        admin.sign_in(OWNER_EMAIL)
        panel.clock.advance(seconds=1)
        user = str(panel.gatehouse.user_id(ADA))
        assert admin.post("admin/impersonate-user", {"userId": user}).status_code == 200
        updates = panel.run_handler(index.on_filter, panel.context(), "ada", "")
        assert words.BY.format(OWNER_EMAIL) in updates[index.listed]
        updates = panel.run_handler(
            detail.render, panel.context(id=admin.session()["session"]["id"])
        )
        assert words.ACTED_BY in updates[detail.about]

    def test_the_mark_of_an_admin_who_is_gone_says_so(self, panel):
        session = {"id": "1", "impersonatedBy": NOBODY}
        assert words.GONE_ADMIN in session_detail.badges_of(session, "2", {})


class TestEverythingThatIsListed:
    def test_it_is_ended_but_never_ones_own(self, panel, sessions, index, ada, bob):
        context = panel.context(search="example.com")
        updates = panel.run_handler(index.on_filter, context, "example.com", "")
        listed = updates[index.listed_sessions]
        assert updates[index.end].visible is True
        question = panel.run_handler(session_actions.ask_end_listed, context, listed)
        for text in ("2 sessions end", "of 2 users", "Your own stays."):
            assert text in question.sentence
        assert question.verb == "End these 2 sessions"
        toast = confirm_and_run(panel, context, session_actions.ask_end_listed, listed)
        assert toast == "2 sessions have ended."
        assert (ada.session(), bob.session()) == (None, None)
        assert find_emails(panel.run_handler(sessions.after, context)[index.listed]) == [
            OWNER_EMAIL
        ]

    def test_what_is_refused_on_the_way_says_how_far_it_came(self, panel, ada, monkeypatch):
        post, context = panel.services.api.post, panel.context()
        remaining_posts = [post]

        async def post_once(*args):
            if not remaining_posts:
                raise ApiError(429, retry_after=7)
            return await remaining_posts.pop()(*args)

        monkeypatch.setattr(panel.services.api, "post", post_once)
        listed = session_actions.ListedSessions((id_of(ada), NOBODY, NOBODY), 1)
        toast = confirm_and_run(panel, context, session_actions.ask_end_listed, listed)
        assert toast.startswith(
            "1 of 3 sessions have ended. The others could not be ended: Too many"
        )
        assert ada.session() is None


def test_a_plain_user_is_refused_by_every_handler(panel, sessions, index, detail, ada):
    for handler, *inputs in (
        (sessions.on_load,),
        (index.on_filter, "", ""),
        (index.newer, paging.CursorStack()),
        (index.older, paging.CursorStack()),
        (sessions.after,),
        (detail.render,),
        (session_actions.find_session,),
        (session_actions.ask_end_one,),
        (session_actions.ask_end_all,),
    ):
        with pytest.raises(ApiError) as excinfo:
            panel.run_handler(handler, panel.context(ada, id=id_of(ada)), *inputs)
        assert excinfo.value.status == 403, handler


def test_a_confirmed_action_is_refused_to_a_plain_user_too(panel, ada, bob):
    context, as_user = session_context(panel, bob), panel.context(ada)
    listed = session_actions.ListedSessions((id_of(bob),), 1)
    for question, inputs in (
        (session_actions.ask_end_one, ()),
        (session_actions.ask_end_all, ()),
        (session_actions.ask_end_listed, (listed,)),
    ):
        pending = panel.run_handler(question, context, *inputs)
        with pytest.raises(ApiError) as excinfo:
            panel.loop.run(pending.action(as_user))
        assert excinfo.value.status == 403
    assert bob.session() is not None
