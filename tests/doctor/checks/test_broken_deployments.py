"""Deployments that are wrong in one way each, seen by the doctor, which must name that one way."""

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest

from doctor import Deployment, examine
from doctor.clock import SystemBlockingClock
from doctor.selection import select_checks
from tests.rig import shared
from tests.rig.authority import Authority
from tests.rig.broken_deployments import (
    RIGHT,
    UNUSUAL,
    WRONG,
    WRONG_AT_THE_SECOND_STEP,
    WRONG_BESIDES_THE_PASSWORD,
    DeploymentCase,
    run_deployment,
)
from tests.rig.careless_proxies import BusyOnce
from tests.rig.faulty_proxies import BreaksAfterRevocation

ALL = (*RIGHT, *WRONG, *UNUSUAL, *WRONG_AT_THE_SECOND_STEP, *WRONG_BESIDES_THE_PASSWORD)
# Measured times prove nothing while all of these are examined at once.
TIMED = {"enumeration.sign-in-time", "reach.latency"}
CAUSE = re.compile(r"needs ([a-z-]+\.[a-z-]+)")
KNOWN_WARNINGS = {"enumeration.sign-up"}
# Every server runs in this one process.
TIMEOUT = 120  # seconds


class ClockBehind(SystemBlockingClock):
    """The doctor's own clock, behind the server's."""

    def __init__(self, behind: timedelta) -> None:
        self._behind = behind

    def now(self):
        return super().now() - self._behind


def list_accounts(running):
    """Who is in the databases of a deployment."""
    emails = []
    for path in running.databases:
        with closing(sqlite3.connect(path)) as database:
            emails += [email for (email,) in database.execute("SELECT email FROM users")]
    return emails


def build_deployment(running, authority):
    """The deployment as the doctor is given it."""
    return Deployment(
        running.url, ca_file=str(authority.ca_file), address=running.address, timeout=TIMEOUT
    )


def examine_broken(broken, folder, authority):
    """All that is found about one deployment, and which accounts are left in it."""
    with run_deployment(broken, folder, authority) as running:
        deployment = build_deployment(running, authority)
        checks = tuple(each for each in select_checks(deployment) if each.name not in TIMED)
        steps: list[str] = []
        findings = list(
            examine(
                deployment, on_progress=steps.append, checks=checks, clock=ClockBehind(broken.ahead)
            )
        )
        outcomes = {each.check: [each.verdict.value, each.evidence, each.fix] for each in findings}
        waits = [each for each in steps if each.startswith("waiting")]
        return {"outcomes": outcomes, "accounts": list_accounts(running), "waits": waits}


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    """Every deployment examined, at the same time: an examination is mostly waiting."""

    def examine_all():
        folder = tmp_path_factory.mktemp("deployments")
        authority = Authority(folder)
        with ThreadPoolExecutor(len(ALL)) as pool:
            futures = [
                pool.submit(examine_broken, each, folder / str(number), authority)
                for number, each in enumerate(ALL)
            ]
            return {each.name: future.result() for each, future in zip(ALL, futures, strict=True)}

    return shared.once("broken-deployments", examine_all)


def verdicts_of(findings, name):
    return {check: outcome[0] for check, outcome in findings[name]["outcomes"].items()}


def checks_with(findings, name, verdict):
    return {check for check, actual in verdicts_of(findings, name).items() if actual == verdict}


def test_where_all_is_right_nothing_fails_and_each_warning_is_known(findings):
    for right in RIGHT:
        assert checks_with(findings, right.name, "fail") == set()
        assert checks_with(findings, right.name, "warn") == KNOWN_WARNINGS
    assert verdicts_of(findings, "right, with short sessions")["protection.expired"] == "pass"


@pytest.mark.parametrize("name", ["right", "right, over https"])
def test_it_waits_three_times_for_the_limit_of_signing_in(findings, name):
    """Each sign-in that it makes without need may cost a fourth wait."""
    assert len(findings[name]["waits"]) <= 3


def test_the_right_check_fails_and_no_other(findings):
    failed = {each.name: checks_with(findings, each.name, "fail") for each in ALL}
    assert failed == {each.name: set(each.fails) for each in ALL}


