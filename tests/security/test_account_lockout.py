"""Threat: guessing one account's password from many addresses, or locking its owner out so."""

from itertools import count

import bcrypt
import pytest
from sqlalchemy import select, update

from backend.storage.tables import users
from tests.admins import make_admin, user_id_of
from tests.in_process import Gatehouse, Visitor
from tests.mailbox import Mailbox
from tests.make import PASSWORD


@pytest.fixture
def limited(start) -> Gatehouse:
    return start(rate_limits=True)


def guess(gatehouse: Gatehouse, times: int, email: str = "ada@example.com") -> list[int]:
    """Guess this many times, each from another address; returns the statuses."""
    visitors = [gatehouse.visitor(f"198.51.100.{number}") for number in range(1, times + 1)]
    return [visitor.sign_in(email, "a guess of mine").status_code for visitor in visitors]


def make_owner(gatehouse: Gatehouse) -> Visitor:
    """The owner's browser, in which she has signed in before, and is signed out."""
    ada = gatehouse.member(address="203.0.113.50")
    ada.post("sign-out")
    return ada


def test_the_eleventh_guess_is_not_even_checked(limited):
    make_owner(limited)
    assert guess(limited, 12) == [401] * 10 + [429] * 2


def test_nor_is_the_right_password_from_an_unknown_browser(limited):
    make_owner(limited)
    guess(limited, 12)
    assert limited.visitor("192.0.2.1").sign_in().status_code == 429


def test_the_owners_own_browser_still_gets_in(limited):
    ada = make_owner(limited)
    guess(limited, 40)
    assert ada.sign_in().status_code == 200


def test_her_browser_has_ten_guesses_of_its_own(limited, clock):
    ada = make_owner(limited)
    statuses = []
    for _ in range(11):
        clock.advance(seconds=11)  # past the limit by address
        statuses.append(ada.sign_in(password="my old one perhaps").status_code)
    assert statuses == [401] * 10 + [429]


def test_after_five_minutes_everybody_may_try_again(limited, clock):
    make_owner(limited)
    guess(limited, 12)
    clock.advance(minutes=5, seconds=1)
    assert limited.visitor("192.0.2.1").sign_in().status_code == 200


def test_what_was_right_was_no_guess(limited, clock):
    make_owner(limited)
    for number in range(20):
        assert limited.visitor(f"192.0.2.{number}").sign_in().status_code == 200


def test_an_unknown_address_is_limited_alike(limited):
    assert guess(limited, 12, "nobody@example.com") == [401] * 10 + [429] * 2


def test_the_address_in_other_letters_is_the_same_account(limited):
    make_owner(limited)
    assert guess(limited, 10) == [401] * 10
    assert limited.visitor("192.0.2.1").sign_in("ADA@EXAMPLE.COM").status_code == 429


def test_a_guessers_own_browser_is_unknown_to_the_other_account(limited):
    make_owner(limited)
    mallory = limited.member("mallory@example.com", address="192.0.2.66")
    guess(limited, 10)
    assert mallory.sign_in("ada@example.com", "a guess of mine").status_code == 429


def test_a_device_cookie_cannot_be_made_up(limited):
    make_owner(limited)
    ada = limited.user_id("ada@example.com")
    guess(limited, 10)
    visitor = limited.visitor("192.0.2.1")
    visitor.cookies["gatehouse.device"] = f"device-{ada}-x." + "A" * 43 + "="
    assert visitor.sign_in().status_code == 429


def test_a_session_cookie_is_no_device_cookie(limited):
    ada = limited.member(address="203.0.113.50")
    guess(limited, 10)
    visitor = limited.visitor("192.0.2.1")
    visitor.cookies["gatehouse.device"] = ada.session_cookie
    assert visitor.sign_in().status_code == 429


def test_fifty_guesses_at_once_are_ten(limited):
    make_owner(limited)
    visitors = [limited.visitor(f"198.51.100.{number}") for number in range(50)]
    body = {"email": "ada@example.com", "password": "a guess of mine"}
    responses = limited.gather(
        *(each.send_async("POST", "sign-in/email", body) for each in visitors)
    )
    statuses = [response.status_code for response in responses]
    assert statuses.count(401) == 10
    assert set(statuses) <= {401, 429, 503}


def test_the_first_refusal_is_recorded_with_the_account_it_protects(limited):
    make_owner(limited)
    guess(limited, 15)
    recorded = [each for each in limited.events() if each.kind == "rate_limited"]
    assert [(each.subject, each.detail) for each in recorded] == [
        (limited.user_id("ada@example.com"), {"what": "password"})
    ]


DEVICE = "gatehouse.device"
OTHER = "another good password"


def make_marks(gatehouse: Gatehouse, number: int) -> list[str]:
    """This many marks of known browsers: each sign-in with the right password gives one."""
    browsers = [gatehouse.visitor(f"203.0.113.{each}") for each in range(number)]
    for each in browsers:
        assert each.sign_in().status_code == 200
    return [each.cookies[DEVICE] for each in browsers]


_ADDRESSES = count()


