"""The figures as tables, in sections that a reader can find his way in."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.report.goals import evaluate_goals
from bench.results import BenchResults, LoadRun, ratio
from bench.server_names import BETTER_AUTH, OURS, SQLITE, display_name, is_ours

# Where the name under which a scenario is kept leaves open what it is.
_SCENARIOS = {
    "miss": "first check of a session",
    "cold cache": "first checks after a restart",
    "protected": "GET /api/me",
    "check, forged flood": "check, beside 24 callers with forged cookies",
}
_GROWN = re.compile(r"(miss|sign-out), (\d+) rows")
_STORM = ("check, before the storm", "check, in the storm")


@dataclass(frozen=True)
class Section:
    """A heading, what to know, and tables; those that nothing was measured for are empty."""

    title: str
    note: str
    tables: Sequence[Callable[[BenchResults], str]]

    def text(self, results: BenchResults) -> str:
        """Return the note and the tables; an empty text where nothing was measured."""
        filled = [text for table in self.tables if (text := table(results))]
        return "\n\n".join([self.note, *filled] if self.note else filled) if filled else ""


def sections(results: BenchResults) -> list[tuple[str, str]]:
    """Return the title and the text of each section that there are figures for."""
    return [(each.title, text) for each in _SECTIONS if (text := each.text(results))]


def goals_table(results: BenchResults) -> str:
    """Return the goals: what was set out, what came."""
    lines = ["| goal | threshold | measured | |", "|---|---|---|---|"]
    lines += [
        f"| {each.goal.sentence} | {each.goal.threshold} | {each.formatted} | {each.word} |"
        for each in evaluate_goals(results)
    ]
    return "\n".join(lines)


def format_figure(value: float | None) -> str:
    """Return a figure with the digits that matter; nothing for what was not measured."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def format_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; without the columns that are empty, and empty without rows.

    Columns whose heads end in a space have words and stand left, figures stand right.
    """
    filled = list(rows)
    kept = [at for at in range(len(heads)) if any(row[at] for row in filled)]
    if not kept:
        return ""
    lines = [[heads[at].strip() for at in kept]]
    lines += [["---" if heads[at].endswith(" ") else "--:" for at in kept]]
    lines += [[row[at] for at in kept] for row in filled]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _runs(*scenarios: str) -> Callable[[BenchResults], str]:
    def rows(results: BenchResults) -> Iterable[Sequence[str]]:
        runs = [run for run in results.median_runs() if run.scenario in scenarios]
        runs.sort(key=lambda run: (scenarios.index(run.scenario), run.connections))
        return (_row(results, run, named=len(scenarios) > 1) for run in runs)

    return lambda results: format_table(_HEADS, rows(results))


_HEADS = (
    *("request ", "server ", "callers", "a second", "x Better Auth"),
    *("p50 ms", "p99 ms", "CPU µs", "failed"),
)


def _row(results: BenchResults, run: LoadRun, *, named: bool = True) -> Sequence[str]:
    theirs = results.median_run(run.scenario, BETTER_AUTH, run.connections)
    times = ratio(run.per_second, theirs.per_second) if theirs else None
    return (
        _request(run.scenario) if named else "",
        _server(results, run),
        str(run.connections),
        format_figure(run.per_second),
        "" if run.server == BETTER_AUTH else format_figure(times),
        format_figure(run.p50),
        format_figure(run.p99),
        format_figure(run.cpu),
        str(run.failed or ""),
    )


def _server(results: BenchResults, run: LoadRun) -> str:
    both = run.server == OURS and results.of(run.scenario, SQLITE)
    return f"{display_name(OURS)} on PostgreSQL" if both else display_name(run.server)


def _request(scenario: str) -> str:
    if grown := _GROWN.fullmatch(scenario):
        return f"{_SCENARIOS.get(grown[1], grown[1])}, {int(grown[2]):,} sessions"
    return _SCENARIOS.get(scenario, scenario)


def _growth(results: BenchResults) -> str:
    grown = sorted(
        (run for run in results.median_runs() if _GROWN.fullmatch(run.scenario)),
        key=lambda run: run.scenario.partition(",")[0],
    )
    return format_table(_HEADS, (_row(results, run) for run in grown))


def _storm(results: BenchResults) -> str:
    def row(stormy: LoadRun) -> Sequence[str]:
        calm = results.median_run(_STORM[0], stormy.server)
        kept = ratio(stormy.per_second, calm.per_second) if calm else None
        signed_in = results.figures.get(f"storm/sign-ins per second/{stormy.server}")
        return (
            display_name(stormy.server),
            format_figure(calm.per_second if calm else None),
            format_figure(stormy.per_second),
            "" if kept is None else f"{kept:.0%}" if kept >= 0.1 else f"{kept:.1%}",
            format_figure(calm.p99 if calm else None),
            format_figure(stormy.p50),
            format_figure(stormy.p99),
            format_figure(signed_in),
        )

    heads = ("checks a second before", "in it", "kept", "p99 ms before", "p50 ms in it")
    stormy = [run for run in results.median_runs() if run.scenario == _STORM[1]]
    return format_table(("server ", *heads, "p99 ms in it", "sign-ins a second"), map(row, stormy))


def _servers(results: BenchResults) -> str:
    names = dict.fromkeys(
        name.partition("/")[2].removesuffix(", again")
        for name in results.figures
        if name.startswith(("memory/", "start/"))
    )
    rows = (
        (
            display_name(name),
            format_figure(results.figures.get(f"memory/{name}")),
            format_figure(results.figures.get(f"at rest/{name}")),
            format_figure(results.figures.get(f"start/{name}")),
            format_figure(results.figures.get(f"start/{name}, again")),
        )
        for name in sorted(names, key=is_ours, reverse=True)
    )
    at_rest, starts = ("MB idle", "% of a core"), ("s to first response", "s when restarted")
    return format_table(("server ", *at_rest, *starts), rows)


def _cached(results: BenchResults) -> str:
    columns = {
        "bytes each": results.series("cached/bytes each/"),
        "ns to find by cookie": results.series("cached/ns a hit by cookie/"),
        "ns to find by digest": results.series("cached/ns a hit/"),
    }
    counts = sorted({count for series in columns.values() for count in series})
    rows = (
        (f"{count:,.0f}", *(format_figure(series.get(count)) for series in columns.values()))
        for count in counts
    )
    return format_table(("sessions in memory", *columns), rows)


def _figures(group: str, words: dict[str, str]) -> Callable[[BenchResults], str]:
    def rows(results: BenchResults) -> Iterable[Sequence[str]]:
        for name, label in words.items():
            if (value := results.figures.get(f"{group}/{name}")) is not None:
                yield label, format_figure(value)

    return lambda results: format_table(("figure ", "value"), rows(results))


_SECTIONS: Sequence[Section] = (
    Section("Session checks", "", [_runs("check")]),
    Section(
        "Session checks with other cookies, and a protected endpoint",
        "Each kind of cookie in turn, valid ones among them. A forged one is rejected by its"
        " signature. A revoked one queries the database, as only live sessions are cached.",
        [
            _runs(
                *("check, valid", "check, forged", "check, absent", "check, revoked"),
                *("check, forged flood", "protected"),
            ),
            _figures(
                "check",
                {
                    "revoked": "sessions revoked while the session checks were measured",
                    "refused at once": "... of which the very next check was rejected",
                },
            ),
            _figures(
                "flood",
                {
                    "forged per second": "forged cookies a second, rejected beside the 8 callers",
                    "sessions looked for": "... for which a session was queried",
                },
            ),
        ],
    ),
    Section(
        "Requests that query the database",
        "The peers use the same PostgreSQL; *Gatehouse on SQLite* is the same server with a file of"
        " its own. The first checks after a restart also open the first connections.",
        [_runs("miss", "cold cache", "list-sessions", "update-user", "sign-out")],
    ),
    Section(
        "Signing in and signing up",
        "bcrypt with twelve rounds sets the pace. better-auth-server hashes with its own,"
        " cheaper scrypt.",
        [
            _runs("sign-in", "sign-up"),
            _figures("bcrypt", {"per second": "maximum bcrypt hashes a second on this machine"}),
        ],
    ),
    Section(
        "Sign-in storm",
        "8 callers check their sessions, first alone, then while 32 others sign in.",
        [_storm],
    ),
    Section(
        "Two replicas",
        "Two processes on one PostgreSQL, each with a processor that also carries its callers.",
        [
            _runs("check, one replica", "check, both replicas"),
            _figures(
                "revocation",
                {
                    "sessions": "sessions revoked on one replica",
                    "refused": "... of which the other rejected",
                    "p50 ms": "... half of them within, ms",
                    "p99 ms": "... 99 of 100 within, ms",
                    "max ms": "... the slowest within, ms",
                },
            ),
        ],
    ),
    Section("Database size", "", [_growth]),
    Section("Cache size", "", [_cached]),
    Section("Memory and start-up", "", [_servers]),
    Section(
        "Machine instructions",
        "",
        [
            _figures(
                "instructions",
                {
                    "valid": "of one session check in our application",
                    "valid beside baseline": "... beside those of bench/instructions.json",
                    "forged": "of one with a forged cookie",
                    "forged beside baseline": "... beside those of bench/instructions.json",
                },
            )
        ],
    ),
)
