"""The page of figures: what a run has measured is on it, and what somebody wrote stays."""

import re

import pytest

from bench.report.tables import format_table, sections
from bench.results import BenchResults
from bench.rig.prepare import ROOT
from bench.server_names import BETTER_AUTH, NICE_ZERO, OURS, SQLITE
from tests.bench.test_goals import make_run
from tests.lazy_import import lazy_import

bench_page = lazy_import("bench.page")  # it imports Matplotlib
plots = lazy_import("bench.report.plots")

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
PROSE = "# How fast it is\n\nBy hand.\n\n{}\n\nAlso by hand.\n"


def make_full_results() -> BenchResults:
    runs = [
        make_run("check", server, connections, per_second=rate)
        for server, rate in ((OURS, 20_000), (BETTER_AUTH, 800))
        for connections in (1, 8, 32, 256)
    ]
    runs += [
        make_run("miss", server, per_second=rate)
        for server, rate in ((OURS, 2_400), (SQLITE, 2_000), (BETTER_AUTH, 800))
    ]
    for server, kept in ((OURS, 0.9), (NICE_ZERO, 0.6), (BETTER_AUTH, 0.005)):
        runs.append(make_run("check, before the storm", server, 8, per_second=10_000))
        runs.append(make_run("check, in the storm", server, 8, per_second=10_000 * kept))
    runs.append(make_run("miss, 5000000 rows"))
    measured = {
        "storm/sign-ins per second/gatehouse": 3.5,
        "storm/sign-ins per second/gatehouse-nice-0": 5.25,
        "growth/miss p50 ms/1000": 20.0,
        "growth/miss p50 ms/5000000": 22.0,
        "revocation/sessions": 10_000,
        "revocation/p50 ms": 1.5,
        "revocation/p99 ms": 2.5,
        "revocation/max ms": 11.0,
        "cached/bytes each/1000": 2_900,
        "cached/bytes each/1000000": 3_100,
        "cached/ns a hit by cookie/1000": 120,
        "cached/ns a hit/1000": 60,
        "memory/gatehouse": 208.0,
        "memory/better-auth": 86.0,
    }
    about = {"processor": "Intel(R) Xeon(R)", "cores": "2", "memory": "24 GB", "python": "3.11.7"}
    return BenchResults(about=about, runs=runs, figures=measured)


@pytest.fixture
def page(tmp_path):
    file = tmp_path / "performance.md"
    file.write_text(PROSE.format(f"{BEGIN}\nfigures of last year\n{END}"))
    return file


def section(results, title):
    return dict(sections(results))[title]


def test_the_figures_are_renewed_and_the_prose_stays(page):
    bench_page.update_page(page, make_full_results())
    text = page.read_text()
    assert text.startswith(f"# How fast it is\n\nBy hand.\n\n{BEGIN}\n")
    assert text.endswith(f"\n{END}\n\nAlso by hand.\n")
    assert "| session checks a second, 32 callers | 20,000 | 800 |" in text
    assert "last year" not in text


def test_renewing_it_twice_changes_nothing(page):
    bench_page.update_page(page, make_full_results())
    once = page.read_text()
    bench_page.update_page(page, make_full_results())
    assert page.read_text() == once


@pytest.mark.parametrize("left", [BEGIN, END, f"{END}{BEGIN}"])
def test_a_page_without_its_two_markers_is_left_alone(page, left):
    page.write_text(PROSE.format(left))
    with pytest.raises(ValueError, match="lacks"):
        bench_page.update_page(page, make_full_results())
    assert page.read_text() == PROSE.format(left)


def test_every_picture_that_is_drawn_is_shown_and_the_others_are_removed(page):
    bench_page.update_page(page, make_full_results())
    assert pictures_on(page) == pictures_beside(page) == set(plots.PLOTS)
    bench_page.update_page(page, BenchResults(runs=[make_run("check")]))
    assert pictures_on(page) == pictures_beside(page) == {"check.png"}


def pictures_on(page):
    return set(re.findall(r"!\[[^\]]+\]\(performance/([^)]+)\)", page.read_text()))


def pictures_beside(page):
    return {file.name for file in page.with_suffix("").iterdir()}


def test_the_page_says_first_which_run_it_shows_and_where():
    results = make_full_results()
    machine = "on Intel Xeon, 2 cores, 24 GB, Python 3.11.7"
    assert bench_page.render_figures(results, []).startswith(f"A full run {machine}")
    results.quick = True
    assert bench_page.render_figures(results, []).startswith(f"A quick run {machine}")


def test_what_was_left_out_of_a_run_is_said():
    results = make_full_results()
    results.notes.append("sign-in-storm failed: wrk did not end")
    assert "- sign-in-storm failed: wrk did not end" in bench_page.render_figures(results, [])


def test_five_figures_come_first():
    lines = bench_page.render_headline(make_full_results()).splitlines()[2:]
    assert len(lines) == 5
    assert "| 2.50 ms |  |" in lines[2]
    assert "(among 1,000: 20 ms) | 22 ms |" in lines[3]


def test_a_figure_that_was_not_measured_is_not_among_them():
    assert "memory" not in bench_page.render_headline(BenchResults(runs=[make_run("check")]))


def test_sign_ins_stand_beside_the_checks_in_the_storm():
    text = section(make_full_results(), "Sign-in storm")
    assert "| Gatehouse | 10,000 | 9,000 | 90% | 2 | 1 | 2 | 3.50 |" in text
    assert "| Gatehouse, HASH_NICE=0 | 10,000 | 6,000 | 60% | 2 | 1 | 2 | 5.25 |" in text
    assert "| Better Auth | 10,000 | 50 | 0.5% | 2 | 1 | 2 |  |" in text


def test_sqlite_stands_beside_postgresql_each_measured_by_better_auth():
    text = section(make_full_results(), "Requests that query the database")
    assert "| first check of a session | Gatehouse on PostgreSQL | 32 | 2,400 | 3 |" in text
    assert "| first check of a session | Gatehouse on SQLite | 32 | 2,000 | 2.50 |" in text


def test_every_scenario_has_a_place_among_the_sections():
    text = "\n".join(file.read_text() for file in sorted((ROOT / "bench/scenarios").glob("*.py")))
    measured = r"(?:harness\.(?:measure|recording)\(|_check\(harness,)\s*f?\"([^\"]+)\""
    named = set(re.findall(measured, text))
    named = {name.format(kind="forged", rows=1_000) for name in named}
    assert {"check", "miss, 1000 rows", "check, in the storm"} <= named
    assert {"check, one replica", "check, both replicas"} <= named
    homeless = {name for name in named if not sections(BenchResults(runs=[make_run(name)]))}
    assert homeless == {"check, before the storm"}  # stands in the storm's own row


def test_a_column_without_a_figure_is_left_out():
    assert format_table(("name ", "a", "b"), [("x", "", "1"), ("y", "", "")]) == (
        "| name | b |\n| --- | --: |\n| x | 1 |\n| y |  |"
    )
    assert format_table(("name ", "a"), []) == ""


@pytest.mark.parametrize("name", ["figures", "profile"])
def test_the_page_of_the_project_has_room_for_it(name):
    begin, end = map(bench_page.PAGE.read_text().find, bench_page.markers(name))
    assert 0 < begin < end
