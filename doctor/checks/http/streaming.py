"""Streamed responses, such as a chat's."""

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.body import iterate_body
from doctor.client.browser import SimulatedBrowser
from doctor.client.throwaway_account import GET_SESSION
from doctor.clock import BlockingClock
from doctor.findings import CheckResult, CheckSkipped, failed, passed

STREAM = "/api/stream"
_BROWSER_ENCODINGS = "gzip, deflate, br"
_MIN_SPREAD = 0.3  # seconds between the first event and the last; the server takes 0.8


@check("stream.arrives", "An event stream arrives piece by piece", "session.read")
def arrives(context: CheckContext) -> CheckResult:
    """Behind a proxy that buffers, a chat stands still and then appears all at once."""
    return check_stream(context.signed_in_browser(), context.clock)


def check_stream(browser: SimulatedBrowser, clock: BlockingClock) -> CheckResult:
    """Read the stream in this browser, and judge when its events arrived; raises CheckSkipped."""
    headers = browser.headers("GET", None, {})
    began, arrivals = clock.monotonic(), []
    with browser.client.stream("GET", STREAM, headers, None) as (response, _):
        if response.status_code in {404, 429}:
            raise CheckSkipped(f"GET {STREAM} answered {response.status_code}")
        for chunk in iterate_body(response):
            arrivals += [clock.monotonic() - began] * chunk.count(b"data:")
    if response.status_code != 200 or not arrivals:
        return failed(
            f"GET {STREAM} answered {response.status_code} with {len(arrivals)} events",
            "Read the server's log for this time.",
        )
    first, last = arrivals[0], arrivals[-1]
    evidence = f"{len(arrivals)} events, the first after {first:.2f} s, the last after {last:.2f} s"
    encoding = response.headers.get("content-encoding", "")
    evidence += f", {encoding}" if encoding else ""
    if last - first >= _MIN_SPREAD:
        return passed(evidence)
    return failed(
        evidence,
        "Switch off buffering in the proxy, which collects the response first (nginx: "
        "`proxy_buffering off`). A proxy that compresses must leave text/event-stream alone (the "
        "server sends no-transform).",
    )


@check("stream.plain-json", "No proxy compresses session responses", "session.read")
def plain_json(context: CheckContext) -> CheckResult:
    """The length of a compressed secret may reveal it (BREACH); these responses are short."""
    reply = context.signed_in_browser().send(
        "GET", GET_SESSION, None, {"accept_encoding": _BROWSER_ENCODINGS}
    )
    encoding = reply.headers.get("content-encoding", "")
    if not encoding:
        return passed("get-session is not compressed")
    if "accept-encoding" in reply.headers.get("vary", "").lower():
        return passed(f"get-session is compressed ({encoding}), with Vary: Accept-Encoding")
    return failed(
        f"get-session is compressed ({encoding}) without Vary: Accept-Encoding",
        "Switch off compression below /api in the proxy: without Vary it breaks caches.",
    )


CHECKS = (arrives, plain_json)
