"""Servers that tell who has an account, by words or by time, and the one that does not."""

import itertools
import json
import threading

import pytest

from doctor.client.throwaway_account import SIGN_IN
from tests.doctor.run_checks import QUICK, WITH_ADMIN, outcome_of, run_checks
from tests.doctor.scripted_proxy import make_response
from tests.rig.space import Space

RESET = "/api/auth/request-password-reset"
SIGN_UP = "/api/auth/sign-up/email"
SLOW = 0.4  # seconds: far above what a busy machine adds


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """A server that proxies on this machine may stand in front of."""
    settings = {**QUICK, "FRONTEND_URL": "http://127.0.0.1:*"}
    with Space(tmp_path_factory.mktemp("space"), settings) as running:
        yield running


def is_known(request):
    """Whether a request names the throw-away account."""
    return b"doctor-" in request.body


def is_wrong_sign_in(request, response):
    return request.path == SIGN_IN and response.status == 401


def test_a_server_as_it_is_tells_by_signing_up_alone(space):
    findings = run_checks(space.url, "enumeration")
    verdicts = {name: each.verdict for name, each in findings.items() if "enumeration" in name}
    assert verdicts.pop("enumeration.sign-in-time") in {"pass", "skipped"}  # on a busy machine
    assert verdicts == {
        "enumeration.sign-in": "pass",
        "enumeration.reset": "pass",
        "enumeration.sign-up": "warn",
    }
    assert "REQUIRE_VERIFIED_EMAIL=on" in findings["enumeration.sign-up"].fix


def test_with_verified_addresses_signing_up_tells_nobody(tmp_path):
    verified = {**QUICK, **WITH_ADMIN, "REQUIRE_VERIFIED_EMAIL": "on"}
    with Space(tmp_path, verified) as space:
        findings = run_checks(space.url, "enumeration.sign-up", admin=True)
    assert outcome_of(findings["enumeration.sign-up"]) == ("pass", "200 for a taken address too")


def test_where_nobody_may_sign_up_nothing_is_told(tmp_path):
    with Space(tmp_path, {**QUICK, **WITH_ADMIN, "SIGN_UP": "off"}) as space:
        findings = run_checks(space.url, "enumeration.sign-up", admin=True)
    assert findings["enumeration.sign-up"].verdict == "pass"
    assert "SIGN_UP=off" in findings["enumeration.sign-up"].evidence


@pytest.mark.parametrize(
    ("change", "evidence"),
    [
        (lambda response: setattr(response, "status", 404), "status 404"),
        (
            lambda response: setattr(response, "chunks", [b'{"message":"Who is that?"}']),
            "Who is that?",
        ),
        (
            lambda response: response.headers.append(("x-unknown-user", "1")),
            "the header x-unknown-user",
        ),
        (
            lambda response: response.headers.append(("set-cookie", "tried=1; Path=/")),
            "the cookie tried",
        ),
    ],
    ids=["status", "words", "header", "cookie"],
)
def test_a_wrong_sign_in_that_tells_is_found(proxy, change, evidence):
    def leak(request, response):
        if is_wrong_sign_in(request, response) and not is_known(request):
            change(response)

    proxy.after = leak
    finding = run_checks(proxy.url, "enumeration.sign-in")["enumeration.sign-in"]
    assert finding.verdict == "fail"
    assert evidence in finding.evidence


def test_what_changes_with_every_answer_tells_nothing(proxy):
    numbers = iter(range(10_000))

    def number(request, response):
        response.set_header("x-ray", str(next(numbers)))
        response.headers.append((f"x-cache-{next(numbers) % 3}", "hit"))

    proxy.after = number
    assert run_checks(proxy.url, "enumeration.sign-in")["enumeration.sign-in"].verdict == "pass"


def test_a_server_that_checks_no_password_of_strangers_is_found_by_its_time(proxy):
    hash_takes_so_long = threading.Event()

    def delay_the_known(request, response):
        if is_wrong_sign_in(request, response) and is_known(request):
            hash_takes_so_long.wait(SLOW)

    proxy.after = delay_the_known
    finding = run_checks(proxy.url, "enumeration.sign-in-time")["enumeration.sign-in-time"]
    assert finding.verdict == "fail"
    assert "ms apart" in finding.evidence


def test_a_gap_that_was_chance_is_looked_at_again(proxy):
    pause, left = threading.Event(), iter(range(3))

    def delay_the_first_known(request, response):
        if (
            is_wrong_sign_in(request, response)
            and is_known(request)
            and next(left, None) is not None
        ):
            pause.wait(SLOW)

    proxy.after = delay_the_first_known
    finding = run_checks(proxy.url, "enumeration.sign-in-time")["enumeration.sign-in-time"]
    assert finding.verdict in {"pass", "skipped"}  # on a busy machine
    assert "medians of 6" in finding.evidence
    assert next(left, None) is None


def test_a_line_too_noisy_to_tell_is_not_called_right(proxy):
    busy_line = threading.Event()
    delays = {kind: itertools.cycle([0, 2 * SLOW, 2 * SLOW]) for kind in (True, False)}

    def delay_by_chance(request, response):
        if is_wrong_sign_in(request, response):
            busy_line.wait(next(delays[is_known(request)]))

    proxy.after = delay_by_chance
    finding = run_checks(proxy.url, "enumeration.sign-in-time")["enumeration.sign-in-time"]
    assert finding.verdict == "skipped"
    assert finding.evidence.startswith("could not tell")


def test_a_gap_that_is_small_beside_the_hash_proves_nothing(proxy):
    hash_takes_so_long = threading.Event()

    def delay_all(request, response):
        if is_wrong_sign_in(request, response):
            hash_takes_so_long.wait(2 * SLOW if is_known(request) else 2 * SLOW - 0.04)

    proxy.after = delay_all
    finding = run_checks(proxy.url, "enumeration.sign-in-time")["enumeration.sign-in-time"]
    assert finding.verdict == "pass"
    assert "cannot be measured" in finding.evidence


def test_a_reset_that_tells_is_found(proxy):
    def leak(request):
        if request.path == RESET and not is_known(request):
            return make_response(404, b'{"message":"no such user"}')
        return None

    proxy.before = leak
    finding = run_checks(proxy.url, "enumeration.reset")["enumeration.reset"]
    assert finding.verdict == "fail"
    assert "only an unknown one: message 'no such user', status 404" in finding.evidence


def test_a_sign_up_that_lets_a_second_one_in_is_found(proxy):
    first = []

    def let_in(request):
        if request.path != SIGN_UP or not first:
            first.append(request) if request.path == SIGN_UP else None
            return None
        taken = {"token": "t" * 42, "user": {"id": "1"}}
        return make_response(200, json.dumps(taken).encode())

    proxy.before = let_in
    finding = run_checks(proxy.url, "enumeration.sign-up")["enumeration.sign-up"]
    assert outcome_of(finding) == (
        "fail",
        "signing up with a taken address answered 200",
    )
