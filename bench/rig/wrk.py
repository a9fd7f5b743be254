"""The load generator: wrk with one thread, which leaves the other processor to the server."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.rig.machine import taskset_prefix

LUA = Path(__file__).parent / "lua"
_GRACE = 20.0  # seconds beyond the load itself, after which wrk is taken for stuck


class LoadFailed(Exception):
    """The load generator could not do its work; the message has its words."""


@dataclass(frozen=True)
class LoadResult:
    """What wrk saw. Times are in milliseconds, `seconds` is how long it took."""

    requests: int
    seconds: float
    p50: float
    p90: float
    p99: float
    longest: float
    failed: int
    """Answers with a status of 400 and above."""
    broken: int
    """Connections that were refused, cut or timed out."""

    @property
    def per_second(self) -> float:
        """Good answers in a second."""
        return max(0, self.requests - self.failed) / self.seconds if self.seconds else 0.0


class LoadGenerator:
    """wrk at work, on one processor if that is named.

    `once`: each request of the file once, and at most `seconds`.
    """

    def __init__(
        self,
        file: Path,
        port: int,
        *,
        connections: int,
        seconds: float,
        once: bool = False,
        processor: int | None = None,
    ) -> None:
        script = LUA / ("once.lua" if once else "in_turn.lua")
        whole = max(1, round(seconds))  # wrk takes whole seconds only
        options = ["-t1", f"-c{connections}", f"-d{whole}s", "--timeout", "30s", "-s", str(script)]
        self._bound = whole + _GRACE
        self._process = subprocess.Popen(
            [
                *taskset_prefix(processor),
                "wrk",
                *options,
                f"http://127.0.0.1:{port}",
                "--",
                str(file),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def result(self) -> LoadResult:
        """Wait for the end; raises LoadFailed when wrk does not end, or ends without a report."""
        try:
            report, stderr = self._process.communicate(timeout=self._bound)
        except BaseException as error:
            self._process.kill()
            self._process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise LoadFailed(f"wrk did not end within {self._bound:g} s") from None
            raise
        if self._process.returncode != 0:
            raise LoadFailed(f"wrk ended with code {self._process.returncode}: {stderr}")
        return parse_report(report)


def parse_report(report: str) -> LoadResult:
    """Read the report that bench/rig/lua/play.lua has wrk print; raises LoadFailed without one."""
    lines = [line for line in report.splitlines() if line.startswith("{")]
    if not lines:
        raise LoadFailed(f"wrk reported nothing: {report.strip()[-500:]}")
    measured = json.loads(lines[-1])
    return LoadResult(
        requests=measured["requests"],
        seconds=measured["duration"] / 1e6,
        p50=measured["p50"] / 1e3,
        p90=measured["p90"] / 1e3,
        p99=measured["p99"] / 1e3,
        longest=measured["max"] / 1e3,
        failed=measured["failed"],
        broken=measured["broken"],
    )
