"""The rate limit of signing in: that it is reached, announced in headers, and lifted."""

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.browser import Reply, is_short_number
from doctor.client.throwaway_account import SIGN_IN, unknown_email
from doctor.clock import random_hex
from doctor.findings import CheckResult, CheckSkipped, Verdict, failed, passed, warned

_MAX_ATTEMPTS = 12  # attempts; the limit is 3 in 10 seconds
_USUAL_ATTEMPTS = 4


@check("limits.reached", "Password guessing is rate limited", "reach.ready", "reach.errors")
def reached(context: CheckContext) -> CheckResult:
    """Without a limit, guessing costs nothing."""
    attempt, reply = _guess_until_refused(context)
    if reply.status == 429 and attempt > _USUAL_ATTEMPTS:
        # Perhaps a window that an earlier sign-in had opened ended meanwhile; now none is open.
        # Fewer attempts than usual would mean that one is, on a replica that counts for itself.
        context.server.wait_before_retry(reply)
        again, reply = _guess_until_refused(context)
        attempt = again if again >= _USUAL_ATTEMPTS else attempt
    if reply.status == 429:
        context.shared["limited"] = reply
        return _judge_attempt(attempt)
    if reply.status != 401:  # something answers in the server's place
        raise CheckSkipped(f"a wrong password answered {reply.summary}, not 401")
    return failed(
        f"none of {_MAX_ATTEMPTS} wrong passwords in a row was rate limited",
        "Set RATE_LIMITS=on and, with several replicas, REDIS_URL, so that they count together.",
    )


@check("limits.told", "A rate-limited response says when to retry", "limits.reached")
def retry_after(context: CheckContext) -> CheckResult:
    """Better Auth's client reads X-Retry-After, all others Retry-After (RFC 9110, 10.2.3)."""
    reply: Reply = context.shared["limited"]
    lacking = [name for name in ("retry-after", "x-retry-after") if not _has_seconds(reply, name)]
    if lacking:
        return failed(
            f"429 without {' and '.join(lacking)}", "Let the proxy pass these headers on."
        )
    if not isinstance(reply.field("message"), str):
        return failed("429 without a JSON message", "Let the proxy pass the body on.")
    return passed(f"429, Retry-After: {reply.headers['retry-after']}, and a message")


@check("limits.over", "After that time sign-in works again", "limits.told")
def lifted(context: CheckContext) -> CheckResult:
    """A limit that never ends locks users out."""
    reply: Reply = context.shared["limited"]
    context.server.wait_before_retry(reply)
    after = _guess(context)
    if after.status == 429:  # perhaps from another replica, whose window began later
        context.server.wait_before_retry(after)
        after = _guess(context)
    if after.status == 429 and context.verdicts.get("clock.right") is Verdict.FAIL:
        raise CheckSkipped("needs clock.right: a wrong clock makes Retry-After wrong")
    if after.status == 429:
        return failed(
            f"still 429 after {reply.headers['retry-after']} s",
            "Synchronise the clocks of all replicas with a time server.",
        )
    context.shared["failed sign-in"] = after
    return passed(f"answered {after.status} after {reply.headers['retry-after']} s")


def _guess_until_refused(context: CheckContext) -> tuple[int, Reply]:
    """Guess until the limit is reached, at most so often; returns the last attempt, its reply."""
    for attempt in range(1, _MAX_ATTEMPTS + 1):
        context.report_progress(f"guessing a password, attempt {attempt}")
        reply = _guess(context)
        if reply.status == 429:
            break
    return attempt, reply


def _guess(context: CheckContext) -> Reply:
    payload = {"email": unknown_email(), "password": random_hex(16)}
    return context.anonymous_browser().send_once("POST", SIGN_IN, payload)


def _judge_attempt(attempt: int) -> CheckResult:
    if attempt <= _USUAL_ATTEMPTS:
        return passed(f"429 at attempt {attempt}")
    return warned(
        f"429 only at attempt {attempt}, usually at {_USUAL_ATTEMPTS}",
        "Set REDIS_URL, so that all replicas count together.",
    )


def _has_seconds(reply: Reply, header: str) -> bool:
    return is_short_number(str(reply.headers.get(header, "")))


CHECKS = (reached, retry_after, lifted)
