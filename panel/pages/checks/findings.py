"""What the doctor found, as a page shows it: the verdict, what to mend, a line for each check."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from doctor import Finding, Verdict
from doctor.farewell import farewell
from doctor.report.as_json import Examined
from doctor.report.as_json import as_json as written_as_json
from doctor.report.summary import count, in_a_sentence, overall
from doctor.report.table import Table, heading_of
from doctor.report.terminal import Style
from panel.client.doctor_run import Examination
from panel.pages.checks import words
from panel.ui import timestamps
from panel.ui.markup import Markup, alert, badge, empty, link, soft

_WORST_FIRST = (Verdict.FAIL, Verdict.WARN)
_WIDTH = 100  # letters, of the report as text


@dataclass(frozen=True)
class _Line:
    """One check, whether made or not. `state` is a verdict, running or waiting."""

    title: str
    state: str
    evidence: str = ""


def verdict(it: Examination | None, now: datetime) -> Markup:
    """Say how an examination stands, or what came of it."""
    if it is None:
        return empty(words.NOTHING_YET, words.NOTHING_YET_HINT)
    return _result(it, now) if it.over else _progress(it)


def listed(it: Examination | None) -> Markup:
    """Return what is to be mended, and below it every check in its group."""
    if it is None:
        return Markup()
    groups: dict[str, list[_Line]] = {}
    for name, line in _lines(it).items():
        groups.setdefault(heading_of(name), []).append(line)
    return _to_mend(it.findings) + Markup().join(_group(*each) for each in groups.items())


def as_text(it: Examination) -> str:
    """Return the report that `python -m doctor` writes."""
    out = io.StringIO()
    table = Table(out, Style(width=_WIDTH))
    for finding in it.findings:
        table.show(finding)
    table.close(it.findings)
    return out.getvalue()


def as_json(it: Examination) -> str:
    """Return the document that `python -m doctor --json` writes."""
    return written_as_json(Examined(it.deployment, it.started_at, it.seconds, it.findings))


def _result(it: Examination, now: datetime) -> Markup:
    said = words.STOPPED if it.stopping else in_a_sentence(it.findings)
    told = words.told(
        it.deployment.url,
        it.deployment.frontend,
        it.seconds,
        timestamps.words(it.started_at, now),
        it.started_by,
    )
    broken = alert(words.BROKEN) if it.broken else ""
    worst = overall(it.findings)
    is_whole = not it.stopping and not it.broken  # of a part, nobody can say that all is right
    mood = words.MOODS.get(worst, "") if is_whole or worst is not Verdict.PASS else ""
    return Markup(
        "<section class='card checked' role='status'><p class='verdict'>{}</p>{}<p>{}</p>{}"
        "</section>"
    ).format(badge(said, mood), broken, words.counts(count(it.findings)), soft(told))


def _progress(it: Examination) -> Markup:
    made, of = len(it.findings), len(it.checks) + 1
    said = words.STOPPING if it.stopping else it.doing
    return Markup(
        "<section class='card checked'><p class='verdict'>{}</p>"
        "<progress value='{}' max='{}'></progress><p>{}</p>{}</section>"
    ).format(badge(words.progress(made, of, it.seconds)), made, of, said, soft(words.WAITS))


def _lines(it: Examination) -> Mapping[str, _Line]:
    """Return a line for each check by its name, in order."""
    made = {each.check: each for each in it.findings}
    lines: dict[str, _Line] = {}
    running = not it.over
    for check in (*it.checks, farewell):
        found = made.get(check.name)
        if found is not None:
            evidence = found.evidence.removeprefix("not made: ")  # the badge says so
            lines[check.name] = _Line(check.title, found.verdict.value, evidence)
        elif not it.over:
            doing = it.doing if running and it.doing != check.title else ""
            state = "running" if running else "waiting"
            lines[check.name] = _Line(check.title, state, doing)
            running = False
    return lines


def _to_mend(findings: Sequence[Finding]) -> Markup:
    wrong = [each for verdict in _WORST_FIRST for each in findings if each.verdict is verdict]
    if not wrong:
        return Markup()
    how = Markup("{} {}").format(words.HOW_TO_SET, link(words.SET_UP, "set-up"))
    return Markup("<section class='card mend'><h2>{}</h2><ul>{}</ul>{}</section>").format(
        words.TO_MEND, Markup().join(map(_card, wrong)), soft(how)
    )


def _card(finding: Finding) -> Markup:
    mood = words.MOODS[finding.verdict]
    verdict = badge(words.VERDICTS[finding.verdict], mood)
    return Markup(
        "<li class='{}'>{} <b>{}</b> <code>{}</code><div>{}</div><div><b>{}</b> {}</div></li>"
    ).format(mood, verdict, finding.title, finding.check, finding.evidence, words.MEND, finding.fix)


def _group(name: str, lines: list[_Line]) -> Markup:
    counted = Counter(line.state for line in lines)
    states = [each for each in words.VERDICTS if counted[each]]
    summary = ", ".join(f"{counted[each]} {words.VERDICTS[each]}" for each in states)
    shut = set(counted) <= {"pass", "skipped"} or set(counted) == {"waiting"}
    return Markup(
        "<details class='group'{}><summary><b>{}</b> <span class='soft'>{}</span></summary>"
        "<ul class='checks'>{}</ul></details>"
    ).format(Markup() if shut else Markup(" open"), name, summary, Markup().join(map(_row, lines)))


def _row(line: _Line) -> Markup:
    state = badge(words.VERDICTS[line.state], words.MOODS.get(line.state, ""))
    more = Markup("<br><span class='soft'>{}</span>").format(line.evidence) if line.evidence else ""
    return Markup("<li class='{}'><span>{}{}</span>{}</li>").format(
        line.state, line.title, more, state
    )
