"""Limits on how often one caller may send requests."""

import pytest
from structlog.testing import capture_logs

from tests.admins import ROOT, make_admin, user_id_of
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.scene import check_like_every_answer

TOO_MANY = {"message": "Too many requests. Please try again later."}


@pytest.fixture
def limited(start) -> Gatehouse:
    """An application whose limits are on."""
    return start(rate_limits=True)


def make_strangers(gatehouse: Gatehouse, count: int) -> list[Visitor]:
    """This many visitors, each with an address of their own."""
    return [gatehouse.visitor(f"198.51.100.{number}") for number in range(1, count + 1)]


def test_the_fourth_sign_in_within_ten_seconds_is_refused(limited):
    visitor = limited.visitor()
    responses = [visitor.sign_in() for _ in range(4)]
    assert [response.status_code for response in responses] == [401, 401, 401, 429]
    assert responses[3].json() == TOO_MANY
    assert responses[3].headers["retry-after"] == responses[3].headers["x-retry-after"] == "10"
    check_like_every_answer(responses[3])


def test_the_fourth_sign_in_with_a_provider_is_refused_and_its_answers_are_not(limited):
    visitor = limited.visitor()
    begun = [visitor.post("sign-in/social", {"provider": "nobody"}) for _ in range(4)]
    assert [response.status_code for response in begun] == [404, 404, 404, 429]
    answers = [visitor.get("callback/nobody?state=x") for _ in range(101)]
    assert [response.status_code for response in answers] == [302] * 100 + [429]


def test_the_right_password_does_not_help(limited):
    limited.member(address="203.0.113.50")
    visitor = limited.visitor()
    for _ in range(3):
        visitor.sign_in(password="wrong wrong")
    response = visitor.sign_in()
    assert (response.status_code, visitor.session_cookie) == (429, None)


def test_after_the_time_it_was_told_the_caller_may_try_again(limited, clock):
    visitor = limited.visitor()
    for _ in range(3):
        visitor.sign_in()
    clock.advance(seconds=4)
    wait = int(visitor.sign_in().headers["retry-after"])
    assert wait == 6
    clock.advance(seconds=wait)
    assert visitor.sign_in().status_code == 401


def test_refused_requests_do_not_prolong_the_wait(limited, clock):
    visitor = limited.visitor()
    for _ in range(3):
        visitor.sign_in()
    for _ in range(10):
        clock.advance(seconds=0.9)
        assert visitor.sign_in().status_code == 429
    clock.advance(seconds=1.1)
    assert visitor.sign_in().status_code == 401


def test_good_sign_ins_count_as_well(limited):
    limited.member(address="203.0.113.50")
    visitor = limited.visitor()
    assert [visitor.sign_in().status_code for _ in range(4)] == [200, 200, 200, 429]


def test_another_address_is_not_affected(limited):
    first, second = make_strangers(limited, 2)
    for _ in range(4):
        first.sign_in()
    assert second.sign_in().status_code == 401


def test_callers_without_an_address_are_not_thrown_in_with_each_other(limited):
    nowhere = limited.visitor("a socket of this machine")
    assert {nowhere.sign_up("no address").status_code for _ in range(5)} == {400}


def test_who_may_not_sign_in_may_still_do_the_rest(limited):
    visitor = limited.visitor()
    for _ in range(4):
        visitor.sign_in()
    assert visitor.get("get-session").status_code == 200
    assert visitor.get("/health").status_code == 200
    assert visitor.get("ok").status_code == 200


def test_the_first_refusal_is_recorded_and_no_other(limited, clock):
    visitor = limited.visitor()
    for _ in range(8):
        visitor.sign_up("no address")
    recorded = [each for each in limited.events() if each.kind == "rate_limited"]
    assert [each.detail for each in recorded] == [{"path": "/api/auth/sign-up/email"}]
    clock.advance(seconds=11)
    for _ in range(5):
        visitor.sign_up("no address")
    assert len(limited.events()) == 2


def test_get_session_has_fifty_in_ten_seconds(limited, clock):
    ada = limited.member()
    limited.wait_for_the_feed()
    ada.session()
    responses = [ada.get("get-session") for _ in range(51)]
    assert {response.status_code for response in responses[:50]} == {200}
    assert (responses[50].status_code, responses[50].json()) == (429, TOO_MANY)
    assert responses[50].headers["retry-after"] == "11"
    clock.advance(seconds=10)
    assert ada.get("get-session").status_code == 200


def test_a_service_with_the_key_checks_sessions_without_a_limit(start, clock):
    gatehouse = start(rate_limits=True, frontend_proxy_key="the shared key")
    ada = gatehouse.member()
    gatehouse.wait_for_the_feed()
    ada.session()

    def check(**headers: str) -> int:
        return ada.get("get-session", headers=headers).status_code

    assert {check(**{"x-gatehouse-key": "the shared key"}) for _ in range(200)} == {200}
    # They did not count either: the browser still has all of its own checks.
    assert {check() for _ in range(50)} == {200}
    assert check() == 429
    assert check(**{"x-gatehouse-key": "the shared key"}) == 200
    assert check(**{"x-gatehouse-key": "the shared kez"}) == 429
    assert check(**{"x-gatehouse-key": ""}) == 429