def test_every_other_check_is_made_or_says_what_it_lacks(findings):
    """As where all is right, or skipped with the name of the check that failed behind it."""
    unexpected = {
        f"{each.name}: {check}": outcome
        for each in ALL[len(RIGHT) :]
        for check, outcome in findings[each.name]["outcomes"].items()
        if outcome[0] != expected_verdict(each, findings, check)
        and not is_explained(each, findings, check)
    }
    assert unexpected == {}


def expected_verdict(broken, findings, check):
    if check in broken.fails:
        return "fail"
    return "warn" if check in broken.warns else verdicts_of(findings, broken.right)[check]


def is_explained(broken, findings, check):
    """Whether a skipped check names another, and that one a third, up to one that failed."""
    outcomes = findings[broken.name]["outcomes"]
    if check == "account.deleted" and outcomes["account.sign-up"][0] in {"skipped", "fail"}:
        return outcomes[check][1] == "no account was created"
    if check == "ways.passkeys" and broken.public:  # a domain, which the others have not
        return outcomes[check][0] == "pass"
    while outcomes[check][0] == "skipped":
        cause = CAUSE.match(outcomes[check][1])
        if cause is None:
            return False
        check = cause[1]
        if check in broken.fails:
            return True
    return False


def test_whatever_is_not_right_has_a_fix(findings):
    without = [
        (each.name, check)
        for each in ALL
        for check, (verdict, _, fix) in findings[each.name]["outcomes"].items()
        if (verdict in {"warn", "fail"}) != bool(fix)
    ]
    assert without == []


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("Secure stripped", "Let the proxy keep Secure in Set-Cookie"),
        ("no HSTS", "Let the proxy pass this header on"),
        ("every site trusted", "Name your app's own origin in FRONTEND_URL"),
        ("foreign Origin accepted", "Let the proxy pass the Origin header on unchanged"),
        ("CORS for everyone", "Remove the Access-Control headers that a proxy or CDN adds"),
        ("Allow-Origin twice", "Remove the Access-Control headers that the proxy or CDN adds"),
        ("Origin dropped", "Let the proxy pass the Origin header on: it takes it away"),
        ("clock slow by its Date", "Synchronise the clock of the proxy"),
        ("clock slow", "Compare both clocks with a time server"),
        ("health cached", "Switch off caching"),
        ("get-session cached", "Switch off caching below /api"),
        ("cookies in lower case", "it changes the cookie's value"),
        ("Cookie dropped", "Let the proxy pass the Cookie header on"),
        ("cookie path rewritten", "Let the proxy leave Path in Set-Cookie alone"),
        ("Domain added", "Let the proxy leave Domain in Set-Cookie alone"),
        ("mailed codes blocked", "pass every path below /api/auth on"),
        ("the cookies of further accounts dropped", "pass every Set-Cookie and Cookie header on"),
        ("the captcha's token dropped", "Let the proxy pass the header x-captcha-response on"),
        ("the captcha's provider out of reach", "Let the server reach the provider"),
        ("query strings dropped", "Let the proxy pass query strings on"),
        ("Authorization dropped", "Let the proxy pass the Authorization header on"),
        ("errors as pages", "Let the proxy pass errors below /api on"),
        ("compressed twice", "Compress in one place only"),
        ("a password in front", "Switch off the proxy's own password"),
        ("a page in front of everything", "Gatehouse sends no page here"),
        ("a slash added by redirect", "without a redirect that adds a slash"),
        ("verify-totp blocked", "Let the proxy or firewall pass requests below /api/auth/two-"),
        ("the second step is never asked for", "Update the server, and report this"),
        ("the second step's cookie dropped", "pass the cookie better-auth.two_factor on"),
        ("the second step's cookie renamed", "better-auth.two_factor on, under this name"),
        ("the second step's cookie readable by scripts", "leave the attributes of better-auth.two"),
        ("every code accepted", "Let nothing in between change the body of a request"),
        ("the session's cookie dropped after the code", "Let the proxy pass Set-Cookie on"),
        ("the trusted browser's cookie dropped", "pass the cookie better-auth.trust_device on"),
        ("disable blocked", "Let the proxy or firewall pass requests below /api/auth/two-factor"),
    ],
)
def test_the_remedy_names_the_setting_or_the_act_of_the_proxy(findings, name, remedy):
    (case,) = [each for each in ALL if each.name == name]
    (failed,) = case.fails
    assert remedy in findings[name]["outcomes"][failed][2]


