"""Can a stranger find out who has an account, by what is answered or by how long it takes?"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.checks.mail import RESET
from doctor.client.simulated_browser import Reply
from doctor.client.throwaway_account import SIGN_IN, ThrowawayAccount
from doctor.clock import random_hex
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

_EACH = 3  # wrong sign-ins with a known address, and as many with an unknown one
_LEAST_GAP = 0.03  # seconds; what is less, the network does by itself
_TELLS, _HINTS = 0.5, 0.25  # parts of what checking a password costs
_SEEN = "wrong sign-ins"
# Different with every answer, whoever is asked about.
_VARY = {"date", "content-length", "x-request-id", "retry-after", "age", "server-timing"}
_SAME = (
    "The server answers both alike by itself. Look for what answers differently in between: a "
    "proxy's own error page, a firewall that knows names, a hook of your own."
)


@check(
    "enumeration.sign-in",
    "A wrong sign-in does not tell whether the address is known",
    "account.sign-in",
)
def sign_in(context: CheckContext) -> CheckResult:
    """Who knows the names has half of each key (ASVS 6.3.8)."""
    known, unknown = _wrong_sign_ins(context)
    different = _differences(known, unknown)
    if different:
        return failed("; ".join(different), _SAME)
    return passed(f"both {known[0].summary}, with the same headers")


@check(
    "enumeration.sign-in-time",
    "The time of a wrong sign-in does not tell either",
    "account.sign-in",
)
def sign_in_time(context: CheckContext) -> CheckResult:
    """A server that checks no password for unknown addresses answers those sooner."""
    times = _Times.of(context)
    if times.gap_shows:  # three of each may be so by chance, on a busy server often
        _wrong_sign_ins(context, 2 * _EACH)
        times = _Times.of(context)
    if not times.gap_shows:
        noticed = times.least_gap * 1000
        return passed(f"{times.summary}; a gap below {noticed:,.0f} ms would not be noticed here")
    told = failed if times.gap >= _TELLS * times.work else warned
    return told(
        f"{times.summary}: {times.gap * 1000:,.0f} ms apart",
        "Run the doctor again, as a busy server can look like this. If it stays: the server hashes "
        "for unknown addresses too, so something in between answers for it; or users moved in "
        "while it ran, whose hashes it meets at their first sign-in or its next start.",
    )


@check(
    "enumeration.reset", "Asking for a new password does not tell who is known", "account.sign-in"
)
def reset(context: CheckContext) -> CheckResult:
    """The form for forgotten passwords is open to everybody."""
    known = context.anonymous_browser().post(RESET, {"email": context.account.email})
    unknown = context.anonymous_browser().post(RESET, {"email": _nobody()})
    different = _differences([known], [unknown])
    if different:
        return failed("; ".join(different), _SAME)
    if known.status != 200:
        raise CheckSkipped(f"both were answered {known.summary}")
    return passed("both 200, with the same words")


@check(
    "enumeration.sign-up", "Signing up does not tell whether an address is taken", "session.read"
)
def sign_up(context: CheckContext) -> CheckResult:
    """Better Auth tells, and so does Gatehouse unless addresses are verified first."""
    browser, again = context.anonymous_browser(), ThrowawayAccount.generate()
    again.email = context.account.email
    reply = again.sign_up(browser)
    if reply.field("code") == "EMAIL_PASSWORD_SIGN_UP_DISABLED":
        return passed("nobody may sign up here, and everybody is told so")
    if reply.status == 200 and not reply.field("token"):
        return passed("200 for a taken address too")
    if reply.status == 422:
        return warned(
            f"a taken address is answered {reply.summary}",
            "Set REQUIRE_VERIFIED_EMAIL=on if that matters: then signing up answers everybody "
            "alike, and a mail tells the owner. It needs a mailer.",
        )
    if reply.status == 200:
        again.delete(browser)
        return failed(
            f"a taken address was answered {reply.summary}",
            "A second account was made for it, so several servers answer here, each with a "
            "database of its own. Give all of them the same DATABASE_URL.",
        )
    return failed(f"a taken address was answered {reply.summary}", _SAME)


@dataclass(frozen=True)
class _Times:
    """How many seconds the wrong sign-ins took, and the way there and back alone."""

    known: Sequence[float]
    unknown: Sequence[float]
    way: float

    @classmethod
    def of(cls, context: CheckContext) -> "_Times":
        known, unknown = ([reply.seconds for reply in each] for each in _wrong_sign_ins(context))
        asked = (context.anonymous_browser().send_once("GET", "/health") for _ in range(_EACH))
        return cls(known, unknown, statistics.median(reply.seconds for reply in asked))

    @property
    def gap(self) -> float:
        return abs(statistics.median(self.known) - statistics.median(self.unknown))

    @property
    def work(self) -> float:
        """What is left of the longer ones without the way: above all the hash."""
        longer = max(statistics.median(self.known), statistics.median(self.unknown))
        return longer - self.way

    @property
    def least_gap(self) -> float:
        return max(_LEAST_GAP, _HINTS * self.work)

    @property
    def gap_shows(self) -> bool:
        """Tell whether all of one took longer than all of the other, and by how much matters."""
        known, unknown = self.known, self.unknown
        apart = min(known) > max(unknown) or min(unknown) > max(known)
        return apart and self.gap >= self.least_gap

    @property
    def summary(self) -> str:
        return (
            f"known {_ms(self.known)}, unknown {_ms(self.unknown)} (medians of {len(self.known)}); "
            f"the way alone takes {self.way * 1000:,.0f} ms"
        )


def _wrong_sign_ins(context: CheckContext, each: int = _EACH) -> tuple[list[Reply], list[Reply]]:
    """Sign in wrongly, in turns, so that a slow minute hits both alike, until there are `each`."""
    if _SEEN not in context.shared:
        # The check of the limits has just made one: each more may cost ten seconds of waiting.
        first = context.shared.get("a stranger's sign-in")
        context.shared[_SEEN] = ([], [first] if first else [])
    found: tuple[list[Reply], list[Reply]] = context.shared[_SEEN]
    known, unknown = found
    nobody = _nobody()
    while len(known) < each:
        context.report_progress(
            f"signing in wrongly, known and unknown, {len(known) + 1} of {each}"
        )
        known.append(_wrong(context, context.account.email))
        if len(unknown) < each:
            unknown.append(_wrong(context, nobody))
    return found


def _wrong(context: CheckContext, email: str) -> Reply:
    return context.anonymous_browser().post(
        SIGN_IN, {"email": email, "password": f"Pw-{random_hex(24)}"}
    )


def _nobody() -> str:
    return f"nobody-{random_hex(12)}@example.com"


def _differences(known: Sequence[Reply], unknown: Sequence[Reply]) -> list[str]:
    """Say what is so in every answer about a known address and in none about an unknown one."""
    of_known, of_unknown = list(map(_traits, known)), list(map(_traits, unknown))
    told = {
        "a known address": _in_each_of(of_known, and_in_none_of=of_unknown),
        "an unknown one": _in_each_of(of_unknown, and_in_none_of=of_known),
    }
    return [
        f"only {whose}: {', '.join(sorted(traits))}" for whose, traits in told.items() if traits
    ]


def _in_each_of(these: list[set[str]], *, and_in_none_of: list[set[str]]) -> set[str]:
    return set.intersection(*these).difference(*and_in_none_of)


def _traits(reply: Reply) -> set[str]:
    said = reply.json()
    words = {f"{name} {said[name]!r}" for name in said} if isinstance(said, dict) else set()
    headers = {f"the header {name}" for name in set(reply.headers) - _VARY}
    cookies = {f"the cookie {cookie.name}" for cookie in reply.cookies}
    return {f"status {reply.status}", *words, *headers, *cookies}


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:,.0f} ms"


CHECKS = (sign_in, sign_in_time, reset, sign_up)
