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
from panel import when
from panel.checkup import Examination
from panel.markup import Html, badge, empty, link, text
from panel.words import checks as words

_WORST_FIRST = (Verdict.FAIL, Verdict.WARN)
_WIDTH = 100  # letters, of the report as text


@dataclass(frozen=True)
class _Line:
    """One check, whether made or not. `state` is a verdict, running or waiting."""

    title: str
    state: str
    evidence: str = ""


def verdict(it: Examination | None, now: datetime) -> Html:
    """Say how an examination stands, or what came of it."""
    if it is None:
        return empty(words.NOTHING_YET, words.NOTHING_YET_HINT)
    return _result(it, now) if it.over else _progress(it)


def listed(it: Examination | None) -> Html:
    """Return what is to be mended, and below it every check in its group."""
    if it is None:
        return ""
    groups: dict[str, list[_Line]] = {}
    for name, line in _lines(it).items():
        groups.setdefault(heading_of(name), []).append(line)
    return _to_mend(it.findings) + "".join(_group(*each) for each in groups.items())


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


def _result(it: Examination, now: datetime) -> Html:
    said = words.STOPPED if it.stopping else in_a_sentence(it.findings)
    told = words.told(
        it.deployment.url,
        it.deployment.frontend,
        it.seconds,
        when.words(it.started_at, now),
        it.started_by,
    )
    broken = f"<p class='told bad' role='alert'>{words.BROKEN}</p>" if it.broken else ""
    worst = overall(it.findings)
    is_whole = not it.stopping and not it.broken  # of a part, nobody can say that all is right
    mood = words.MOODS.get(worst, "") if is_whole or worst is not Verdict.PASS else ""
    return (
        f"<section class='card checked' role='status'>"
        f"<p class='verdict'>{badge(said, mood)}</p>{broken}"
        f"<p>{text(words.counts(count(it.findings)))}</p>"
        f"<p class='soft'>{text(told)}</p></section>"
    )


def _progress(it: Examination) -> Html:
    made, of = len(it.findings), len(it.checks) + 1
    said = words.STOPPING if it.stopping else it.doing
    return (
        f"<section class='card checked'>"
        f"<p class='verdict'>{badge(words.progress(made, of, it.seconds))}</p>"
        f"<progress value='{made}' max='{of}'></progress>"
        f"<p>{text(said)}</p><p class='soft'>{words.WAITS}</p></section>"
    )


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


def _to_mend(findings: Sequence[Finding]) -> Html:
    wrong = [each for verdict in _WORST_FIRST for each in findings if each.verdict is verdict]
    if not wrong:
        return ""
    cards = "".join(map(_card, wrong))
    how = f"<p class='soft'>{words.HOW_TO_SET} {link(words.SET_UP, 'set-up')}</p>"
    return f"<section class='card mend'><h2>{words.TO_MEND}</h2><ul>{cards}</ul>{how}</section>"


def _card(finding: Finding) -> Html:
    mood = words.MOODS[finding.verdict]
    return (
        f"<li class='{mood}'>{badge(words.VERDICTS[finding.verdict], mood)} "
        f"<b>{text(finding.title)}</b> <code>{text(finding.check)}</code>"
        f"<div>{text(finding.evidence)}</div>"
        f"<div><b>{words.MEND}</b> {text(finding.fix)}</div></li>"
    )


def _group(name: str, lines: list[_Line]) -> Html:
    counted = Counter(line.state for line in lines)
    states = [each for each in words.VERDICTS if counted[each]]
    summary = ", ".join(f"{counted[each]} {words.VERDICTS[each]}" for each in states)
    shut = set(counted) <= {"pass", "skipped"} or set(counted) == {"waiting"}
    rows = "".join(map(_row, lines))
    return (
        f"<details class='group'{'' if shut else ' open'}><summary><b>{text(name)}</b> "
        f"<span class='soft'>{summary}</span></summary><ul class='checks'>{rows}</ul></details>"
    )


def _row(line: _Line) -> Html:
    state = words.VERDICTS[line.state]
    evidence = f"<span class='soft'>{text(line.evidence)}</span>" if line.evidence else ""
    return (
        f"<li class='{line.state}'><span>{text(line.title)}{'<br>' if evidence else ''}{evidence}"
        f"</span>{badge(state, words.MOODS.get(line.state, ''))}</li>"
    )
