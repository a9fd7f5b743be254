"""`python -m doctor URL`: examine a deployment, from a terminal or in CI."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TextIO

from doctor.clock import SystemClock
from doctor.command_line import Order, UsageError, read_order
from doctor.examine import examine
from doctor.findings import Finding, Verdict
from doctor.report.as_json import Examined, as_json
from doctor.report.junit import junit
from doctor.report.table import Table
from doctor.report.terminal import Progress, Style

RIGHT, BROKEN, USAGE, INTERRUPTED, UNREAD = 0, 1, 2, 130, 141
"""Exit codes: 130 as after Ctrl-C (128 + SIGINT), 141 as after `| head` (128 + SIGPIPE)."""


def main(arguments: Sequence[str]) -> int:
    """Examine, tell, and return the exit code."""
    # CI systems cancel with SIGTERM: the throw-away account is deleted then too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        order = read_order(arguments, os.environ)
        return _carry_out(order)
    except UsageError as error:
        sys.stderr.write(f"doctor: {error}\n")
        return USAGE
    except KeyboardInterrupt:
        sys.stderr.write("doctor: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        _let_go_of_stdout()
        return UNREAD


def _carry_out(order: Order) -> int:
    clock = SystemClock()
    started_at, began = clock.now(), clock.monotonic()
    table = Table(sys.stdout, Style.of(sys.stdout, os.environ), brief=order.brief)
    findings = _examined(order, None if order.as_json else table)
    examined = Examined(order.deployment, started_at, clock.monotonic() - began, findings)
    if order.junit is not None:
        order.junit.write_bytes(junit(examined))
    if order.as_json:
        sys.stdout.write(as_json(examined) + "\n")
    else:
        table.close(findings)
    sys.stdout.flush()
    return BROKEN if any(each.verdict is Verdict.FAIL for each in findings) else RIGHT


def _examined(order: Order, table: Table | None) -> list[Finding]:
    progress = Progress(sys.stderr, Style.of(sys.stderr, os.environ))
    findings = []
    examination = examine(
        order.deployment,
        say=progress.say,
        checks=order.checks,
        left_early=lambda last: _tell_what_is_left(sys.stderr, progress, last),
    )
    with closing(examination):
        for finding in examination:
            findings.append(finding)
            progress.clear()
            if table is not None:
                table.show(finding)
    return findings


def _tell_what_is_left(out: TextIO, progress: Progress, last: Finding) -> None:
    progress.clear()
    if last.verdict is Verdict.FAIL:
        out.write(f"doctor: {last.evidence}. {last.fix}\n")
    elif last.verdict is Verdict.PASS:
        out.write("doctor: the throw-away account is deleted\n")


def _let_go_of_stdout() -> None:
    """Point stdout nowhere: Python would complain at its end that nobody reads."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
