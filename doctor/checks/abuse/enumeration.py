"""Account enumeration: by responses, or by how long they take."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.checks.mail import RESET
from doctor.client.browser import Reply
from doctor.client.throwaway_account import SIGN_IN, ThrowawayAccount, unknown_email
from doctor.clock import random_hex
from doctor.findings import CheckResult, CheckSkipped, Verdict, failed, passed, warned

_SAMPLES = 3  # failed sign-ins with a known address, and as many with an unknown one
_MIN_GAP = 0.03  # seconds; the network alone causes smaller ones
_FAIL_SHARE, _WARN_SHARE = 0.5, 0.25  # of the time that checking a password takes
_SHARED = "failed sign-ins"
# These vary from response to response for the same address too.
_VARYING = {"date", "content-length", "x-request-id", "retry-after", "age", "server-timing"}
_ANSWER_ALIKE = (
    "Make a proxy's error page, a firewall rule or your own hook answer both alike: one of them "
    "tells known addresses from unknown ones, which the server itself does not."
)


@check(
    "enumeration.sign-in",
    "A failed sign-in does not reveal whether the account exists",
    "account.sign-in",
    "reach.errors",
)
def sign_in(context: CheckContext) -> CheckResult:
    """Knowing who has an account is half of a stolen login (ASVS 6.3.8)."""
    known, unknown = _failed_sign_ins(context)
    different = _differences(known, unknown)
    if different:
        return failed("; ".join(different), _ANSWER_ALIKE)
    return passed(f"both {known[0].summary}, with the same headers")


@check(
    "enumeration.sign-in-time",
    "The time of a failed sign-in does not reveal it either",
    "account.sign-in",
    "reach.errors",
)
def sign_in_time(context: CheckContext) -> CheckResult:
    """A server that hashes no password for unknown addresses answers those sooner."""
    times = _Timings.of(context)
    if times.is_gap_clear:  # chance, often, with three samples on a busy server: take more
        _failed_sign_ins(context, 2 * _SAMPLES)
        times = _Timings.of(context)
    if not times.is_gap_clear:
        smallest = max(times.noticeable_gap, times.noise)
        limit = f"gaps below {smallest * 1000:,.0f} ms cannot be measured here"
        if smallest >= times.quickest_server_time:
            raise CheckSkipped(
                f"could not tell: {limit}, and a password takes no longer ({times.summary})"
            )
        return passed(f"{times.summary}; {limit}")
    result = failed if times.gap >= _FAIL_SHARE * times.server_time else warned
    return result(
        f"{times.summary}: {times.gap * 1000:,.0f} ms apart",
        "Run the doctor again: a busy server can look like this. If the gap stays, let the proxy "
        "pass every sign-in on, for the server hashes a password for unknown addresses too. After "
        "an import of users, restart the server, so that it learns the cost of their hashes.",
    )


@check(
    "enumeration.reset",
    "A password reset does not reveal whether the account exists",
    "account.sign-in",
    "reach.errors",
)
def reset(context: CheckContext) -> CheckResult:
    """Anybody can request a password reset."""
    known = context.anonymous_browser().post(RESET, {"email": context.account.email})
    unknown = context.anonymous_browser().post(RESET, {"email": unknown_email()})
    different = _differences([known], [unknown])
    if different:
        return failed("; ".join(different), _ANSWER_ALIKE)
    if known.status != 200:
        raise CheckSkipped(f"both requests answered {known.summary}")
    return passed("both 200, with the same body")


@check(
    "enumeration.sign-up",
    "Signing up does not reveal whether an address is taken",
    "session.read",
    "reach.errors",
)
def sign_up(context: CheckContext) -> CheckResult:
    """Better Auth reveals it, and so does Gatehouse unless addresses must be verified."""
    browser, again = context.anonymous_browser(), ThrowawayAccount.generate()
    again.email = context.account.email
    reply = again.sign_up(browser)
    if reply.field("code") == "EMAIL_PASSWORD_SIGN_UP_DISABLED":
        return passed("SIGN_UP=off: every address gets the same refusal")
    if reply.status == 200 and not reply.field("token"):
        return passed("200 for a taken address too")
    if reply.status == 422:
        return warned(
            f"signing up with a taken address answered {reply.summary}",
            "Set REQUIRE_VERIFIED_EMAIL=on if that matters: signing up then answers alike, and the "
            "owner gets a mail. It needs a mailer.",
        )
    if reply.status == 200:
        again.delete(browser)
        return failed(
            f"signing up with a taken address answered {reply.summary}",
            "Set the same DATABASE_URL on all replicas: a second account was created for the "
            "address, so they have separate databases.",
        )
    return failed(f"signing up with a taken address answered {reply.summary}", _ANSWER_ALIKE)


@dataclass(frozen=True)
class _Timings:
    """How many seconds the failed sign-ins took, and what the network takes of that."""

    known: Sequence[float]
    unknown: Sequence[float]
    network_time: float

    @classmethod
    def of(cls, context: CheckContext) -> "_Timings":
        known, unknown = ([reply.seconds for reply in each] for each in _failed_sign_ins(context))
        health = (context.anonymous_browser().send_once("GET", "/health") for _ in range(_SAMPLES))
        return cls(known, unknown, statistics.median(reply.seconds for reply in health))

    @property
    def gap(self) -> float:
        return abs(statistics.median(self.known) - statistics.median(self.unknown))

    @property
    def server_time(self) -> float:
        """What the slower ones take without the network: mostly the hash."""
        longer = max(statistics.median(self.known), statistics.median(self.unknown))
        return longer - self.network_time

    @property
    def quickest_server_time(self) -> float:
        """The same of the quickest: what a busy line adds is no part of the hash."""
        return max(min(self.known), min(self.unknown)) - self.network_time

    @property
    def noticeable_gap(self) -> float:
        """The smallest gap that is not chance.

        A busy line only adds time, so how far apart the two quickest are shows how much.
        """
        return max(_MIN_GAP, _WARN_SHARE * self.server_time)

    @property
    def noise(self) -> float:
        """How far apart the two quickest of a kind are: a busy line only adds time."""
        return max(second - first for first, second, *_ in map(sorted, (self.known, self.unknown)))

    @property
    def is_gap_clear(self) -> bool:
        """Tell whether all of one kind took longer than all of the other, by a gap that matters."""
        known, unknown = self.known, self.unknown
        apart = min(known) > max(unknown) or min(unknown) > max(known)
        return apart and self.gap >= self.noticeable_gap

    @property
    def summary(self) -> str:
        return (
            f"known {_ms(self.known)}, unknown {_ms(self.unknown)} (medians of {len(self.known)}); "
            f"of that the network {self.network_time * 1000:,.0f} ms"
        )


def _failed_sign_ins(
    context: CheckContext, each: int = _SAMPLES
) -> tuple[list[Reply], list[Reply]]:
    """Fail to sign in alternately, so that a slow minute hits both, until there are `each`."""
    if context.verdicts.get("limits.told") is Verdict.FAIL:
        raise CheckSkipped("needs limits.told: without Retry-After it cannot wait for the limit")
    if _SHARED not in context.shared:
        # Reuse the sign-in of `limits.over`: another one may have to wait ten seconds.
        first = context.shared.get("failed sign-in")
        context.shared[_SHARED] = ([], [first] if first else [])
    known, unknown = context.shared[_SHARED]
    stranger = unknown_email()
    while len(known) < each:
        attempt = f"{len(known) + 1} of {each}"
        context.report_progress(f"failing to sign in, known and unknown, {attempt}")
        known.append(_sign_in_wrongly(context, context.account.email))
        if len(unknown) < each:
            unknown.append(_sign_in_wrongly(context, stranger))
    return known, unknown


def _sign_in_wrongly(context: CheckContext, email: str) -> Reply:
    payload = {"email": email, "password": f"Pw-{random_hex(24)}"}
    return context.anonymous_browser().post(SIGN_IN, payload)


def _differences(known: Sequence[Reply], unknown: Sequence[Reply]) -> list[str]:
    """Describe what all responses for one kind of address have and none for the other kind has."""
    of_known, of_unknown = list(map(_traits, known)), list(map(_traits, unknown))
    differences = {
        "a known address": _in_each_of(of_known, and_in_none_of=of_unknown),
        "an unknown one": _in_each_of(of_unknown, and_in_none_of=of_known),
    }
    found = {whose: ", ".join(sorted(traits)) for whose, traits in differences.items() if traits}
    return [f"only {whose}: {traits}" for whose, traits in found.items()]


def _in_each_of(these: list[set[str]], *, and_in_none_of: list[set[str]]) -> set[str]:
    return set.intersection(*these).difference(*and_in_none_of)


def _traits(reply: Reply) -> set[str]:
    body = reply.json()
    fields = {f"{name} {body[name]!r}" for name in body} if isinstance(body, dict) else set()
    headers = {f"the header {name}" for name in set(reply.headers) - _VARYING}
    cookies = {f"the cookie {cookie.name}" for cookie in reply.cookies}
    return {f"status {reply.status}", *fields, *headers, *cookies}


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:,.0f} ms"


CHECKS = (sign_in, sign_in_time, reset, sign_up)
