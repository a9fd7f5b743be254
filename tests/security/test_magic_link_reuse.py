"""Threat: a magic link that opens an account twice, too late, for somebody else or another purpose.

A link is found in histories, logs and mailboxes long after its reader has used it.
"""

import pytest
from sqlalchemy import func, select

from backend.storage.tables import links, sessions, users
from tests.admins import make_admin
from tests.in_process import Gatehouse
from tests.magic import ADA, CLICK, FETCH, ask, click, press_button, sign_in
from tests.make import PASSWORD
from tests.scene import refusal

REFUSED = "/in?error=INVALID_TOKEN"


@pytest.fixture
def gatehouse(any_mailing_gatehouse: Gatehouse) -> Gatehouse:
    return any_mailing_gatehouse


@pytest.fixture(params=[True, False], ids=["strict", "like Better Auth"])
def either(start_mailing, request) -> Gatehouse:
    return start_mailing(strict=request.param)


def count_sessions(gatehouse: Gatehouse) -> int:
    ((count,),) = gatehouse.rows(select(func.count()).select_from(sessions))
    return count


def is_refused(gatehouse: Gatehouse, visitor, mail) -> bool:
    """Whether this link opens nothing, however it is opened."""
    before = count_sessions(gatehouse)
    locations = [
        visitor.get(mail.path, headers=headers).headers["location"] for headers in (CLICK, FETCH)
    ]
    if gatehouse.settings.strict:
        locations.append(press_button(visitor, mail).headers["location"])
    assert count_sessions(gatehouse) == before
    return all(location.endswith(REFUSED) for location in locations)


def test_a_used_link_opens_nothing(either, mailbox):
    ada = either.visitor()
    mail = ask(ada, mailbox)
    click(ada, mail)
    assert is_refused(either, ada, mail)
    assert is_refused(either, either.visitor(), mail)
    assert ada.session() is not None


def test_an_expired_link_opens_nothing(either, mailbox, clock):
    ada = either.visitor()
    mail = ask(ada, mailbox)
    clock.advance(seconds=300)
    assert is_refused(either, ada, mail)


@pytest.mark.parametrize("way", ["click", "button", "fetch"])
def test_of_many_who_open_it_at_once_one_gets_in(gatehouse, mailbox, way):
    ada = gatehouse.visitor()
    mail = ask(ada, mailbox)
    headers = FETCH if way == "fetch" else CLICK
    method = "POST" if way == "button" else "GET"
    visitors = [gatehouse.visitor(f"198.51.100.{at}") for at in range(20)]
    for visitor in visitors:
        visitor.cookies = dict(ada.cookies)
    responses = gatehouse.gather(
        *(each.send_async(method, mail.path, headers=headers) for each in visitors)
    )
    locations = [response.headers["location"] for response in responses]
    assert sorted(location.endswith(REFUSED) for location in locations) == [False] + [True] * 19
    assert count_sessions(gatehouse) == 1


def test_of_many_first_links_for_one_address_one_makes_the_account(gatehouse, mailbox):
    visitors = [gatehouse.visitor(f"198.51.100.{at}") for at in range(8)]
    mails = [ask(visitor, mailbox) for visitor in visitors]
    responses = gatehouse.gather(
        *(
            each.send_async("GET", mail.path, headers=CLICK)
            for each, mail in zip(visitors, mails, strict=True)
        )
    )
    assert {response.headers["location"] for response in responses} == {
        f"{gatehouse.settings.base_url}/in"
    }
    (user,) = gatehouse.rows(select(users))
    assert user.email_verified
    assert {visitor.session()["user"]["id"] for visitor in visitors} == {str(user.id)}
    assert [event.kind for event in gatehouse.events()].count("sign_up") == 1


def test_a_link_and_a_sign_up_at_once_leave_the_account_to_the_reader(gatehouse, mailbox):
    ada = gatehouse.visitor()
    mail = ask(ada, mailbox)
    mallories = [gatehouse.visitor(f"198.51.100.{at}") for at in range(4)]
    body = {"email": ADA, "name": "M", "password": PASSWORD}
    gatehouse.gather(
        *(each.send_async("POST", "sign-up/email", body) for each in mallories),
        ada.send_async("GET", mail.path, headers=CLICK),
    )
    assert ada.session()["user"]["emailVerified"] is True
    assert [each.session() for each in mallories] == [None] * 4
    assert gatehouse.visitor().sign_in(ADA).status_code == 401


def test_a_link_of_another_kind_opens_nothing(either, mailbox):
    ada = either.member()
    ada.post("request-password-reset", {"email": ADA, "redirectTo": "/new"})
    for kind in ("verify", "reset"):
        token = mailbox.last(kind).token
        response = either.visitor().get(f"magic-link/verify?token={token}&callbackURL=/in")
        assert response.headers["location"].endswith(REFUSED)


def test_it_opens_nothing_that_other_links_open(either, mailbox):
    token = ask(either.member(), mailbox).token
    visitor = either.visitor()
    assert visitor.get(f"verify-email?token={token}").json() == {**refusal("INVALID_TOKEN")}
    body = {"newPassword": PASSWORD + "2", "token": token}
    assert visitor.post("reset-password", body).json() == refusal("INVALID_TOKEN")
    location = visitor.get(f"reset-password/{token}?callbackURL=/x").headers["location"]
    assert location.endswith("/x?error=INVALID_TOKEN")


def test_a_banned_user_does_not_get_in_and_the_link_waits_for_the_ban_to_end(either, mailbox):
    sign_in(either, mailbox)
    ada = either.visitor()
    mail = ask(ada, mailbox)
    either.ban(ADA)
    for response in (click(ada, mail), ada.get(mail.path, headers=FETCH)):
        assert (response.status_code, response.json()) == (403, refusal("BANNED_USER"))
    if either.settings.strict:
        assert press_button(either.visitor(), mail).json() == refusal("BANNED_USER")
    assert ada.session() is None
    either.unban(ADA)
    assert click(ada, mail).status_code == 302


def test_a_link_does_not_bring_back_who_has_deleted_the_account(either, mailbox):
    ada = sign_in(either, mailbox)
    mail = ask(either.visitor(), mailbox)
    assert ada.post("delete-user", {}).status_code == 200
    assert is_refused(either, either.visitor(), mail)
    assert either.rows(select(users.c.id)) == []


def test_nor_does_one_that_was_asked_for_before_there_was_an_account(either, mailbox):
    early = ask(either.visitor(), mailbox)
    ada = sign_in(either, mailbox)
    assert ada.post("delete-user", {}).status_code == 200
    assert is_refused(either, either.visitor(), early)
    assert either.rows(select(links.c.id)) == []


@pytest.mark.parametrize("taken", [False, True])
def test_a_link_to_an_address_that_its_user_has_left_opens_nothing(either, mailbox, taken):
    ada = sign_in(either, mailbox)
    mail = ask(either.visitor(), mailbox)
    root = make_admin(either)
    change = {"userId": ada.session()["user"]["id"], "data": {"email": "new@example.com"}}
    assert root.post("admin/update-user", change).status_code == 200
    if taken:  # by somebody else
        sign_in(either, mailbox)
    assert is_refused(either, either.visitor(), mail)


def test_a_challenge_comes_before_the_session(start_mailing, mailbox):
    gatehouse = start_mailing(require_two_factor_for="everybody")
    ada = sign_in(gatehouse, mailbox)
    assert ada.post("change-email", {"newEmail": "x@example.com"}).status_code == 403
