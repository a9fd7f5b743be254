"""One-time tokens: a session goes on in another browser or on another domain."""

import pytest
from sqlalchemy import select

from backend.storage.tables import links
from tests.admins import ADA, BOB, make_admin
from tests.in_process import Visitor
from tests.make import PASSWORD
from tests.scene import Scene, cookies_of, events_after, refusal, scenes

INVALID = (400, {"message": "Invalid token"})
ANOTHER = (403, {"message": "Somebody else is signed in in this browser: sign out first"})


def generate(visitor: Visitor) -> str:
    response = visitor.get("one-time-token/generate")
    assert response.status_code == 200
    return response.json()["token"]


def verify(visitor: Visitor, token: str):
    return visitor.post("one-time-token/verify", {"token": token})


def answer(response) -> tuple[int, dict]:
    return response.status_code, response.json()


@scenes(
    Scene(
        name="without a session none is made",
        path="one-time-token/generate",
        method="GET",
        status=401,
        code="UNAUTHORIZED",
    ),
    Scene(
        name="made up",
        path="one-time-token/verify",
        body={"token": "x" * 42},
        status=400,
        message="Invalid token",
    ),
    Scene(
        name="empty",
        path="one-time-token/verify",
        body={"token": ""},
        status=400,
        message="Invalid token",
    ),
    Scene(
        name="none",
        path="one-time-token/verify",
        body={},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.token] Invalid input: expected string, received undefined",
    ),
    Scene(
        name="a number",
        path="one-time-token/verify",
        body={"token": 1},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.token] Invalid input: expected string, received number",
    ),
    Scene(
        name="from another site",
        path="one-time-token/verify",
        body={"token": "x"},
        headers={"origin": "https://evil.example"},
        status=403,
        code="INVALID_ORIGIN",
    ),
)
def test_bad_input_is_refused(gatehouse, scene):
    scene.play(gatehouse)


def test_the_same_session_goes_on_elsewhere(any_gatehouse):
    ada, elsewhere = any_gatehouse.member(), any_gatehouse.visitor()
    token, before = generate(ada), any_gatehouse.events()
    response = verify(elsewhere, token)
    assert (response.status_code, response.json()) == (200, ada.session())
    assert cookies_of(response) == ["session_token 604800"]
    assert elsewhere.session() == ada.session()
    assert events_after(any_gatehouse, before) == ["session_handed_over"]
    elsewhere.post("sign-out")
    assert ada.session() is None


def test_it_works_once(any_gatehouse):
    token = generate(any_gatehouse.member())
    body = {"token": token}
    responses = any_gatehouse.gather(
        *(
            any_gatehouse.visitor().send_async("POST", "one-time-token/verify", body)
            for _ in range(6)
        )
    )
    statuses = [each.status_code for each in responses]
    assert sorted(statuses) == [200, *[400] * 5]
    assert answer(verify(any_gatehouse.visitor(), token)) == INVALID


def test_it_works_for_three_minutes(any_gatehouse):
    ada = any_gatehouse.member()
    first, second = generate(ada), generate(ada)
    any_gatehouse.clock.advance(seconds=179)
    assert verify(any_gatehouse.visitor(), first).status_code == 200
    any_gatehouse.clock.advance(seconds=1)
    assert answer(verify(any_gatehouse.visitor(), second)) == INVALID


def test_the_token_of_a_session_that_has_ended_opens_nothing(any_gatehouse):
    ada = any_gatehouse.member()
    token = generate(ada)
    ada.post("sign-out")
    for expected in ((400, {"message": "Session not found"}), INVALID):  # it is used up
        assert answer(verify(any_gatehouse.visitor(), token)) == expected


def test_nor_does_that_of_an_expired_one_or_of_somebody_banned(start):
    gatehouse = start(session_lifetime=60, session_refresh_after=30)
    token = generate(gatehouse.member())
    gatehouse.clock.advance(seconds=61)
    assert answer(verify(gatehouse.visitor(), token)) == (400, {"message": "Session expired"})
    token = generate(gatehouse.member(BOB))
    gatehouse.ban(BOB)
    assert answer(verify(gatehouse.visitor(), token)) == (400, {"message": "Session not found"})


