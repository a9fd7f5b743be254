"""The helpers that pages are made of: URLs, timestamps, tables, charts, escaping."""

import base64
import itertools
import re
import xml.etree.ElementTree as xml
from datetime import timedelta

import pytest

from panel.ui import charts, markup, timestamps, urls, words
from panel.ui.charts import Chart, Series, compact, scale_top
from panel.ui.markup import Markup
from panel.ui.table import render_table
from tests.clocks import NOON
from tests.lazy_import import lazy_import

paging = lazy_import("panel.ui.paging")

HOSTILE = "<img src=x onerror=alert(1)>"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("query_string", "expected"),
    [
        (b"id=01a2-b3", {"id": "01a2-b3"}),
        (b"user=a%40b.c&address=2001:db8::1", {"user": "a@b.c", "address": "2001:db8::1"}),
        (b"search=O%27Brien+%3Cb%3E", {"search": "O'Brien <b>"}),
        (b"id=a&id=b", {"id": "b"}),
        (b"id=", {}),
        (b"id=a%20b", {"refused": "id"}),
        (b"id=%3Cscript%3E", {"refused": "id"}),
        (b"id=" + b"x" * 201, {"refused": "id"}),
        (b"search=a%0Ab&role=admin", {"role": "admin", "refused": "search"}),
        (b"kind=A&address=%20&refused=id", {"refused": "kind,address"}),
        (b"refused=id,role", {"refused": "id,role"}),
        (b"refused=Call+me", {}),
        (b"deep_link=x&__theme=dark&ID=1", {}),
        (b"id=%ff&search=x", {"search": "x", "refused": "id"}),
        (b"x&" * 1500 + b"id=a", {"refused": "id"}),
        (b"", {}),
    ],
    ids=str,
)
def test_of_an_address_only_safe_parameters_are_read(query_string, expected):
    assert urls.parse_query(query_string) == expected


def test_an_address_that_was_written_reads_the_same():
    params = {"id": "01a2", "search": "ä & b=c/ +%"}
    url = urls.page_url("users", **params)
    assert url.startswith("/admin/users?")
    assert urls.parse_query(url.partition("?")[2].encode()) == params
    assert urls.page_url("users", id="") == "/admin/users"


def test_what_an_address_cannot_hold_is_known_before():
    assert urls.is_readable({"search": "ä & b=c/ +%", "role": ""})
    assert not urls.is_readable({"search": "a\nb"})
    assert not urls.is_readable({"search": "x" * 201})
    assert not urls.is_readable({"search": "ä" * 150, "email": "ä" * 200})


def test_what_a_page_does_not_use_of_its_address_is_named():
    query = {"refused": "kind,to", "role": "root", "search": "ada", "cursor": "1"}
    assert urls.unused(query, {"role": "", "search": "ada"}) == ["kind", "to", "role"]
    assert urls.unused({"search": "ada"}, {"role": "", "search": "ada"}) == []


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (timedelta(seconds=-59), "just now"),
        (timedelta(seconds=5), "in a moment"),
        (timedelta(minutes=-1), "1 minute ago"),
        (timedelta(minutes=-59, seconds=-59), "59 minutes ago"),
        (timedelta(hours=-5), "5 hours ago"),
        (timedelta(days=-1), "1 day ago"),
        (timedelta(days=-45), "1 month ago"),
        (timedelta(days=-800), "2 years ago"),
        (timedelta(days=7, seconds=-9), "in 7 days"),
        (timedelta(hours=2), "in 2 hours"),
    ],
)
def test_moments_are_said_in_words(offset, expected):
    assert timestamps.format_relative(NOON + offset, NOON) == expected


def test_a_moment_of_the_api_is_shown_in_words_with_the_exact_one_behind_them():
    html = timestamps.render_relative("2026-11-22T09:00:00.000Z", NOON)
    assert ">3 hours ago<" in html
    assert "22 November 2026, 09:00:00 UTC" in html
    assert timestamps.render_both("2026-11-22T09:00:00.000Z", NOON).startswith("3 hours ago <span")
    assert (
        timestamps.render_relative(None, NOON) == timestamps.render_both(None, NOON) == words.NEVER
    )


def test_what_people_chose_is_escaped_cut_and_kept_apart():
    assert "<img" not in Markup.escape(HOSTILE)
    assert Markup.escape("a\n\nb  $x$") == "a b &#36;x&#36;"
    assert markup.isolate("x" * 10_000) == f"<bdi>{'x' * 79}…</bdi>"
    assert "<img" not in markup.link("x", "users", search=HOSTILE)
    assert "'" not in markup.link("x", "users", search="'").split("href='")[1].split("'>")[0]


def test_what_is_put_into_html_is_escaped_once_and_only_once():
    name = """<b>&"'"""
    once = "&lt;b&gt;&amp;&#34;&#39;"
    bold = Markup("<b>{}</b>").format(name)
    assert bold == f"<b>{once}</b>"
    for combined in (
        Markup("{}").format(bold),
        Markup("{it}").format(it=bold),
        Markup().join([bold]),
        Markup() + bold,
        Markup.escape(bold),
        markup.soft(bold).removeprefix("<p class='soft'>").removesuffix("</p>"),
    ):
        assert combined == bold
    for html in (markup.badge(name), markup.empty_state(name, name), markup.heading(name, name)):
        assert html.count(once) in {1, 2}
        assert "<b>&" not in html
    assert markup.pairs([(name, bold)]).count(once) == 2
    assert (Markup() + f"<i>{bold}</i>").startswith("&lt;i&gt;"), "what is no Markup is text"


