"""`python -m bench [--quick] [--only session-check,sign-in-storm]`: measure and report."""

import argparse
import signal
import subprocess
import sys
import time

import httpx
import psycopg2

from bench.report.goals import report_goals
from bench.report.markdown import publish
from bench.results import BenchResults
from bench.rig import machine
from bench.rig.harness import Harness, harness
from bench.rig.prepare import MissingProgram, prepare
from bench.rig.servers import ServerDied
from bench.rig.wrk import LoadFailed
from bench.scenarios import ALL
from bench.server_names import BETTER_AUTH, BETTER_AUTH_CACHED

# These end one scenario; the others still run, and the goals show what is missing.
_SCENARIO_ERRORS = (
    ServerDied,
    LoadFailed,
    AssertionError,
    OSError,
    subprocess.SubprocessError,
    psycopg2.Error,
    httpx.HTTPError,
)
_QUICK = 0.1  # of the time of a full run


def main() -> int:
    """Run the chosen scenarios; returns the exit code."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # runs the clean-up too
    try:
        missing = prepare()
    except MissingProgram as error:
        sys.exit(str(error))
    results = BenchResults(quick=arguments.quick, about=machine.describe_machine(), notes=missing)
    began, interrupted = time.monotonic(), False
    try:
        with harness(results, {BETTER_AUTH, BETTER_AUTH_CACHED} if missing else set()) as bench:
            _measure(bench, arguments.only)
    except KeyboardInterrupt:
        interrupted = True
        results.notes.append("Interrupted: figures are missing.")
    results.about["took"] = f"{(time.monotonic() - began) / 60:.1f} minutes"
    results.about["others"] = f"{results.foreign:.0%}"
    publish(results)
    exit_code = report_goals(results, strictly=not arguments.quick and not arguments.only)
    return 130 if interrupted else exit_code


def _measure(bench: Harness, only: list[str]) -> None:
    until = time.monotonic()
    for name, scenario in ALL.items():
        if only and name not in only:
            continue
        print(f"{name}: {(scenario.measure.__doc__ or '').splitlines()[0]}", flush=True)
        began = time.monotonic()
        # Time left over goes to the next.
        until += scenario.seconds * (_QUICK if bench.quick else 1)
        bench.begin(name, until)
        try:
            scenario.measure(bench)
        except _SCENARIO_ERRORS as error:
            bench.results.notes.append(f"{name} failed: {error}")
            print(f"  failed: {error}", flush=True)
        print(f"  ({time.monotonic() - began:.0f} s)", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench", description="How fast is Gatehouse here?")
    parser.add_argument("--quick", action="store_true", help="three minutes instead of thirty")
    parser.add_argument(
        "--only", default=[], type=lambda text: text.split(","), help=f"some of {','.join(ALL)}"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.only) - set(ALL):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
