"""How findings are written: for people, for programs, for CI."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from doctor import Deployment, Finding, Verdict
from doctor.report.json_report import Report, render_json
from doctor.report.junit_report import render_junit
from doctor.report.summary import summarize
from doctor.report.table import Table
from doctor.report.terminal import ProgressLine, Style

RIGHT = Finding("reach.health", "GET /health says ok", Verdict.PASS, "200, status ok", "", 0.1)
ODD = Finding(
    "headers.silent",
    "Answers are silent",
    Verdict.WARN,
    "server: nginx",
    "Switch it off there.",
    0.2,
)
BROKEN = Finding(
    "cookies.set",
    "Signing in sets a cookie",
    Verdict.FAIL,
    "the answer to the sign-up came without the session's cookie",
    "Something between takes Set-Cookie away; a proxy must pass it on.",
    1.25,
)
SKIPPED = Finding(
    "session.read", "It is known again", Verdict.SKIPPED, "needs cookies.set, which failed", "", 0.0
)
ALL = [RIGHT, ODD, BROKEN, SKIPPED]
EXAMINED = Report(
    Deployment("https://auth.example.com", frontend="https://app.example.com"),
    datetime(2026, 3, 1, 12, 0, 0, 250_000, UTC),
    3.14159,
    ALL,
)

TABLE = """\
Reachability
  + GET /health says ok  200, status ok

Security headers
  ! Answers are silent (headers.silent)
    server: nginx
    fix: Switch it off there.

Accounts, cookies and sessions
  x Signing in sets a cookie (cookies.set)
    the answer to the sign-up came without the session's
    cookie
    fix: Something between takes Set-Cookie away; a proxy
    must pass it on.
  - It is known again  needs cookies.set, which failed

x 1 check failed, 1 warning. 1 check was skipped.
"""

BRIEF = """\
Security headers
  ! Answers are silent (headers.silent)
    server: nginx
    fix: Switch it off there.

! No check failed, 1 warning.
"""


class Terminal(io.StringIO):
    """A terminal that keeps what was written on it."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def render_table(findings, style, **options):
    out = io.StringIO()
    table = Table(out, style, **options)
    for finding in findings:
        table.write(finding)
    table.write_summary(findings)
    return out.getvalue()


def test_the_table_for_people():
    assert render_table(ALL, Style(width=60, unicode=False)) == TABLE


def test_in_brief_only_what_matters_is_shown():
    assert render_table([RIGHT, ODD], Style(width=60), brief=True) == BRIEF
    assert render_table([RIGHT], Style(width=60), brief=True) == "✓ No check failed.\n"


def test_no_line_is_wider_than_the_terminal():
    long = Finding("reach.health", "A title", Verdict.PASS, "word " * 60, "", 0.1)
    broken = Finding("reach.ready", "A title", Verdict.FAIL, "word " * 60, "mend it " * 40, 0.1)
    skipped = Finding("reach.https", "A title", Verdict.SKIPPED, "word " * 60, "", 0.1)
    for width in (60, 72, 100):
        lines = render_table([long, broken, skipped], Style(width=width)).splitlines()
        assert [line for line in lines if len(line) > width] == []


def test_what_a_server_wrote_gives_a_terminal_no_orders():
    wild = Finding("reach.health", "T", Verdict.WARN, "\x1b[2Jversion\x07\nb", "\x9bfix", 0.1)
    text = render_table([wild, replace(wild, verdict=Verdict.PASS)], Style())
    assert [letter for letter in text if not letter.isprintable() and letter != "\n"] == []
    assert "?[2Jversion? b" in text


@pytest.mark.parametrize(
    ("environment", "out", "coloured"),
    [
        ({}, Terminal(), True),
        ({"NO_COLOR": "1"}, Terminal(), False),
        ({"TERM": "dumb"}, Terminal(), False),
        ({}, io.StringIO(), False),
    ],
    ids=["terminal", "NO_COLOR", "dumb terminal", "file"],
)
def test_colours_are_for_terminals_whose_owner_wants_them(environment, out, coloured):
    style = Style.of(out, environment)
    assert ("\x1b[31m" in render_table(ALL, style)) is coloured


def test_where_marks_cannot_be_written_letters_stand_in():
    out = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    style = Style.of(out, {})
    assert [style.mark(each) for each in Verdict] == ["+", "!", "x", "-"]
    Table(out, style).write(Finding("reach.health", "T", Verdict.PASS, "日本 ✓", "", 0.1))


def test_the_progress_line_is_rewritten_in_place():
    terminal = Terminal()
    progress = ProgressLine(terminal, Style(width=60))
    progress.update("a long thing is being looked at")
    progress.update("a short one")
    progress.clear()
    progress.clear()
    lines = terminal.getvalue().split("\r")
    assert "\n" not in terminal.getvalue()
    assert lines[2].rstrip() == "  a short one ..."
    assert len(lines[2]) == len(lines[1])
    assert lines[3].strip() == lines[4] == ""


def test_without_a_terminal_there_is_no_progress_line():
    out = io.StringIO()
    progress = ProgressLine(out, Style())
    progress.update("waiting")
    progress.clear()
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        ([RIGHT], "No check failed."),
        ([RIGHT, ODD, ODD], "No check failed, 2 warnings."),
        ([BROKEN] * 3 + [ODD] * 2, "3 checks failed, 2 warnings."),
        ([BROKEN], "1 check failed."),
        ([RIGHT, SKIPPED, SKIPPED], "No check failed. 2 checks were skipped."),
        ([SKIPPED], "Nothing could be checked."),
        ([], "Nothing could be checked."),
    ],
)
def test_the_verdict_in_a_sentence(findings, sentence):
    assert summarize(findings) == sentence


def test_the_document_for_programs():
    assert json.loads(render_json(EXAMINED)) == {
        "schema": 1,
        "url": "https://auth.example.com",
        "frontend": "https://app.example.com",
        "startedAt": "2026-03-01T12:00:00.250+00:00",
        "seconds": 3.142,
        "verdict": "fail",
        "counts": {"pass": 1, "warn": 1, "fail": 1, "skipped": 1},
        "findings": [
            {
                "check": each.check,
                "title": each.title,
                "verdict": each.verdict.value,
                "evidence": each.evidence,
                "fix": each.fix,
                "seconds": each.seconds,
            }
            for each in ALL
        ],
    }


def parsed(examined):
    return ElementTree.fromstring(render_junit(examined))[0]  # noqa: S314  we have just written it


def test_the_report_for_ci():
    suite = parsed(EXAMINED)
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    cases = {case.get("name"): case for case in suite}
    assert list(cases) == ["reach.health", "headers.silent", "cookies.set", "session.read"]
    failure = cases["cookies.set"].find("failure")
    assert failure.get("message") == BROKEN.evidence
    assert BROKEN.fix in failure.text
    assert cases["session.read"].find("skipped").get("message") == SKIPPED.evidence
    assert ODD.fix in cases["headers.silent"].find("system-out").text
    assert [name for name, case in cases.items() if case.find("failure") is not None] == [
        "cookies.set"
    ]
    assert cases["cookies.set"].get("classname") == "doctor.cookies"
    assert cases["cookies.set"].get("time") == "1.250"


def test_what_xml_cannot_hold_is_replaced():
    odd = Finding("reach.health", "T", Verdict.FAIL, "a\x00b\x1b[31m\ud800<&>]]>", "f\x08", 0.1)
    examined = Report(Deployment("http://localhost"), EXAMINED.started_at, 1, [odd])
    failure = parsed(examined)[0][0]
    assert failure.get("message") == "a\ufffdb\ufffd[31m\ufffd<&>]]>"
