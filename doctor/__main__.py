"""`python -m doctor URL`: check a deployment, from a terminal or in CI."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TextIO

from doctor.clock import SystemBlockingClock
from doctor.command_line import Options, UsageError, parse_options
from doctor.examine import examine
from doctor.findings import Finding, Verdict
from doctor.report.json_report import Report, render_json
from doctor.report.junit_report import render_junit
from doctor.report.table import Table
from doctor.report.terminal import ProgressLine, Style

OK, CHECK_FAILED, USAGE_ERROR, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141
"""Exit codes: 130 as after Ctrl-C (128 + SIGINT), 141 as after `| head` (128 + SIGPIPE)."""


def main(arguments: Sequence[str]) -> int:
    """Run the checks, report the findings, and return the exit code."""
    # CI systems cancel with SIGTERM, after which the throw-away account must be deleted too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        options = parse_options(arguments, os.environ)
        return _run(options)
    except UsageError as error:
        sys.stderr.write(f"doctor: {error}\n")
        return USAGE_ERROR
    except KeyboardInterrupt:
        sys.stderr.write("doctor: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        _detach_stdout()
        return BROKEN_PIPE


def _run(options: Options) -> int:
    clock = SystemBlockingClock()
    started_at, began = clock.now(), clock.monotonic()
    table = Table(sys.stdout, Style.of(sys.stdout, os.environ), brief=options.brief)
    findings = _collect_findings(options, None if options.json else table)
    report = Report(options.deployment, started_at, clock.monotonic() - began, findings)
    if options.junit is not None:
        options.junit.write_bytes(render_junit(report))
    if options.json:
        sys.stdout.write(render_json(report) + "\n")
    else:
        table.write_summary(findings)
    sys.stdout.flush()
    return CHECK_FAILED if any(each.verdict is Verdict.FAIL for each in findings) else OK


def _collect_findings(options: Options, table: Table | None) -> list[Finding]:
    progress = ProgressLine(sys.stderr, Style.of(sys.stderr, os.environ))
    findings = []
    finding_stream = examine(
        options.deployment,
        on_progress=progress.update,
        checks=options.checks,
        on_early_cleanup=lambda finding: _report_cleanup(sys.stderr, progress, finding),
    )
    with closing(finding_stream):
        for finding in finding_stream:
            findings.append(finding)
            progress.clear()
            if table is not None:
                table.write(finding)
    return findings


def _report_cleanup(out: TextIO, progress: ProgressLine, finding: Finding) -> None:
    progress.clear()
    if finding.verdict is Verdict.FAIL:
        out.write(f"doctor: {finding.evidence}. {finding.fix}\n")
    elif finding.verdict is Verdict.PASS:
        out.write("doctor: the throw-away account is deleted\n")


def _detach_stdout() -> None:
    """Point stdout at /dev/null: Python would report the closed pipe again at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
