"""`python -m bench [--quick] [--only check,storm]`: measure, report, judge by the goals."""

import argparse
import signal
import subprocess
import sys
import time

import httpx
import psycopg2

from bench import machine
from bench.goals import judged
from bench.names import NODE, NODE_CACHED
from bench.prepare import Lacking, prepare
from bench.report import publish
from bench.results import Results
from bench.scenarios import ALL
from bench.servers import ServerDied
from bench.stage import Stage, stage
from bench.wrk import LoadFailed

# What spoils one part; the others are measured all the same, and the goals say what is missing.
_BREAKS_OFF = (
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
    """Run what was asked for; returns the exit code."""
    said = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ... through the clean-up
    try:
        missing = prepare()
    except Lacking as lacking:
        sys.exit(str(lacking))
    results = Results(quick=said.quick, about=machine.described(), notes=missing)
    began, broken_off = time.monotonic(), False
    try:
        with stage(results, {NODE, NODE_CACHED} if missing else set()) as bench:
            _measure(bench, said.only)
    except KeyboardInterrupt:
        broken_off = True
        results.notes.append("Broken off by hand: figures are missing.")
    results.about["took"] = f"{(time.monotonic() - began) / 60:.1f} minutes"
    results.about["others"] = f"{results.foreign:.0%}"
    publish(results)
    verdict = judged(results, strictly=not said.quick and not said.only)
    return 130 if broken_off else verdict


def _measure(bench: Stage, only: list[str]) -> None:
    until = time.monotonic()
    for name, part in ALL.items():
        if only and name not in only:
            continue
        print(f"{name}: {(part.measure.__doc__ or '').splitlines()[0]}", flush=True)
        began = time.monotonic()
        until += part.seconds * (_QUICK if bench.quick else 1)  # what one leaves, the next has
        bench.begin(name, until)
        try:
            part.measure(bench)
        except _BREAKS_OFF as problem:
            bench.results.notes.append(f"{name} was broken off: {problem}")
            print(f"  broken off: {problem}", flush=True)
        print(f"  ({time.monotonic() - began:.0f} s)", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench", description="How fast is Gatehouse here?")
    parser.add_argument("--quick", action="store_true", help="three minutes instead of thirty")
    parser.add_argument(
        "--only",
        default=[],
        type=lambda text: text.split(","),
        help=f"some of {','.join(ALL)}",
    )
    said = parser.parse_args()
    if unknown := set(said.only) - set(ALL):
        parser.error(f"--only knows {', '.join(ALL)}, and not {', '.join(sorted(unknown))}")
    return said


if __name__ == "__main__":
    sys.exit(main())
