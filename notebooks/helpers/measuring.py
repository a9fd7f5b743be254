"""Timed requests, one after the other or concurrent."""

import http.client
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import httpx
import pandas as pd

from doctor.clock import SystemBlockingClock

_CLOCK = SystemBlockingClock()


def probe(browser: httpx.Client, path: str, times: int) -> pd.DataFrame:
    """Request a path `times` times, one after the other: `at` in seconds, `ms`, `status`.

    `ms` includes the whole body. The first request also opens the connection.
    """
    rows = []
    began = _CLOCK.monotonic()
    for _ in range(times):
        sent = _CLOCK.monotonic()
        response = browser.get(path)
        took = _CLOCK.monotonic() - sent
        row = {"path": path, "at": sent - began, "ms": took * 1000}
        rows.append({**row, "status": response.status_code})
    return pd.DataFrame(rows)


def call_until_limited(browser: httpx.Client, path: str, *, at_most: int) -> pd.DataFrame:
    """Call until a rate limit answers 429, `at_most` times, and on until it accepts calls again.

    The rows are `at` in seconds, `status`, and `wait`: the seconds in Retry-After, else 0.
    """
    rows: list[dict[str, float]] = []
    began = _CLOCK.monotonic()
    # A client without retries, which would wait for the limit.
    own: dict[str, Any] = {"base_url": browser.base_url, "cookies": browser.cookies, "timeout": 30}
    with httpx.Client(transport=httpx.HTTPTransport(), **own) as client:

        def call() -> bool:
            response = client.get(path)
            retry_after = response.headers.get("retry-after", "")
            wait = int(retry_after) if retry_after.isdecimal() else 0
            at = _CLOCK.monotonic() - began
            rows.append({"at": at, "status": response.status_code, "wait": wait})
            return response.status_code != 429

        while len(rows) < at_most and call():
            pass
        wait = rows[-1]["wait"]
        if wait:
            print(f"429 after {len(rows) - 1} calls. Calling for {wait} s until it accepts again.")
        opens = _CLOCK.monotonic() + wait
        while rows[-1]["status"] == 429 and (left := opens - _CLOCK.monotonic()) > 0:
            _CLOCK.wait(min(wait / 20, left + 0.1))
            call()
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Caller:
    """A caller, and text that every correct response to it contains."""

    path: str
    expects: str
    cookie: str = field(default="", repr=False)


def load(base_url: str, callers: Sequence[Caller], *, at_once: int, requests: int) -> pd.DataFrame:
    """Send `requests` from `at_once` concurrent connections, each taking the `callers` in turn.

    The rows are `ms`, `status`, and whether the response was `right`: 200, and that caller's own.
    Uses http.client, because httpx takes longer for a request than the server.
    """
    together = Barrier(at_once)
    shares = [requests // at_once + (n < requests % at_once) for n in range(at_once)]

    def send_share(n: int) -> list[dict[str, object]]:
        connection = _connection(base_url)
        turns = [callers[(n + turn) % len(callers)] for turn in range(shares[n])]
        try:
            connection.connect()
            together.wait(timeout=60)
            return [_send_request(connection, caller) for caller in turns]
        finally:
            connection.close()

    with ThreadPoolExecutor(at_once) as threads:
        rows = [row for rows in threads.map(send_share, range(at_once)) for row in rows]
    answers = pd.DataFrame(rows)
    return answers.assign(path=callers[0].path, at_once=at_once)


def summarize_load(answers: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each path and number of callers: percentiles, and responses a second."""
    groups = answers.groupby(["path", "at_once"], sort=False)
    good = answers[answers["right"]].groupby(["path", "at_once"])["ms"]
    numbers = good.quantile([0.5, 0.95, 0.99]).unstack().add_prefix("p")
    numbers.columns = ["p50", "p95", "p99"]
    seconds = groups["ended"].max() - groups["began"].min()
    numbers["a second"] = good.size() / seconds
    numbers["refused"] = groups["status"].agg(lambda status: int((status == 429).sum()))
    return numbers.reindex(list(answers["path"].unique()), level="path").reset_index()


def _connection(base_url: str) -> http.client.HTTPConnection:
    parts = urlsplit(base_url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=30)


def _send_request(connection: http.client.HTTPConnection, caller: Caller) -> dict[str, object]:
    headers = {"cookie": caller.cookie} if caller.cookie else {}
    began = _CLOCK.monotonic()
    connection.request("GET", caller.path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode(errors="replace")
    ended = _CLOCK.monotonic()
    right = answer.status == 200 and caller.expects in body
    return {
        "began": began,
        "ended": ended,
        "ms": (ended - began) * 1000,
        "status": answer.status,
        "right": right,
    }