def test_no_account_is_left_behind(findings):
    assert {each.name: findings[each.name]["accounts"] for each in ALL} == {
        each.name: [] for each in ALL
    }


@pytest.fixture
def unlimited_deployment(tmp_path):
    """A deployment whose examination waits for no limit."""
    authority = Authority(tmp_path)
    unlimited = DeploymentCase("unlimited", settings={"rate_limits": False})
    with run_deployment(unlimited, tmp_path / "data", authority) as running:
        yield running, build_deployment(running, authority)


@pytest.mark.parametrize("last", ["account.sign-up", "session.sign-out", "limits.reached"])
def test_who_stops_listening_leaves_no_account(unlimited_deployment, last):
    running, deployment = unlimited_deployment
    cleanups = []
    with closing(examine(deployment, on_early_cleanup=cleanups.append)) as examination:
        next(each for each in examination if each.check == last)
        assert len(list_accounts(running)) == 1
    assert list_accounts(running) == []
    assert [each.verdict.value for each in cleanups] == ["pass"]


@pytest.mark.parametrize("steps", ["Signing in sets the session", "An event stream arrives"])
def test_a_listener_that_fails_leaves_no_account(unlimited_deployment, steps):
    running, deployment = unlimited_deployment

    def on_progress(text):
        if text.startswith(steps):
            raise BrokenPipeError(text)

    with pytest.raises(BrokenPipeError):
        list(examine(deployment, on_progress=on_progress))
    assert list_accounts(running) == []


def test_a_listener_that_fails_while_it_waits_leaves_no_account(tmp_path):
    authority = Authority(tmp_path)

    def on_progress(text):
        if text.startswith("waiting"):
            raise KeyboardInterrupt

    with run_deployment(DeploymentCase("limited"), tmp_path / "data", authority) as running:
        with pytest.raises(KeyboardInterrupt):
            list(examine(build_deployment(running, authority), on_progress=on_progress))
        assert list_accounts(running) == []


def test_who_stops_at_the_limit_of_signing_in_does_not_wait_for_it(tmp_path):
    """The sessions that are there delete the account: nobody has to sign in again."""
    authority, steps = Authority(tmp_path), []
    with run_deployment(DeploymentCase("limited"), tmp_path / "data", authority) as running:
        examination = examine(build_deployment(running, authority), on_progress=steps.append)
        with closing(examination):
            next(each for each in examination if each.check == "limits.reached")
        assert list_accounts(running) == []
    assert [each for each in steps if each.startswith("waiting")] == []


def test_where_signing_up_gives_no_session_it_signs_in(tmp_path):
    authority = Authority(tmp_path)
    settings = {"rate_limits": False, "sign_in_after_sign_up": False}
    with run_deployment(
        DeploymentCase("apart", settings=settings), tmp_path / "data", authority
    ) as running:
        deployment = build_deployment(running, authority)
        checks = select_checks(deployment, ["session.read", "cookies"])
        findings = list(examine(deployment, checks=checks))
        assert list_accounts(running) == []
    assert {each.verdict.value for each in findings} == {"pass"}


class ImpatientClock(SystemBlockingClock):
    """Waits for nothing."""

    def wait(self, seconds: float) -> None:
        pass


def test_who_stops_sees_what_the_clean_up_waits_for(tmp_path):
    authority, steps = Authority(tmp_path), []
    busy = DeploymentCase("busy", behaviour=BusyOnce, settings={"rate_limits": False})
    with run_deployment(busy, tmp_path / "data", authority) as running:
        deployment = build_deployment(running, authority)
        examination = examine(deployment, on_progress=steps.append, clock=ImpatientClock())
        with closing(examination):
            next(each for each in examination if each.check == "session.read")
            steps.clear()
        assert list_accounts(running) == []
    assert steps[-1] == "waiting 7 s for a busy server"


def test_a_server_that_breaks_on_the_way_is_named_once(tmp_path):
    authority = Authority(tmp_path)
    with run_deployment(
        DeploymentCase("breaking", behaviour=BreaksAfterRevocation), tmp_path / "data", authority
    ) as running:
        findings = {each.check: each for each in examine(build_deployment(running, authority))}
    failed = {name for name, each in findings.items() if each.verdict == "fail"}
    assert failed == {"session.revoked-at-once", "account.deleted"}
    assert findings["stream.arrives"].evidence == (
        "needs session.revoked-at-once, after which the server stopped responding"
    )
