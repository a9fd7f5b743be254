"""Many requests at the same time."""

from sqlalchemy import select

from backend.storage.tables import sessions, users
from tests.make import PASSWORD
from tests.scene import cookies_of

ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}


def test_of_two_hundred_sign_ups_for_one_address_exactly_one_makes_an_account(start_on):
    gatehouse = start_on(hash_queue=200)
    visitors = [gatehouse.visitor(f"198.51.100.{number}") for number in range(200)]
    payloads = [{**ADA, "password": f"{PASSWORD} {number}"} for number in range(200)]
    requests = (
        each.send_async("POST", "sign-up/email", payload)
        for each, payload in zip(visitors, payloads, strict=True)
    )
    responses = gatehouse.gather(*requests)
    statuses = [response.status_code for response in responses]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 422, 503}
    assert len(gatehouse.rows(select(users.c.id))) == 1
    assert len(gatehouse.rows(select(sessions.c.id))) == 1
    winner = statuses.index(200)
    assert gatehouse.visitor().sign_in(password=payloads[winner]["password"]).status_code == 200
    assert visitors[winner].session() is not None


def test_parallel_checks_of_a_session_that_is_due_sign_nobody_out(any_gatehouse, clock):
    ada = any_gatehouse.member()
    clock.advance(days=1)
    responses = any_gatehouse.gather(*(ada.send_async("GET", "get-session") for _ in range(20)))
    assert {response.json()["session"]["expiresAt"] for response in responses} == {
        "2026-11-30T12:00:00.000Z"
    }
    assert all(cookies_of(response) in ([], ["session_token 604800"]) for response in responses)
    assert ada.session() is not None


def test_parallel_checks_of_an_expired_session_are_all_null(any_gatehouse, clock):
    ada = any_gatehouse.member()
    clock.advance(days=7)
    responses = any_gatehouse.gather(*(ada.send_async("GET", "get-session") for _ in range(20)))
    assert [response.json() for response in responses] == [None] * 20


def test_signing_out_many_times_at_once_is_recorded_once(any_gatehouse):
    ada = any_gatehouse.member()
    responses = any_gatehouse.gather(*(ada.send_async("POST", "sign-out") for _ in range(10)))
    assert {response.status_code for response in responses} == {200}
    assert [each.kind for each in any_gatehouse.events()].count("sign_out") == 1


def test_many_users_at_once_get_their_own_sessions(any_gatehouse):
    names = [f"user{number}@example.com" for number in range(20)]
    visitors = [any_gatehouse.visitor() for _ in names]
    payloads = [{**ADA, "email": name} for name in names]
    requests = (
        each.send_async("POST", "sign-up/email", payload)
        for each, payload in zip(visitors, payloads, strict=True)
    )
    assert {response.status_code for response in any_gatehouse.gather(*requests)} == {200}
    responses = any_gatehouse.gather(*(each.send_async("GET", "get-session") for each in visitors))
    assert [response.json()["user"]["email"] for response in responses] == names
