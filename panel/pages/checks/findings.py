"""The doctor's findings as HTML: the verdict, what to fix, and a line for each check."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from doctor import Finding, Verdict
from doctor.cleanup import clean_up
from doctor.report.json_report import Report, render_json
from doctor.report.summary import count_verdicts, summarize, worst_verdict
from doctor.report.table import Table, heading_of
from doctor.report.terminal import Style
from panel.client.doctor_run import DoctorRun
from panel.pages.checks import words
from panel.ui import timestamps
from panel.ui.markup import Markup, alert, badge, empty_state, format_rows, link, soft

_WORST_FIRST = (Verdict.FAIL, Verdict.WARN)
_WIDTH = 100  # characters, of the report as text


@dataclass(frozen=True)
class _Line:
    """A line of the list. `state` is a verdict, running or waiting."""

    title: str
    state: str
    evidence: str = ""


def render_verdict(run: DoctorRun | None, now: datetime) -> Markup:
    """Return the progress of a run, or its result."""
    if run is None:
        return empty_state(words.NOTHING_YET, words.NOTHING_YET_HINT)
    return _result(run, now) if run.is_finished else _progress(run)


def render_findings(run: DoctorRun | None) -> Markup:
    """Return what to fix, and below it every check in its group."""
    if run is None:
        return Markup()
    groups: dict[str, list[_Line]] = {}
    for name, line in _lines(run).items():
        groups.setdefault(heading_of(name), []).append(line)
    skipped = _skipped(run.findings)
    return _problems(run.findings) + skipped + Markup().join(map(_group, groups, groups.values()))


def as_text(run: DoctorRun) -> str:
    """Return the report that `python -m doctor` writes."""
    out = io.StringIO()
    table = Table(out, Style(width=_WIDTH))
    for finding in run.findings:
        table.write(finding)
    table.write_summary(run.findings)
    return out.getvalue()


def as_json(run: DoctorRun) -> str:
    """Return the document that `python -m doctor --json` writes."""
    return render_json(Report(run.deployment, run.started_at, run.seconds, run.findings))


def _result(run: DoctorRun, now: datetime) -> Markup:
    summary = words.STOPPED if run.is_stopping else summarize(run.findings)
    details = words.run_summary(
        run.deployment.url,
        run.deployment.frontend,
        run.seconds,
        timestamps.format_relative(run.started_at, now),
        run.started_by,
    )
    crashed = alert(words.BROKEN) if run.has_crashed else ""
    worst = worst_verdict(run.findings)
    # Only a complete run can say that all is right, and what could not be checked is not right.
    is_complete = not (run.is_stopping or run.has_crashed or _find_skipped(run.findings))
    severity = words.SEVERITIES.get(worst, "") if is_complete or worst is not Verdict.PASS else ""
    return Markup(
        "<section class='card checked' role='status'><p class='verdict'>{}</p>{}<p>{}</p>{}"
        "</section>"
    ).format(
        badge(summary, severity), crashed, words.counts(count_verdicts(run.findings)), soft(details)
    )


def _progress(run: DoctorRun) -> Markup:
    done, total = len(run.findings), len(run.checks) + 1
    progress = badge(words.progress(done, total, run.seconds))
    status = words.STOPPING if run.is_stopping else run.current_step
    return Markup(
        "<section class='card checked'><p class='verdict'>{}</p>"
        "<progress value='{}' max='{}'></progress><p>{}</p>{}</section>"
    ).format(progress, done, total, status, soft(words.WAITS))


def _lines(run: DoctorRun) -> Mapping[str, _Line]:
    """Return a line for each check, by name, in order."""
    by_check = {each.check: each for each in run.findings}
    lines: dict[str, _Line] = {}
    running = not run.is_finished
    for check in (*run.checks, clean_up):
        finding = by_check.get(check.name)
        if finding is not None:
            lines[check.name] = _Line(check.title, finding.verdict.value, finding.evidence)
        elif not run.is_finished:
            current_step = run.current_step if running and run.current_step != check.title else ""
            state = "running" if running else "waiting"
            lines[check.name] = _Line(check.title, state, current_step)
            running = False
    return lines


def _problems(findings: Sequence[Finding]) -> Markup:
    problems = [each for verdict in _WORST_FIRST for each in findings if each.verdict is verdict]
    if not problems:
        return Markup()
    hint = Markup("{} {}").format(words.HOW_TO_SET, link(words.SET_UP, "set-up"))
    return Markup("<section class='card problems'><h2>{}</h2><ul>{}</ul>{}</section>").format(
        words.PROBLEMS, Markup().join(map(_card, problems)), soft(hint)
    )


def _skipped(findings: Sequence[Finding]) -> Markup:
    """Return what could not be checked and why, apart from what passed."""
    skipped = [(each.title, each.check, each.evidence) for each in _find_skipped(findings)]
    if not skipped:
        return Markup()
    item = Markup("<li class='skipped'><b>{}</b> <code>{}</code><div>{}</div></li>")
    return Markup("<section class='card problems'><h2>{}</h2><ul>{}</ul></section>").format(
        words.NOT_CHECKED, format_rows(item, skipped)
    )


def _find_skipped(findings: Sequence[Finding]) -> list[Finding]:
    return [each for each in findings if each.verdict is Verdict.SKIPPED]


def _card(finding: Finding) -> Markup:
    severity = words.SEVERITIES[finding.verdict]
    verdict = badge(words.VERDICTS[finding.verdict], severity)
    return Markup(
        "<li class='{}'>{} <b>{}</b> <code>{}</code><div>{}</div><div><b>{}</b> {}</div></li>"
    ).format(
        severity, verdict, finding.title, finding.check, finding.evidence, words.FIX, finding.fix
    )


def _group(name: str, lines: list[_Line]) -> Markup:
    counted = Counter(line.state for line in lines)
    is_collapsed = set(counted) <= {"pass", "skipped"} or set(counted) == {"waiting"}
    is_open = Markup() if is_collapsed else Markup(" open")
    return Markup(
        "<details class='group'{}><summary><b>{}</b> <span class='soft'>{}</span></summary>"
        "<ul class='checks'>{}</ul></details>"
    ).format(is_open, name, words.counts(counted), Markup().join(map(_row, lines)))


def _row(line: _Line) -> Markup:
    state = badge(words.VERDICTS[line.state], words.SEVERITIES.get(line.state, ""))
    more = Markup("<br><span class='soft'>{}</span>").format(line.evidence) if line.evidence else ""
    return Markup("<li class='{}'><span>{}{}</span>{}</li>").format(
        line.state, line.title, more, state
    )