def test_a_service_that_presents_bearer_tokens_has_no_limit_either(start):
    gatehouse = start(rate_limits=True, frontend_proxy_key="the shared key")
    ada = gatehouse.member()
    gatehouse.wait_for_the_feed()
    bearer = {"authorization": f"Bearer {ada.session()['session']['token']}"}
    ada.cookies.clear()

    def check(**headers: str) -> int:
        return ada.get("get-session", headers=bearer | headers).status_code

    assert {check(**{"x-gatehouse-key": "the shared key"}) for _ in range(60)} == {200}
    statuses = [check() for _ in range(51)]
    assert (set(statuses[:50]), statuses[50]) == ({200}, 429)


def test_without_a_key_none_is_the_right_one(limited):
    ada = limited.member()
    limited.wait_for_the_feed()
    ada.session()
    statuses = [
        ada.get("get-session", headers={"x-gatehouse-key": ""}).status_code for _ in range(51)
    ]
    assert statuses[-1] == 429


def test_an_admins_session_is_checked_often_because_the_panels_pages_do(start):
    gatehouse = start(rate_limits=True)
    admin = make_admin(gatehouse)
    gatehouse.wait_for_the_feed()
    admin.session()
    statuses = [admin.get("get-session").status_code for _ in range(301)]
    assert (set(statuses[:300]), statuses[300]) == ({200}, 429)


def test_one_sessions_requests_do_not_count_for_another(limited):
    ada, bob = limited.member(), limited.member("bob@example.com")
    limited.wait_for_the_feed()
    for _ in range(52):
        ada.get("get-session")
    assert bob.get("get-session").status_code == 200


def test_a_stranger_may_ask_for_his_session_as_often_as_he_likes(limited):
    visitor = limited.visitor()
    assert {visitor.get("get-session").status_code for _ in range(350)} == {200}


def test_me_has_ten_a_minute(limited, clock):
    ada = limited.member()
    responses = [ada.get("/api/me") for _ in range(11)]
    assert [response.status_code for response in responses] == [200] * 10 + [429]
    assert responses[10].json() == TOO_MANY
    assert responses[10].headers["retry-after"] == responses[10].headers["x-retry-after"] == "60"
    clock.advance(seconds=61)
    assert ada.get("/api/me").status_code == 200


def test_me_counts_the_user_and_not_the_session_or_the_address(limited):
    ada, elsewhere = limited.member(), limited.visitor("198.51.100.9")
    elsewhere.sign_in()
    for _ in range(5):
        ada.get("/api/me")
        elsewhere.get("/api/me")
    assert (ada.get("/api/me").status_code, elsewhere.get("/api/me").status_code) == (429, 429)
    bob = limited.member("bob@example.com")
    assert bob.get("/api/me").status_code == 200


def test_who_is_not_signed_in_is_told_so_and_not_counted(limited):
    visitor = limited.visitor()
    assert {visitor.get("/api/me").status_code for _ in range(15)} == {401}


def test_the_limit_per_user_is_a_setting(start):
    ada = start(rate_limits=True, rate_limit_per_user="2/second").member()
    assert [ada.get("/api/me").status_code for _ in range(3)] == [200, 200, 429]


def test_who_is_refused_does_not_fill_the_log(limited, caplog):
    ada = limited.member()
    with capture_logs() as logs:
        caplog.clear()
        assert [ada.get("/api/me").status_code for _ in range(15)].count(429) == 5
    assert (logs, caplog.records) == ([], [])


def test_switched_off_nobody_is_limited(gatehouse):
    ada = gatehouse.member()
    assert {ada.get("/api/me").status_code for _ in range(15)} == {200}
    assert {gatehouse.visitor().sign_in(password="x").status_code for _ in range(15)} == {401}


def test_behind_a_proxy_the_visitors_count_and_not_the_proxy(limited):
    proxy = limited.visitor("10.0.0.1")

    def sign_up_from(address: str) -> int:
        forwarded = {"x-forwarded-for": f"1.2.3.4, {address}"}
        return proxy.post("sign-up/email", {}, headers=forwarded).status_code

    assert [sign_up_from("203.0.113.1") for _ in range(4)] == [400, 400, 400, 429]
    assert sign_up_from("203.0.113.2") == 400


HASHING = {
    "verify-password": {"password": "a wrong one"},
    "delete-user": {"password": "a wrong one"},
    "reset-password": {"newPassword": "battery correct horse", "token": "x"},
}


@pytest.mark.parametrize("path", HASHING)
def test_whatever_hashes_has_the_limit_of_signing_in(limited, path):
    ada = limited.member(address="203.0.113.50")
    responses = [ada.post(path, HASHING[path]).status_code for _ in range(4)]
    assert responses == [400, 400, 400, 429]


def test_so_has_one_user_from_many_addresses(limited):
    ada = limited.member(address="203.0.113.50")
    token = {"authorization": f"Bearer {ada.session()['session']['token']}"}
    responses = [
        each.post("verify-password", {"password": PASSWORD}, headers=token).status_code
        for each in make_strangers(limited, 4)
    ]
    assert responses == [200, 200, 200, 429]


def test_an_admin_sets_ten_passwords_in_ten_seconds(limited):
    root = make_admin(limited)
    body = {"userId": user_id_of(limited, ROOT), "newPassword": "short"}
    responses = [root.post("admin/set-user-password", body).status_code for _ in range(11)]
    assert responses == [400] * 10 + [429]


def test_with_strict_off_the_limits_are_better_auths(start):
    ada = start(rate_limits=True, strict=False).member(address="203.0.113.50")
    responses = [ada.post("verify-password", {"password": PASSWORD}).status_code for _ in range(5)]
    assert responses == [200] * 5
