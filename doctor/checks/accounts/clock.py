"""The server's clock, by which sessions, links and codes expire."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.throwaway_account import SIGN_OUT, fetch_session
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

_SESSION = "session created"
_WARN_ABOVE, _FAIL_ABOVE = 5.0, 60.0  # seconds


@check("clock.right", "The server's clock is right", "reach.api")
def right(context: CheckContext) -> CheckResult:
    """With a wrong clock sessions expire too early or too late, and one-time codes fail."""
    offsets = {**_offset_by_date_header(context), **_offset_by_session(context)}
    if not offsets:
        raise CheckSkipped("no response has a Date header, and no session was created")
    worst = abs(max(offsets.values(), key=abs))
    evidence = ", ".join(f"{name} {seconds:+.1f} s" for name, seconds in offsets.items())
    evidence = f"compared with this machine: {evidence}"
    if worst <= _WARN_ABOVE:
        return passed(evidence)
    return (failed if worst > _FAIL_ABOVE else warned)(evidence, _remedy(offsets))


def _remedy(offsets: dict[str, float]) -> str:
    """Name the clock that is wrong: a proxy writes the Date, the server the session."""
    if abs(offsets.get(_SESSION, _FAIL_ABOVE)) <= _WARN_ABOVE:
        return (
            "Synchronise the clock of the proxy or CDN with a time server: it writes the Date "
            "header. The server's own clock, by which sessions expire, is right."
        )
    return (
        "Compare both clocks with a time server: this machine's may be the wrong one. On your own "
        "server, enable systemd-timesyncd or chrony."
    )


def _offset_by_date_header(context: CheckContext) -> dict[str, float]:
    reply = context.anonymous_browser().send("POST", SIGN_OUT, {})  # which no cache answers
    date = reply.headers.get("date")
    if date is None:
        return {}
    # The header is cut to whole seconds: half a second is missing on average.
    here = context.clock.now().timestamp() - reply.seconds / 2
    return {"Date": parsedate_to_datetime(date).timestamp() + 0.5 - here}


def _offset_by_session(context: CheckContext) -> dict[str, float]:
    interval = context.shared.get("session created between")
    session = fetch_session(context.visitor.copy()) if interval is not None else None
    if session is None or interval is None:
        return {}
    created, (before, after) = datetime.fromisoformat(session["session"]["createdAt"]), interval
    # A slow server is not a wrong clock: only the distance to this interval counts.
    return {_SESSION: (created - min(max(created, before), after)).total_seconds()}


CHECKS = (right,)
