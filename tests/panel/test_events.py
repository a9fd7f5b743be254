"""The handlers of the events' pages, in front of a real API: the list, one event, its log lines."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from backend.kernel.events import EventKind
from backend.web.logs.log_ring import LOG_RING
from panel.client.api import ApiError
from panel.pages.events import audit_table, words
from panel.pages.events import audit_words as trail_words
from panel.ui import urls
from panel.ui import words as common_words
from tests.lazy_import import lazy_import
from tests.panel.conftest import OWNER_EMAIL, Panel, build_page, without_breaks

gr = lazy_import("gradio")
event_detail = lazy_import("panel.pages.events.detail")
page = lazy_import("panel.pages.events.page")
paging = lazy_import("panel.ui.paging")

ADA, BOB = "ada@example.com", "bob@example.com"
ELSEWHERE = "198.51.100.9"
NOBODY = "01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8"
ANY = ([], "", "", "", "", "")
HOSTILE = ["<img src=x onerror=alert(1)>", "مرحبا \u202e", "x" * 10_000, "🦊$x$", "x" * 900 + "bot"]


@pytest.fixture(scope="module")
def events_page(shared_panel):
    """The components and handlers of the page."""
    return build_page(page, shared_panel)


@pytest.fixture(scope="module")
def index(events_page):
    """The list of the page."""
    return events_page.index


@pytest.fixture(scope="module")
def detail(events_page):
    """The part of the page that shows one event."""
    return events_page.event


@pytest.fixture
def ada(panel: Panel):
    """Ada signed up a minute ago, and mistyped her password just now."""
    visitor = panel.gatehouse.member(ADA)
    panel.clock.advance(minutes=1)
    assert panel.gatehouse.visitor(ELSEWHERE).sign_in(ADA, "mistyped").status_code == 401
    panel.clock.advance(seconds=1)
    return visitor


def find_labels(html: str) -> list[str]:
    return re.findall(r"<span class='badge [a-z]*'>([^<]*)</span></a>", html)


def fetch_newest_event(panel, **filters):
    """Return the newest event of the trail, as the API sends it."""
    context = panel.context()
    path = "/api/admin/events"
    body = panel.loop.run(context.get(path, limit=1, **filters))
    return body["events"][0]


def write_log_line(request_id, event, level="info", **fields):
    """Write a line of the log; logging is not set up in this process."""
    payload = {"timestamp": "2026-11-22T12:00:00.123456Z", "level": level, "event": event}
    LOG_RING.keep(None, level, {**payload, "request_id": request_id, **fields})


class TestTheList:
    def test_what_happened_is_listed_the_latest_first(self, panel, index, ada):
        updates = panel.run_handler(index.on_filter, panel.context(), *ANY)
        assert set(updates) == {*index.outputs} - {index.more, index.find}
        labels = find_labels(updates[index.listed])
        assert labels[:2] == ["Signed in", "Sign-in failed"]
        assert "First admin created" in labels
        assert f"/admin/events?address={ELSEWHERE}" in updates[index.listed]
        assert (updates[index.stack], updates[index.log]) == (paging.CursorStack(), "")
        assert updates[index.pager.newer].interactive is False
        assert updates[index.pager.older].interactive is False
        assert f"{len(labels)} events" in updates[index.pager.position]

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ((["sign_in_failed"], "", "", "", "", ""), ["Sign-in failed"]),
            ((["sign_in_failed", "sign_up"], "", "", "", "", ""), ["Sign-in failed", "Signed up"]),
            (([], f" {ADA} ", "", "", "", ""), ["Sign-in failed", "Signed up"]),
            (([], "", "", ELSEWHERE, "", ""), ["Sign-in failed"]),
            (
                (["sign_up", "sign_in_failed"], "", "", "", "2026-11-22 12:00:30", ""),
                ["Sign-in failed"],
            ),
            ((["sign_up", "sign_in_failed"], "", "", "", "", "2026-11-22 12:00:30"), ["Signed up"]),
            (([], ADA, "", "", "2026-11-22", "2026-11-22"), ["Sign-in failed", "Signed up"]),
            (([], "nobody@example.com", "", "", "", ""), []),
        ],
        ids=["kind", "kinds", "e-mail", "address", "from", "to", "day", "nobody"],
    )
    def test_the_server_filters(self, panel, index, ada, filters, expected):
        html = panel.run_handler(index.on_filter, panel.context(), *filters)[index.listed]
        assert find_labels(html) == expected
        assert (words.NONE in html) is not bool(expected)

    def test_a_page_opens_as_the_list_left_its_address(self, panel, events_page, index, ada):
        kinds, days = ["sign_up", "sign_in_failed"], ("2026-11-22", "2026-11-23")
        filters = [kinds, ADA, "", "203.0.113.7", *days]
        html = panel.run_handler(index.on_filter, panel.context(), *filters)[index.listed]
        (query_string,) = re.findall(r"class='location' href='[^?]*\?([^']*)'", html)
        query = urls.parse_query(query_string.replace("&amp;", "&").encode())
        updates = panel.run_handler(events_page.on_load, panel.context(**query))
        assert [updates[each].visible for each in events_page.layout.outputs] == [True, False]
        assert [updates[each] for each in index.inputs] == filters
        assert updates[index.more].open is True
        assert find_labels(updates[index.listed]) == ["Signed up"]

    def test_an_address_of_the_page_that_cannot_be_is_not_asked(
        self, panel, events_page, index, ada
    ):
        query = {"user": "x", "kind": "sign_up,x", "from": "soon", "to": "9999-12-31", "id": "x"}
        with pytest.warns(UserWarning, match="user.*kind.*from.*to.*id"):
            updates = panel.run_handler(events_page.on_load, panel.context(**query))
        assert [updates[each] for each in index.inputs] == [["sign_up"], *[""] * 5]
        assert (updates[index.more].open, updates[index.note]) == (False, "")
        assert find_labels(updates[index.listed]) == ["Signed up"]

    def test_a_link_shows_the_events_of_one_user_and_how_to_see_everybodys(
        self, panel, events_page, index, ada
    ):
        context = panel.context(user=str(panel.gatehouse.user_id(ADA)))
        updates = panel.run_handler(events_page.on_load, context)
        assert find_labels(updates[index.listed]) == ["Sign-in failed", "Signed up"]
        assert ADA in updates[index.note]
        assert words.EVERYBODYS in updates[index.note].unescape()
        filtered = panel.run_handler(index.on_filter, context, ["sign_up"], "", "", "", "", "")
        assert ADA in filtered[index.note]

    @pytest.mark.parametrize(
        ("since", "until", "message"),
        [
            ("soon", "", words.NO_SUCH_MOMENT),
            ("", "22.11.2026", words.NO_SUCH_MOMENT),
            ("1999-12-31", "", words.NO_SUCH_MOMENT),
            ("2026-11-23", "2026-11-22", words.WRONG_WAY_ROUND),
        ],
    )
    def test_times_that_cannot_be_are_said_so(self, panel, index, since, until, message):
        with pytest.raises(gr.Error) as excinfo:
            panel.run_handler(index.on_filter, panel.context(), [], "", "", "", since, until)
        assert excinfo.value.message == message

    @pytest.mark.parametrize(
        ("email", "address", "message"),
        [
            ("", "192.0.2.0/24", words.NO_SUCH_ADDRESS),
            ("", "192.0.2", words.NO_SUCH_ADDRESS),
            ("", "2001:db8::/64", words.NO_SUCH_ADDRESS),
            ("ada", "", words.NO_SUCH_EMAIL),
        ],
    )
    def test_a_filter_that_could_match_nothing_is_refused(
        self, panel, index, email, address, message
    ):
        with pytest.raises(gr.Error) as excinfo:
            panel.run_handler(index.on_filter, panel.context(), [], email, "", address, "", "")
        assert excinfo.value.message == message

    def test_a_link_with_a_network_says_that_it_finds_nothing(self, panel, index):
        context = panel.context(address="192.0.2.0/24")
        updates = panel.run_handler(index.refresh_list, context, index.stack.value)
        assert words.NO_SUCH_ADDRESS in updates[index.note]

    def test_a_day_is_meant_to_its_end(self):
        midnight = datetime(2026, 11, 22, tzinfo=UTC)
        assert page.parse_time("2026-11-22") == midnight
        assert page.parse_time("2026-11-22", end=True) == midnight + timedelta(days=1)
        assert page.parse_time("2026-11-22 00:00", end=True) == midnight
        assert page.parse_time("2026-11-22T01:00+01:00") == midnight
        assert page.parse_time("9999-12-31", end=True) is None

    def test_pages_are_turned_and_the_address_follows(
        self, panel, events_page, index, ada, monkeypatch
    ):
        monkeypatch.setattr("panel.pages.events.page.PAGE", 1)
        context = panel.context(kind="sign_up,sign_in_failed")
        stack, listed = index.stack, index.listed
        first = panel.run_handler(index.refresh_list, context, paging.CursorStack())
        second = panel.run_handler(index.older, context, first[stack])
        assert find_labels(first[listed]) == ["Sign-in failed"]
        assert find_labels(second[listed]) == ["Signed up"]
        assert f"cursor={second[stack].cursor}" in second[listed]
        assert second[index.pager.newer].interactive is True
        assert second[index.pager.older].interactive is False
        assert find_labels(panel.run_handler(index.newer, context, second[stack])[listed]) == [
            "Sign-in failed"
        ]
        next_context = panel.context(**context.query, cursor=second[stack].cursor)
        assert find_labels(panel.run_handler(events_page.on_load, next_context)[listed]) == [
            "Signed up"
        ]

    def test_a_refresh_says_its_refusal_on_the_page(self, panel, index, ada):
        updates = panel.run_handler(index.refresh_list, panel.context(ada), paging.CursorStack())
        assert list(updates) == [index.note], "the rest stays as it is"
        assert "role='alert'" in updates[index.note]


class TestOneEvent:
    def test_it_opens_with_everything_known_about_it(self, panel, events_page, detail, ada):
        event = fetch_newest_event(panel, kind=["sign_in_failed"])
        write_log_line(event["requestId"], "its_line")
        updates = panel.run_handler(events_page.on_load, panel.context(id=event["id"]))
        assert [updates[each].visible for each in events_page.layout.outputs] == [False, True]
        about, log = updates[detail.about], updates[detail.log]
        for text in (ADA, "22 November 2026, 12:01:00 UTC", ELSEWHERE, "unknown browser"):
            assert text in about
        for text in ("Browser/1.0", event["requestId"], "Account exists", "&#34;known&#34;"):
            assert text in about
        assert words.IMPERSONATOR not in about
        user = panel.gatehouse.user_id(ADA)
        for path in (
            f"users?id={user}",
            f"events?user={user}",
            f"sessions?address={ELSEWHERE}",
        ):
            assert f"/admin/{path}'" in about
        assert f"/admin/events?requestId={event['requestId']}'" in about
        assert "<b><bdi>its_line</bdi></b>" in log

    def test_one_that_is_forgotten_says_so_and_still_looks_into_the_log(self, panel, detail, ada):
        write_log_line("5f1c-2", "its_line")
        updates = panel.run_handler(detail.render, panel.context(id=NOBODY, requestId="5f1c-2"))
        assert words.GONE in updates[detail.about]
        assert "its_line" in updates[detail.log]
        assert panel.run_handler(detail.render, panel.context(id=NOBODY))[detail.log] == ""

    def test_an_admin_who_acted_as_somebody_is_named(self, panel, index, detail, ada):
        admin = panel.gatehouse.visitor()
        admin.sign_in(OWNER_EMAIL)
        user = str(panel.gatehouse.user_id(ADA))
        assert admin.post("admin/impersonate-user", {"userId": user}).status_code == 200
        assert admin.post("update-user", {"name": "Countess"}).status_code == 200
        event = fetch_newest_event(panel, kind=["user_updated"])
        about = panel.run_handler(detail.render, panel.context(id=event["id"]))[detail.about]
        row = without_breaks(about).partition(words.IMPERSONATOR)[2].partition("</tr>")[0]
        assert OWNER_EMAIL in row
        updates = panel.run_handler(index.on_filter, panel.context(), ["user_updated"], *ANY[1:])
        html = without_breaks(updates[index.listed])
        assert f"{trail_words.BY}</span> " in html
        assert OWNER_EMAIL in html

    @pytest.mark.parametrize("value", HOSTILE, ids=["html", "rtl", "long", "emoji", "robot"])
    def test_hostile_values_stay_text(self, panel, value):
        event = dict.fromkeys(("actor", "subject"), "1") | {"impersonatedBy": None, "kind": value}
        event |= {"id": "1", "at": "2026-11-22T12:00:00.000Z", "requestId": value}
        event |= {"address": value, "agent": value, "detail": {value: value, "reason": value}}
        emails = {"1": value}
        trail = {"events": [event], "emails": emails}
        html = audit_table.render(trail, panel.clock.now(), empty_text="")
        detail_html = event_detail.render_event(event, emails, panel.clock.now())
        assert "<img" not in html + detail_html
        assert "$" not in html + detail_html


class TestTheLogOfARequest:
    def test_a_request_that_left_no_event_is_found_in_the_log(self, panel, index):
        trace = "Traceback:\n\n  File $x\n"
        write_log_line(
            "5f1c-3", "request_crashed", "error", path="/x<img>", exception=trace, held=True
        )
        updates = panel.run_handler(
            index.on_filter, panel.context(), [], "", " 5f1c-3 ", "", "", ""
        )
        log = updates[index.log]
        assert "badge bad'>error" in log
        assert "<bdi>/x&lt;img&gt;</bdi>" in log
        assert "Traceback:&#10;&#10;  File &#36;x" in log
        assert "<bdi>true</bdi>" in log

    def test_what_is_older_than_the_log_keeps_is_said_so(self, panel, index):
        updates = panel.run_handler(index.on_filter, panel.context(), [], "", "nothing", "", "", "")
        assert words.NO_LINES in updates[index.log]

    def test_what_no_request_caused_has_no_lines(self, panel):
        write_log_line("5f1c-5", "anothers_line")
        assert panel.loop.run(event_detail.render_log(panel.context(), "")) == ""

    def test_lines_come_in_the_order_they_were_written(self, panel):
        for event in ("first_thing", "second_thing"):
            write_log_line("5f1c-4", event)
        context = panel.context()
        log = panel.loop.run(event_detail.render_log(context, "5f1c-4"))
        assert log.index("first_thing") < log.index("second_thing")


@pytest.mark.parametrize(
    ("number", "newer", "older", "expected"),
    [
        (0, False, False, "No events"),
        (1, False, False, "1 event"),
        (25, False, True, "The latest 25 events"),
        (25, True, True, "25 events, with newer and older ones"),
        (3, True, False, "The oldest 3 events"),
    ],
)
def test_a_list_without_an_end_says_which_part_is_shown(number, newer, older, expected):
    assert common_words.part_of_list(number, "event", newer=newer, older=older) == expected


def test_each_kind_of_event_has_words_and_the_filter_offers_it():
    assert set(trail_words.KINDS) == {kind.value for kind in EventKind}
    assert len(set(trail_words.KINDS.values())) == len(EventKind)
    every = ",".join(trail_words.KINDS)
    assert urls.parse_query(f"kind={every}".encode()) == {"kind": every}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("reason", "banned", ("Why", "the account is banned")),
        ("reason", "new one", ("Why", "new one")),
        ("known", True, ("Account exists", "yes")),
        ("by_themselves", False, ("Done by the user", "no")),
        ("users", 12345, ("Users", "12,345")),
        ("until", "lifted", ("Until", "the ban is lifted")),
        ("what_is_new", "x", ("What is new", "x")),
    ],
)
def test_what_else_is_known_is_said_in_words(name, value, expected):
    assert trail_words.detail(name, value) == expected


def test_a_plain_user_is_refused_by_every_handler(panel, events_page, index, detail, ada):
    context = panel.context(ada, id=NOBODY, requestId="1")
    for handler, *inputs in (
        (events_page.on_load,),
        (index.on_filter, *ANY),
        (index.newer, paging.CursorStack()),
        (index.older, paging.CursorStack()),
        (detail.render,),
    ):
        with pytest.raises(ApiError) as excinfo:
            panel.run_handler(handler, context, *inputs)
        assert excinfo.value.status == 403, handler


def test_the_log_of_a_request_is_refused_to_a_plain_user(panel, ada):
    with pytest.raises(ApiError) as excinfo:
        panel.loop.run(event_detail.render_log(panel.context(ada), "1"))
    assert excinfo.value.status == 403
