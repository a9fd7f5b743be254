"""The goals, judged from a small set of results."""

import pytest

from bench.report.goals import GOALS, evaluate_goals, report_goals
from bench.results import BenchResults, LoadRun, percentile, ratio
from tests.lazy_import import lazy_import

markdown = lazy_import("bench.report.markdown")  # it imports Matplotlib
plots = lazy_import("bench.report.plots")


def make_run(scenario, server="gatehouse", connections=32, per_second=1_000.0, **fields) -> LoadRun:
    defaults = {"p50": 1.0, "p99": 2.0, "longest": 3.0, "cpu": 30.0, "requests": 1, "failed": 0}
    return LoadRun(
        scenario, server, connections, per_second, **{**defaults, "foreign": 0.0, **fields}
    )


def make_results(ours: float, theirs: float) -> BenchResults:
    rounds = [make_run("check", per_second=rate) for rate in (ours - 1, ours, ours + 500)]
    return BenchResults(
        runs=[*rounds, make_run("check", "better-auth", per_second=theirs, p50=30.0)]
    )


def result_of(results, sentence):
    return next(each for each in evaluate_goals(results) if each.goal.sentence.startswith(sentence))


def test_a_ratio_is_that_of_the_medians():
    result = result_of(make_results(20_000, 1_000), "the session check beside Better Auth")
    assert result.measured == 20
    assert result.word == "met"


def test_a_goal_below_its_threshold_is_missed():
    result = result_of(make_results(19_000, 1_000), "the session check beside Better Auth")
    assert result.word == "missed"


def test_a_goal_with_an_upper_bound_is_met_from_below():
    results = make_results(20_000, 1_000)
    assert result_of(results, "its p99 relative").word == "met"  # 2 ms beside 30
    results.figures["memory/gatehouse"] = 351
    assert result_of(results, "memory with the panel").word == "missed"


def test_one_session_looked_for_in_a_flood_misses_the_goal():
    results = make_results(20_000, 1_000)
    results.figures["flood/sessions looked for"] = 0
    assert result_of(results, "session queries").word == "met"
    results.figures["flood/sessions looked for"] = 1
    assert result_of(results, "session queries").word == "missed"


def test_what_was_not_measured_is_neither_met_nor_missed():
    assert {each.word for each in evaluate_goals(BenchResults())} == {"not measured"}
    assert ratio(1, None) is None
    assert ratio(1, 0) is None


def test_only_a_full_run_fails_with_a_missed_goal(capsys):
    results = make_results(19_000, 1_000)
    assert report_goals(results, strictly=False) == 0
    assert report_goals(results, strictly=True) == 1
    assert "missed: the session check beside Better Auth" in capsys.readouterr().out


def test_a_busy_machine_is_named_beside_a_missed_goal(capsys):
    results = BenchResults(runs=[make_run("check", foreign=0.4), make_run("check", "better-auth")])
    report_goals(results, strictly=True)
    assert "Other programs took" in capsys.readouterr().out


def test_every_goal_has_one_bound_and_a_sentence_of_its_own():
    assert all((goal.at_least is None) != (goal.at_most is None) for goal in GOALS)
    assert len({goal.sentence for goal in GOALS}) == len(GOALS)


def test_results_survive_being_kept(tmp_path):
    results = make_results(20_000, 1_000)
    results.figures["memory/gatehouse"] = 200.0
    results.write(tmp_path / "results.json")
    assert BenchResults.read(tmp_path / "results.json") == results


def test_the_tables_name_every_server_and_every_goal():
    text = markdown.render_markdown(make_results(20_000, 1_000))
    assert "| Gatehouse | 32 | 20,000 | 20 |" in text
    assert "| Better Auth | 32 | 1,000 |" in text
    assert all(goal.sentence in text for goal in GOALS)


def test_plots_are_drawn_of_what_there_is(tmp_path):
    results = make_results(20_000, 1_000)
    assert [file.name for file in plots.draw(results, tmp_path)] == ["check.png"]
    assert plots.draw(BenchResults(), tmp_path) == []


@pytest.mark.parametrize(("share", "value"), [(0.5, 51), (0.99, 100), (1.0, 100)])
def test_a_percentile_is_one_of_the_values(share, value):
    assert percentile(range(1, 101), share) == value
