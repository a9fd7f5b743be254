"""Opens the rig, stops it after the last test, and says what was left out."""

import gc
import os
import signal
import sys
from collections import Counter
from collections.abc import Generator
from itertools import chain, islice
from typing import TypeVar

import pytest

from tests.rig import pgbouncer, postgres, shared
from tests.rig.compiled_statements import share_compiled_statements
from tests.rig.missing_tools import LACKS

# What takes long, or waits, by folder; each list for one of the workers of `make test`, which
# begins there. They are more than most machines have processors: much of the time is waiting.
LONG = (("checks", "doctor", "docs"), ("panel",), ("notebooks", "frontend", "server", "parity"))
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_configure(config: pytest.Config) -> None:
    share_compiled_statements()
    if not _is_worker(config):
        _write_bytecode()
        shared.open_folder()
        signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated"))


def pytest_unconfigure(config: pytest.Config) -> None:
    if not _is_worker(config):
        pgbouncer.stop_shared_pgbouncer()
        postgres.stop_shared_server()
        shared.close_folder()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave what is imported and collected out of every search for garbage: it stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin each worker's share with what takes long, and end it with what is quick.

    `--dist worksteal` gives each worker a share, in this order and not torn apart, so that what a
    file or a folder shares is made once. Who is done first takes from the end of another's.
    """
    by_folder: dict[str, list[pytest.Item]] = {}
    for item in items:
        by_folder.setdefault(item.path.parent.name, []).append(item)
    shares = [[item for name in names for item in by_folder.pop(name, [])] for names in LONG]
    quick = iter([item for folder in by_folder.values() for item in folder])
    size = len(items) // len(LONG)
    for share in shares:
        share += islice(quick, max(0, size - len(share)))
    items[:] = [*chain.from_iterable(shares), *quick]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _refuse_other_skips((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _refuse_other_skips((yield))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(map(_reason, terminalreporter.stats.get("skipped", [])))
    for reason, tests in reasons.items():
        terminalreporter.write_line(f"skipped {tests}: {reason}", yellow=True)


def _write_bytecode() -> None:
    """Compile a file once, whatever the environment says, and not anew in a hundred processes."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _refuse_other_skips(report: Report) -> Report:
    if report.skipped and not _reason(report).startswith(LACKS):
        report.outcome = "failed"
        report.longrepr = (
            f"left out by hand ({_reason(report)}): use tests.rig.missing_tools, or mend it"
        )
        vars(report).pop("wasxfail", None)  # or pytest would count it as expected
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)
