"""No value of a filter is dropped in silence, be it typed or in the address of a page."""

from importlib import import_module

import pytest

from panel.pages.events import words as event_words
from panel.ui import urls, words
from tests.panel.conftest import Panel, build_page

NAMES = ("users", "sessions", "events", "outbox", "tester")


@pytest.fixture(scope="module")
def pages(shared_panel: Panel):
    """The pages that read their address."""
    return {
        name: build_page(import_module(f"panel.pages.{name}.page"), shared_panel) for name in NAMES
    }


@pytest.fixture
def warnings(monkeypatch):
    """The warnings shown as toasts."""
    shown: list[str] = []
    monkeypatch.setattr("gradio.Warning", lambda text, duration: shown.append(text))
    return shown


@pytest.mark.parametrize(
    ("page", "query", "named"),
    [
        ("users", "role=emperor", ["role"]),
        ("users", "banned=maybe&verified=1", ["banned", "verified"]),
        ("users", "sortBy=email", ["sortBy"]),
        ("users", "sortBy=password&sortDirection=asc", ["sortBy", "sortDirection"]),
        ("users", "offset=-25", ["offset"]),
        ("users", "offset=x&search=ada%00", ["search", "offset"]),
        ("users", "search=" + "x" * 201, ["search"]),
        ("sessions", "address=192.0.2.0/24", ["address"]),
        ("sessions", "user=ada&address=here", ["user", "address"]),
        ("events", "kind=sign_in,nonsense", ["kind"]),
        ("events", "kind=Sign-In&from=yesterday&to=31.1.2027", ["kind", "from", "to"]),
        ("events", "user=ada&requestId=a%20b", ["requestId", "user"]),
        ("events", "id=17", ["id"]),
        ("outbox", "cursor=a%20b", ["cursor"]),
        ("tester", "browser=Acting%20as%20ada", ["browser"]),
    ],
)
def test_what_an_address_asks_for_in_vain_is_named(
    shared_panel, pages, warnings, page, query, named
):
    context = shared_panel.context(**urls.parse_query(query.encode()))
    shared_panel.run_handler(pages[page].on_load, context)
    assert warnings == [words.UNUSED.format("”, “".join(named))]


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("users", "search=ada&role=admin&banned=true&verified=false"),
        ("users", "sortBy=email&sortDirection=asc"),
        ("users", "offset=25&utm_source=mail"),
        ("sessions", "search=ada&address=2001:db8::/64"),
        ("events", "kind=sign_in,sign_up&from=2027-01-31&to=2027-02-01T14:30&email=a@b.c"),
        ("events", "address=192.0.2.1&requestId=5f1c-3"),
        ("outbox", ""),
        ("tester", "browser=B"),
    ],
)
def test_what_is_used_is_not(shared_panel, pages, warnings, page, query):
    context = shared_panel.context(**urls.parse_query(query.encode()))
    shared_panel.run_handler(pages[page].on_load, context)
    assert warnings == []


@pytest.mark.parametrize(
    ("page", "inputs"),
    [
        ("users", ["x" * 201, "", "", "", "createdAt desc"]),
        ("users", ["a\tb", "", "", "", "createdAt desc"]),
        ("sessions", ["x" * 201, ""]),
        ("events", [[], "", "no such id", "", "", ""]),
        ("events", [[], "x@" + "ä" * 200, "", "", "", ""]),
    ],
)
def test_what_the_next_refresh_would_drop_is_refused(shared_panel, pages, page, inputs):
    """It goes by the page's address, and would list everything."""
    import gradio as gr

    with pytest.raises(gr.Error) as refused:
        shared_panel.run_handler(pages[page].index.on_filter, shared_panel.context(), *inputs)
    assert refused.value.message == words.UNUSABLE_FILTER


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("email=ada", event_words.NO_SUCH_EMAIL),
        ("address=192.0.2.0/24", event_words.NO_SUCH_ADDRESS),
        ("from=2027-02-01&to=2027-01-01", event_words.WRONG_WAY_ROUND),
    ],
)
def test_a_link_to_events_that_cannot_be_says_why_there_are_none(
    shared_panel, pages, warnings, query, problem
):
    context = shared_panel.context(**urls.parse_query(query.encode()))
    updates = shared_panel.run_handler(pages["events"].on_load, context)
    assert problem in updates[pages["events"].index.note]
