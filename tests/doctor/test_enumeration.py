"""Servers that tell who has an account, by words or by time, and the one that does not."""

import json
import threading

import pytest

from doctor.account import SIGN_IN
from tests.doctor.looking import QUICK, WITH_ADMIN, look, said
from tests.doctor.passage import response
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


def is_known(asked):
    """Whether a request names the throw-away account."""
    return b"doctor-" in asked.body


def is_wrong_sign_in(asked, told):
    return asked.path == SIGN_IN and told.status == 401


def test_a_server_as_it_is_tells_by_signing_up_alone(space):
    found = look(space.url, "enumeration")
    verdicts = {name: each.verdict for name, each in found.items() if "enumeration" in name}
    assert verdicts == {
        "enumeration.sign-in": "pass",
        "enumeration.sign-in-time": "pass",
        "enumeration.reset": "pass",
        "enumeration.sign-up": "warn",
    }
    assert "REQUIRE_VERIFIED_EMAIL=on" in found["enumeration.sign-up"].fix


def test_with_verified_addresses_signing_up_tells_nobody(tmp_path):
    verified = {**QUICK, **WITH_ADMIN, "REQUIRE_VERIFIED_EMAIL": "on"}
    with Space(tmp_path, verified) as space:
        found = look(space.url, "enumeration.sign-up", admin=True)
    assert said(found["enumeration.sign-up"]) == ("pass", "200 for a taken address too")


def test_where_nobody_may_sign_up_nothing_is_told(tmp_path):
    with Space(tmp_path, {**QUICK, **WITH_ADMIN, "SIGN_UP": "off"}) as space:
        found = look(space.url, "enumeration.sign-up", admin=True)
    assert found["enumeration.sign-up"].verdict == "pass"
    assert "nobody may sign up" in found["enumeration.sign-up"].evidence


@pytest.mark.parametrize(
    ("change", "evidence"),
    [
        (lambda told: setattr(told, "status", 404), "status 404"),
        (lambda told: setattr(told, "pieces", [b'{"message":"Who is that?"}']), "Who is that?"),
        (lambda told: told.headers.append(("x-unknown-user", "1")), "the header x-unknown-user"),
        (lambda told: told.headers.append(("set-cookie", "tried=1; Path=/")), "the cookie tried"),
    ],
    ids=["status", "words", "header", "cookie"],
)
def test_a_wrong_sign_in_that_tells_is_found(through, change, evidence):
    def tell(asked, told):
        if is_wrong_sign_in(asked, told) and not is_known(asked):
            change(told)

    through.after = tell
    found = look(through.url, "enumeration.sign-in")["enumeration.sign-in"]
    assert found.verdict == "fail"
    assert evidence in found.evidence


def test_what_changes_with_every_answer_tells_nothing(through):
    seen = iter(range(10_000))

    def number(asked, told):
        told.put("x-ray", str(next(seen)))
        told.headers.append((f"x-cache-{next(seen) % 3}", "hit"))

    through.after = number
    assert look(through.url, "enumeration.sign-in")["enumeration.sign-in"].verdict == "pass"


def test_a_server_that_checks_no_password_of_strangers_is_found_by_its_time(through):
    hash_takes_so_long = threading.Event()

    def delay_the_known(asked, told):
        if is_wrong_sign_in(asked, told) and is_known(asked):
            hash_takes_so_long.wait(SLOW)

    through.after = delay_the_known
    found = look(through.url, "enumeration.sign-in-time")["enumeration.sign-in-time"]
    assert found.verdict == "fail"
    assert "ms apart" in found.evidence


def test_a_gap_that_was_chance_is_looked_at_again(through):
    pause, left = threading.Event(), iter(range(3))

    def delay_the_first_known(asked, told):
        if is_wrong_sign_in(asked, told) and is_known(asked) and next(left, None) is not None:
            pause.wait(SLOW)

    through.after = delay_the_first_known
    found = look(through.url, "enumeration.sign-in-time")["enumeration.sign-in-time"]
    assert found.verdict == "pass"
    assert "medians of 6" in found.evidence
    assert next(left, None) is None


def test_a_gap_that_is_small_beside_the_hash_proves_nothing(through):
    hash_takes_so_long = threading.Event()

    def delay_all(asked, told):
        if is_wrong_sign_in(asked, told):
            hash_takes_so_long.wait(2 * SLOW if is_known(asked) else 2 * SLOW - 0.04)

    through.after = delay_all
    found = look(through.url, "enumeration.sign-in-time")["enumeration.sign-in-time"]
    assert found.verdict == "pass"
    assert "would not be noticed" in found.evidence


def test_a_reset_that_tells_is_found(through):
    def tell(asked):
        if asked.path == RESET and not is_known(asked):
            return response(404, b'{"message":"no such user"}')
        return None

    through.before = tell
    found = look(through.url, "enumeration.reset")["enumeration.reset"]
    assert found.verdict == "fail"
    assert "only an unknown one: message 'no such user', status 404" in found.evidence


def test_a_sign_up_that_lets_a_second_one_in_is_found(through):
    first = []

    def let_in(asked):
        if asked.path != SIGN_UP or not first:
            first.append(asked) if asked.path == SIGN_UP else None
            return None
        taken = {"token": "t" * 42, "user": {"id": "1"}}
        return response(200, json.dumps(taken).encode())

    through.before = let_in
    found = look(through.url, "enumeration.sign-up")["enumeration.sign-up"]
    assert said(found) == ("fail", "a taken address was answered 200")
