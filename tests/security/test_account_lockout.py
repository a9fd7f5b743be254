"""Threat: guessing one account's password from many addresses, or locking its owner out so."""

import pytest

from tests.inside import Gatehouse, Visitor


@pytest.fixture
def limited(start) -> Gatehouse:
    return start(rate_limits=True)


def guess(gatehouse: Gatehouse, times: int, email: str = "ada@example.com") -> list[int]:
    """Guesses from as many addresses; the statuses they get."""
    visitors = [gatehouse.visitor(f"198.51.100.{number}") for number in range(1, times + 1)]
    return [visitor.signs_in(email, "a guess of mine").status_code for visitor in visitors]


def owner(gatehouse: Gatehouse) -> Visitor:
    """The owner's browser, in which she has signed in before, and is signed out."""
    ada = gatehouse.member(address="203.0.113.50")
    ada.post("sign-out")
    return ada


def test_the_eleventh_guess_is_not_even_checked(limited):
    owner(limited)
    assert guess(limited, 12) == [401] * 10 + [429] * 2


def test_nor_is_the_right_password_from_an_unknown_browser(limited):
    owner(limited)
    guess(limited, 12)
    assert limited.visitor("192.0.2.1").signs_in().status_code == 429


def test_the_owners_own_browser_still_gets_in(limited):
    ada = owner(limited)
    guess(limited, 40)
    assert ada.signs_in().status_code == 200


def test_her_browser_has_ten_guesses_of_its_own(limited, clock):
    ada = owner(limited)
    statuses = []
    for _ in range(11):
        clock.advance(seconds=11)  # past the limit by address
        statuses.append(ada.signs_in(password="my old one perhaps").status_code)
    assert statuses == [401] * 10 + [429]


def test_after_five_minutes_everybody_may_try_again(limited, clock):
    owner(limited)
    guess(limited, 12)
    clock.advance(minutes=5, seconds=1)
    assert limited.visitor("192.0.2.1").signs_in().status_code == 200


def test_what_was_right_was_no_guess(limited, clock):
    owner(limited)
    for number in range(20):
        assert limited.visitor(f"192.0.2.{number}").signs_in().status_code == 200


def test_an_unknown_address_is_limited_alike(limited):
    assert guess(limited, 12, "nobody@example.com") == [401] * 10 + [429] * 2


def test_the_address_in_other_letters_is_the_same_account(limited):
    owner(limited)
    assert guess(limited, 10) == [401] * 10
    assert limited.visitor("192.0.2.1").signs_in("ADA@EXAMPLE.COM").status_code == 429


def test_a_guessers_own_browser_is_unknown_to_the_other_account(limited):
    owner(limited)
    mallory = limited.member("mallory@example.com", address="192.0.2.66")
    guess(limited, 10)
    assert mallory.signs_in("ada@example.com", "a guess of mine").status_code == 429


def test_a_device_cookie_cannot_be_made_up(limited):
    owner(limited)
    ada = limited.user_id("ada@example.com")
    guess(limited, 10)
    visitor = limited.visitor("192.0.2.1")
    visitor.cookies["gatehouse.device"] = f"device-{ada}-x." + "A" * 43 + "="
    assert visitor.signs_in().status_code == 429


def test_a_session_cookie_is_no_device_cookie(limited):
    ada = limited.member(address="203.0.113.50")
    guess(limited, 10)
    visitor = limited.visitor("192.0.2.1")
    visitor.cookies["gatehouse.device"] = ada.session_cookie
    assert visitor.signs_in().status_code == 429


def test_fifty_guesses_at_once_are_ten(limited):
    owner(limited)
    visitors = [limited.visitor(f"198.51.100.{number}") for number in range(50)]
    body = {"email": "ada@example.com", "password": "a guess of mine"}
    answers = limited.at_once(*(each.sending("POST", "sign-in/email", body) for each in visitors))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(401) == 10
    assert set(statuses) <= {401, 429, 503}


def test_the_first_refusal_is_recorded_with_the_account_it_protects(limited):
    owner(limited)
    guess(limited, 15)
    recorded = [each for each in limited.events() if each.kind == "rate_limited"]
    assert [(each.subject, each.detail) for each in recorded] == [
        (limited.user_id("ada@example.com"), {"what": "password"})
    ]