def guess_with(gatehouse: Gatehouse, mark: str, times: int = 10) -> list[int]:
    """Guess this many times with this mark, each from another address; returns the statuses."""
    statuses = []
    for _ in range(times):
        visitor = gatehouse.visitor(f"198.18.{len(statuses)}.{next(_ADDRESSES) % 250}")
        visitor.cookies[DEVICE] = mark
        statuses.append(visitor.sign_in(password="a guess of mine").status_code)
    return statuses


def by_changing_it(gatehouse: Gatehouse, mailbox: Mailbox) -> Visitor:
    browser = gatehouse.visitor("192.0.2.20")
    browser.sign_in()
    payload = {"currentPassword": PASSWORD, "newPassword": OTHER, "revokeOtherSessions": True}
    assert browser.post("change-password", payload).status_code == 200
    return browser


def by_a_reset(gatehouse: Gatehouse, mailbox: Mailbox) -> Visitor:
    browser = gatehouse.visitor("192.0.2.20")
    browser.sign_in()
    browser.post("request-password-reset", {"email": "ada@example.com"})
    payload = {"newPassword": OTHER, "token": mailbox.last("reset").token}
    assert browser.post("reset-password", payload).status_code == 200
    return browser


def by_an_admin(gatehouse: Gatehouse, mailbox: Mailbox) -> None:
    root = make_admin(gatehouse, address="192.0.2.20")
    payload = {"userId": user_id_of(gatehouse, "ada@example.com"), "newPassword": OTHER}
    assert root.post("admin/set-user-password", payload).status_code == 200


def by_hand(gatehouse: Gatehouse, mailbox: Mailbox) -> None:
    """As another program, or a second import of users, would change it."""
    gatehouse.member("eve@example.com", password=OTHER, address="192.0.2.20")
    of = {row.email: row.password_hash for row in gatehouse.rows(select(users))}
    ada = users.c.email == "ada@example.com"
    gatehouse.execute(update(users).where(ada).values(password_hash=of["eve@example.com"]))


WAYS = [by_changing_it, by_a_reset, by_an_admin, by_hand]


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "as Better Auth"])
@pytest.mark.parametrize("changes", WAYS, ids=lambda way: way.__name__)
def test_with_the_password_every_known_browser_becomes_a_stranger(
    start_mailing, mailbox, changes, strict
):
    limited = start_mailing(rate_limits=True, strict=strict)
    make_owner(limited)
    mark = make_marks(limited, 1)[0]
    changes(limited, mailbox)
    guess(limited, 10)
    assert guess_with(limited, mark, 2) == [429, 429]
    visitor = limited.visitor("192.0.2.30")
    visitor.cookies[DEVICE] = mark
    assert visitor.sign_in(password=OTHER).status_code == 429


@pytest.mark.parametrize("changes", [by_changing_it, by_a_reset], ids=lambda way: way.__name__)
def test_the_browser_in_which_it_changed_is_the_owners(start_mailing, mailbox, changes):
    limited = start_mailing(rate_limits=True)
    make_owner(limited)
    browser = changes(limited, mailbox)
    guess(limited, 40)
    assert browser.sign_in(password=OTHER).status_code == 200


def test_many_known_browsers_together_have_twenty_guesses(limited):
    make_owner(limited)
    statuses = [status for mark in make_marks(limited, 6) for status in guess_with(limited, mark)]
    assert statuses == [401] * 20 + [429] * 40


def test_one_of_them_cannot_use_up_what_is_for_all(limited):
    ada = make_owner(limited)
    mark = make_marks(limited, 1)[0]
    assert guess_with(limited, mark, 40) == [401] * 10 + [429] * 30
    assert ada.sign_in().status_code == 200


def test_after_twenty_the_owner_still_gets_in_by_a_reset(start_mailing, mailbox):
    limited = start_mailing(rate_limits=True)
    ada = make_owner(limited)
    for mark in make_marks(limited, 3):
        guess_with(limited, mark)
    guess(limited, 12)
    assert ada.sign_in().status_code == 429
    ada.post("request-password-reset", {"email": "ada@example.com"})
    payload = {"newPassword": OTHER, "token": mailbox.last("reset").token}
    assert ada.post("reset-password", payload).status_code == 200
    guess(limited, 12)
    assert ada.sign_in(password=OTHER).status_code == 200


def test_the_password_that_opens_more_is_counted_with_the_same_ceiling(limited):
    ada = limited.member(address="203.0.113.50")
    for mark in make_marks(limited, 3):
        guess_with(limited, mark)
    refused = ada.post("verify-password", {"password": "a guess of mine"})
    assert refused.status_code == 429


def test_a_sign_in_that_was_right_is_no_guess_of_a_device(limited):
    ada = make_owner(limited)
    for _ in range(25):
        limited.clock.advance(seconds=4)  # past the limit by address, within the five minutes
        assert ada.sign_in().status_code == 200


def test_a_hash_that_is_made_stronger_at_the_sign_in_does_not_void_its_mark(limited):
    limited.member(address="203.0.113.50")
    moved_in = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    limited.execute(update(users).values(password_hash=moved_in))
    ada = limited.visitor("203.0.113.51")
    assert ada.sign_in().status_code == 200
    assert limited.rows(select(users.c.password_hash)) != [(moved_in,)]
    guess(limited, 40)
    assert ada.sign_in().status_code == 200
