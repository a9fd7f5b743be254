"""The server's clock: sessions, links and codes end by it."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.throwaway_account import fetch_session
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

_NOTICED, _HARMFUL = 5.0, 60.0  # seconds


@check("clock.right", "The server's clock is right", "reach.health")
def right(context: CheckContext) -> CheckResult:
    """A clock that is off ends sessions too early or too late, and breaks one-time codes."""
    ahead = {**_by_date_header(context), **_by_session(context)}
    if not ahead:
        raise CheckSkipped("no answer carries a Date, and no session was made")
    worst = max(ahead.values(), key=abs)
    evidence = ", ".join(f"{name} {seconds:+.1f} s" for name, seconds in ahead.items())
    fix = (
        "Compare both clocks with a time server: it may be this machine's that is wrong. On a "
        "machine of your own let systemd-timesyncd or chrony set it."
    )
    if abs(worst) > _HARMFUL:
        return failed(f"against this machine: {evidence}", fix)
    if abs(worst) > _NOTICED:
        return warned(f"against this machine: {evidence}", fix)
    return passed(f"against this machine: {evidence}")


def _by_date_header(context: CheckContext) -> dict[str, float]:
    reply = context.anonymous_browser().send_once("GET", "/health")
    told = reply.headers.get("date")
    if told is None:
        return {}
    # The header has whole seconds, so half of one is added on average.
    here = context.clock.now().timestamp() - reply.seconds / 2
    return {"Date": parsedate_to_datetime(told).timestamp() + 0.5 - here}


def _by_session(context: CheckContext) -> dict[str, float]:
    made = context.shared.get("session made between")
    found = fetch_session(context.visitor.copy()) if made is not None else None
    if found is None or made is None:
        return {}
    told, (before, after) = datetime.fromisoformat(found["session"]["createdAt"]), made
    # A slow server is not a wrong clock: what counts is how far outside of the two it lies.
    return {"session made": (told - min(max(told, before), after)).total_seconds()}


CHECKS = (right,)