def test_a_new_password_ends_it_with_the_other_sessions(gatehouse):
    ada, elsewhere = gatehouse.member(), gatehouse.visitor()
    elsewhere.sign_in()
    token = generate(elsewhere)
    ada.post("change-password", {"currentPassword": PASSWORD, "newPassword": PASSWORD + " 2"})
    assert verify(gatehouse.visitor(), token).status_code == 400


def test_a_session_that_is_not_remembered_stays_so(gatehouse):
    ada = gatehouse.visitor()
    ada.sign_up(rememberMe=False)
    elsewhere = gatehouse.visitor()
    assert cookies_of(verify(elsewhere, generate(ada))) == ["session_token", "dont_remember"]


def test_with_several_accounts_it_joins_them(start):
    gatehouse = start(multi_session=True)
    ada, elsewhere = gatehouse.member(), gatehouse.visitor()
    assert verify(elsewhere, generate(ada)).status_code == 200
    (listed,) = elsewhere.get("multi-session/list-device-sessions").json()
    assert listed == ada.session()


def test_links_of_other_kinds_are_no_tokens_and_the_other_way_round(mailing_gatehouse, mailbox):
    ada = mailing_gatehouse.member()
    ada.post("request-password-reset", {"email": ADA})
    assert answer(verify(mailing_gatehouse.visitor(), mailbox.last("reset").token)) == INVALID
    body = {"token": generate(ada), "newPassword": PASSWORD + " 2"}
    response = mailing_gatehouse.visitor().post("reset-password", body)
    assert answer(response) == (400, refusal("INVALID_TOKEN"))


def test_nobody_hands_over_the_session_of_somebody_they_impersonate(gatehouse):
    gatehouse.member(ADA)
    root = make_admin(gatehouse)
    root.post("admin/impersonate-user", {"userId": str(gatehouse.user_id(ADA))})
    assert root.get("one-time-token/generate").status_code == 403


def test_who_must_enrol_hands_nothing_over(start):
    ada = start(require_two_factor_for="everybody").member()
    response = ada.get("one-time-token/generate")
    assert answer(response) == (403, refusal("TWO_FACTOR_REQUIRED"))


def test_nothing_in_the_database_opens_the_session(any_gatehouse):
    ada = any_gatehouse.member()
    token, session = generate(ada), ada.session()["session"]["token"]
    rows = any_gatehouse.rows(select(links).where(links.c.kind == "one-time-token"))
    assert len(rows) == 1
    stored = repr(rows)
    for secret in (token, session, session.encode().hex()):
        assert secret not in stored


@pytest.mark.parametrize(("strict", "multi"), [(True, False), (True, True), (False, False)])
def test_with_strict_nobody_is_moved_into_a_strangers_account(start, strict, multi):
    gatehouse = start(strict=strict, multi_session=multi)
    mallory, bob = gatehouse.member("mallory@example.com"), gatehouse.member(BOB)
    token = generate(mallory)
    response = verify(bob, token)
    if not strict:
        assert response.status_code == 200
        return
    assert answer(response) == ANOTHER
    assert bob.session()["user"]["email"] == BOB
    bob.post("sign-out")
    assert verify(bob, token).status_code == 200  # it was not used up


@pytest.mark.parametrize("strict", [True, False])
def test_with_strict_the_session_of_before_ends(start, strict):
    gatehouse = start(strict=strict)
    ada, elsewhere = gatehouse.member(), gatehouse.visitor()
    elsewhere.sign_in()
    copy = gatehouse.visitor()
    copy.cookies = dict(elsewhere.cookies)
    assert verify(elsewhere, generate(ada)).status_code == 200
    assert (copy.session() is None) == strict
    assert verify(ada, generate(ada)).status_code == 200  # its own session, which goes on
    assert ada.session() is not None
