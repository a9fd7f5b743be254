"""The rate limit of signing in: reached, told in its headers, and over again."""

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.simulated_browser import Reply
from doctor.client.throwaway_account import SIGN_IN
from doctor.clock import random_hex
from doctor.findings import CheckResult, CheckSkipped, Verdict, failed, passed, warned

_AT_MOST = 12  # attempts; the limit is 3 in 10 seconds
_EXPECTED = 4


@check("limits.reached", "Who keeps guessing passwords is stopped", "reach.ready", "reach.api")
def reached(context: CheckContext) -> CheckResult:
    """Without a limit, guessing costs nothing."""
    for attempt in range(1, _AT_MOST + 1):
        context.report_progress(f"guessing a password, attempt {attempt}")
        reply = _guess(context)
        if reply.status == 429:
            context.shared["limited"] = reply
            return _told_after(attempt)
    if reply.status != 401:  # who answers in the server's place does not count for it
        raise CheckSkipped(f"a wrong password was answered {reply.summary}, not 401")
    return failed(
        f"{_AT_MOST} wrong passwords in a row, and none was one too many",
        "Set RATE_LIMITS=on. With several replicas set REDIS_URL, so that they count together.",
    )


@check("limits.told", "A refusal says when to come back", "limits.reached")
def told(context: CheckContext) -> CheckResult:
    """Better Auth's client reads X-Retry-After, all others Retry-After (RFC 9110, 10.2.3)."""
    reply: Reply = context.shared["limited"]
    lacking = [name for name in ("retry-after", "x-retry-after") if not _seconds(reply, name)]
    if lacking:
        return failed(
            f"429 without {' and '.join(lacking)}", "A proxy takes them away: let it pass them on."
        )
    if not isinstance(reply.field("message"), str):
        return failed("429 without a message in JSON", "A proxy puts a page of its own there.")
    return passed(f"429, Retry-After: {reply.headers['retry-after']}, and a message")


@check("limits.over", "After that time it lets in again", "limits.told")
def over(context: CheckContext) -> CheckResult:
    """A limit that never ends locks people out."""
    reply: Reply = context.shared["limited"]
    context.server.wait_before_retry(reply)
    after = _guess(context)
    if after.status == 429:  # by another replica, perhaps, whose window began later
        context.server.wait_before_retry(after)
        after = _guess(context)
    if after.status == 429 and context.verdicts.get("clock.right") is Verdict.FAIL:
        raise CheckSkipped("it needs clock.right: by a wrong clock it says a wrong time")
    if after.status == 429:
        return failed(
            f"still refused after {reply.headers['retry-after']} s",
            "Do replicas disagree about the time? Compare their clocks.",
        )
    context.shared["a stranger's sign-in"] = after
    return passed(f"answered {after.status} after {reply.headers['retry-after']} s")


def _guess(context: CheckContext) -> Reply:
    said = {"email": f"nobody-{random_hex(12)}@example.com", "password": random_hex(16)}
    return context.anonymous_browser().send_once("POST", SIGN_IN, said)


def _told_after(attempt: int) -> CheckResult:
    if attempt <= _EXPECTED:
        return passed(f"refused at attempt {attempt}")
    return warned(
        f"refused only at attempt {attempt}; {_EXPECTED} would be usual",
        "Several replicas count for themselves: set REDIS_URL.",
    )


def _seconds(reply: Reply, header: str) -> bool:
    return str(reply.headers.get(header, "")).isdecimal()


CHECKS = (reached, told, over)
