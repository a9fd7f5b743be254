"""Answers that come piece by piece, as those of a chat do."""

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.simulated_browser import SimulatedBrowser
from doctor.client.throwaway_account import GET_SESSION
from doctor.clock import BlockingClock
from doctor.findings import CheckResult, CheckSkipped, failed, passed

STREAM = "/api/stream"
_AS_BROWSERS = "gzip, deflate, br"
_PIECEMEAL = 0.3  # seconds between the first event and the last; the server takes 0.8


@check("stream.arrives", "An event stream arrives piece by piece", "session.read")
def arrives(context: CheckContext) -> CheckResult:
    """A proxy that collects the answer makes a chat stand still and then appear all at once."""
    return watch(context.signed_in_browser(), context.clock)


def watch(browser: SimulatedBrowser, clock: BlockingClock) -> CheckResult:
    """Read the stream as this browser, and judge when its events came; raises CheckSkipped."""
    headers = browser.headers("GET", None, {"accept_encoding": _AS_BROWSERS})
    began, moments = clock.monotonic(), []
    with browser.connection.stream("GET", STREAM, headers, None) as (response, _):
        if response.status_code in {404, 429}:
            raise CheckSkipped(f"GET {STREAM} answered {response.status_code}")
        for piece in response.iter_bytes():
            moments += [clock.monotonic() - began] * piece.count(b"data:")
    if response.status_code != 200 or not moments:
        return failed(
            f"GET {STREAM} answered {response.status_code} and {len(moments)} events",
            "Read the server's log at this moment.",
        )
    evidence = f"{len(moments)} events, the first after {moments[0]:.2f} s, the last after "
    evidence += f"{moments[-1]:.2f} s"
    encoding = response.headers.get("content-encoding", "")
    evidence += f", {encoding}" if encoding else ""
    if moments[-1] - moments[0] >= _PIECEMEAL:
        return passed(evidence)
    return failed(
        evidence,
        "Something collects the answer before it passes it on. nginx: `proxy_buffering off`; a "
        "proxy that compresses must leave text/event-stream alone (the server says no-transform).",
    )


@check("stream.plain-json", "Answers about sessions are not compressed on the way", "session.read")
def plain_json(context: CheckContext) -> CheckResult:
    """Compression beside a secret lets its length betray it (BREACH); these answers are short."""
    reply = context.signed_in_browser().send(
        "GET", GET_SESSION, None, {"accept_encoding": _AS_BROWSERS}
    )
    encoding = reply.headers.get("content-encoding", "")
    if not encoding:
        return passed("get-session comes as it is")
    varies = "accept-encoding" in reply.headers.get("vary", "").lower()
    if varies:
        return passed(f"get-session comes as {encoding}, and says that it depends on the caller")
    return failed(
        f"get-session comes as {encoding} without Vary: Accept-Encoding",
        "A proxy compresses and does not say so, which breaks caches: switch compression off "
        "below /api.",
    )


CHECKS = (arrives, plain_json)