def test_lines_are_kept_where_they_are_to_be_and_no_blank_one_ends_the_html():
    assert markup.verbatim("a\n\n  <b>\r$") == "a&#10;&#10;  &lt;b&gt;&#13;&#36;"
    fenced = markup.code_block("a\n````\n<b>\n", "ts")
    assert fenced == "\n\n````ts\na\n\n<b>\n````\n\n"


def test_a_table_names_its_columns_in_every_cell_for_when_it_folds():
    html = render_table(["User", "Live"], [["a", "1"]], wide="User", **TABLE_TEXTS)
    assert html.count("<span class='name'>User</span>") == 1
    assert "<th scope='col' class='wide'>User</th>" in html
    assert "<td><span class='name'>Live</span>1</td>" in html
    assert "<caption>Users</caption>" in html


TABLE_TEXTS = {"caption": "Users", "empty_text": "Nobody", "hint": "Search for less"}


def test_an_empty_table_says_so_and_what_to_do():
    html = render_table(["User"], [], **TABLE_TEXTS)
    assert "Nobody" in html
    assert "Search for less" in html
    assert "<table" not in html


def test_a_row_that_lacks_a_cell_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="shorter"):
        render_table(["User", "Live"], [["a"]], **TABLE_TEXTS)


@pytest.mark.parametrize(
    ("first", "last", "total", "about", "expected"),
    [
        (1, 25, 340, False, "1 to 25 of 340 users"),
        (26, 50, 12_345, True, "26 to 50 of about 12,345 users"),
        (1, 3, 3, False, "3 users"),
        (1, 1, 1, False, "1 user"),
        (1, 0, 0, False, "No users"),
        (26, 25, 25, False, "25 users"),
    ],
)
def test_a_list_says_which_part_of_it_is_shown(first, last, total, about, expected):
    assert words.place_in_list(first, last, total, "user", about=about) == expected


def test_a_pager_can_be_turned_only_where_there_is_more():
    pager = paging.Pager()
    updates = pager.update("1 to 25 of 26 users", newer=False, older=True)
    assert (updates[pager.newer].interactive, updates[pager.older].interactive) == (False, True)
    assert "1 to 25 of 26 users" in updates[pager.position]


def parse_svg(chart: Chart) -> xml.Element:
    """Return the SVG of a chart as a browser parses it."""
    (source,) = re.findall(r"base64,([^']+)'", charts.render(chart))
    return xml.fromstring(base64.b64decode(source))  # noqa: S314  our own


def make_chart(*values: int, kind: str = "bars") -> Chart:
    labels = [f"{hour:02}:00" for hour in range(len(values))]
    return Chart("Sign-ins", labels, [Series("Sign-ins", values)], kind)  # type: ignore[arg-type]


def test_bars_are_true_to_scale_from_zero():
    low_bar, high_bar = parse_svg(make_chart(10, 0, 40)).findall(f"{SVG}rect")
    assert float(high_bar.get("height")) == pytest.approx(4 * float(low_bar.get("height")))
    baselines = {float(bar.get("y")) + float(bar.get("height")) for bar in (low_bar, high_bar)}
    assert len({round(baseline, 1) for baseline in baselines}) == 1


def test_a_line_is_true_to_scale_from_zero():
    (line,) = parse_svg(make_chart(0, 10, 40, kind="lines")).findall(f"{SVG}polyline")
    heights = [float(point.split(",")[1]) for point in line.get("points").split()]
    assert heights[0] - heights[2] == pytest.approx(4 * (heights[0] - heights[1]))


def test_the_highest_value_is_written_and_the_numbers_wait_below():
    html = charts.render(make_chart(3, 1234, 7))
    assert "1,234" in [
        text.text for text in parse_svg(make_chart(3, 1234, 7)).findall(f"{SVG}text")
    ]
    assert "<td class='number'>1,234</td>" in html
    assert "highest 1,234 (01:00), latest 7." in html


def test_a_chart_without_anything_says_so():
    assert words.NOTHING_TO_DRAW in charts.svg(make_chart(0, 0))
    assert words.NOTHING_TO_DRAW in charts.render(make_chart(0, 0))
    assert words.NOTHING_TO_DRAW in charts.svg(make_chart())


@pytest.mark.parametrize("labels", [1, 7, 24, 30, 400])
def test_the_words_below_a_chart_do_not_touch(labels):
    texts = parse_svg(make_chart(*range(labels))).findall(f"{SVG}text")
    places = sorted(float(text.get("x")) for text in texts if ":00" in (text.text or ""))
    assert all(right - left > 40 for left, right in itertools.pairwise(places))
    assert places


@pytest.mark.parametrize("largest", [0, 1, 4, 5, 9, 19, 46, 99, 100, 101, 950, 12_345, 9_999_999])
def test_a_scale_holds_the_largest_value_and_has_whole_numbers_at_its_quarters(largest):
    top = scale_top(largest)
    assert largest <= top <= max(2.1 * largest, 4)
    assert top % 4 == 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (999, "999"), (1500, "1.5k"), (20_000, "20k"), (3_000_000, "3M")],
)
def test_numbers_beside_the_axis_are_short(value, expected):
    assert compact(value) == expected
