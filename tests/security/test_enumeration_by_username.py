"""Threat: finding out through user names who has an account, or guessing twice as often.

Whether a name is taken is no secret: the response to a sign-up and `is-username-available` say so.
Whose it is, and whether an address has an account, is one.
"""

import json
from itertools import count

import pytest
from sqlalchemy import select, update

from backend.kernel.passwords import hasher
from backend.storage.tables import users
from tests.in_process import Gatehouse, Visitor
from tests.mailbox import open_link
from tests.make import PASSWORD
from tests.scene import refusal

ADA, FREE, TAKEN = "ada@example.com", "free@example.com", "taken@example.com"
MINE = "a password of mine"
WRONG = "INVALID_USERNAME_OR_PASSWORD"
HIDING = [{"require_verified_email": True}, {"sign_in_after_sign_up": False}]


def sign_in(visitor: Visitor, username: str, password: str = "a wrong guess"):
    return visitor.post("sign-in/username", {"username": username, "password": password})


@pytest.fixture
def rounds(monkeypatch) -> list[int]:
    """The work that bcrypt did, in iterations."""
    costs_spent: list[int] = []
    matches, spends = hasher.PasswordHasher._matches, hasher.spend_work

    def match(self, text, hashed, spent):
        costs_spent.append(sum(hasher.cost_of(hashed).values()))
        return matches(self, text, hashed, spent)

    def spend_work(costs, secret):
        costs_spent.append(sum(costs.values()))
        spends(costs, secret)

    monkeypatch.setattr(hasher.PasswordHasher, "_matches", match)
    monkeypatch.setattr(hasher, "spend_work", spend_work)
    return costs_spent


def observe(gatehouse: Gatehouse, rounds, send) -> tuple:
    """What could reveal an account: the response, the statements and the work."""
    rounds.clear()
    with gatehouse.statements() as statements:
        response = send(gatehouse.visitor())
    headers = [pair for pair in response.headers.multi_items() if pair[0] != "x-request-id"]
    kinds = [statement.split(" (")[0][:40] for statement in statements]
    return response.status_code, response.text, headers, kinds, sum(rounds)


def wrong(gatehouse: Gatehouse) -> None:
    gatehouse.visitor().sign_up()
    gatehouse.execute(update(users).values(username="ada_l"))


def banned(gatehouse: Gatehouse) -> None:
    wrong(gatehouse)
    gatehouse.ban(ADA)


def without_password(gatehouse: Gatehouse) -> None:
    wrong(gatehouse)
    gatehouse.execute(update(users).values(password_hash=None))


@pytest.mark.parametrize("verify_first", [False, True], ids=["", "verify first"])
@pytest.mark.parametrize("case", [wrong, banned, without_password])
def test_a_wrong_guess_costs_the_same_whosever_name_it_is(start_on, rounds, case, verify_first):
    gatehouse = start_on(require_verified_email=verify_first)
    sign_in(gatehouse.visitor(), "nobody")  # the first of all looks for the kinds of hashes
    case(gatehouse)

    observations = [
        observe(gatehouse, rounds, lambda visitor, name=name: sign_in(visitor, name))
        for name in ("ada_l", "nobody")
    ]

    assert json.loads(observations[0][1]) == refusal(WRONG)
    assert observations[0] == observations[1]


@pytest.fixture
def limited(start) -> Gatehouse:
    gatehouse = start(rate_limits=True)
    assert gatehouse.visitor("203.0.113.50").sign_up(username="ada_l").status_code == 200
    return gatehouse


_NUMBERS = count(1)


def guess(gatehouse: Gatehouse, by, times: int) -> list[int]:
    """Guess this many times, each from another address; returns the statuses."""
    visitors = [gatehouse.visitor(f"198.18.0.{next(_NUMBERS) % 250}") for _ in range(times)]
    return [by(visitor).status_code for visitor in visitors]


def by_name(visitor: Visitor):
    return sign_in(visitor, "Ada_L")


def by_address(visitor: Visitor):
    return visitor.sign_in(ADA, "a wrong guess")


def by_nobodys_name(visitor: Visitor):
    return sign_in(visitor, "nobody")


@pytest.mark.parametrize(("first", "second"), [(by_name, by_address), (by_address, by_name)])
def test_name_and_address_have_ten_guesses_together(limited, first, second):
    assert guess(limited, first, 6) + guess(limited, second, 6) == [401] * 10 + [429] * 2


def test_an_unknown_name_has_as_many_and_no_more(limited):
    assert guess(limited, by_nobodys_name, 12) == [401] * 10 + [429] * 2
    assert guess(limited, by_name, 1) == [401]


def test_her_own_browser_still_gets_in_by_name(limited):
    ada = limited.visitor("203.0.113.51")
    assert ada.sign_in(ADA).status_code == 200
    guess(limited, by_name, 12)
    assert sign_in(limited.visitor("192.0.2.1"), "ada_l", PASSWORD).status_code == 429
    assert sign_in(ada, "ada_l", PASSWORD).status_code == 200


def test_fifty_guesses_at_once_by_name_and_address_are_ten(limited):
    def send(number: int, path: str, key: str, value: str):
        visitor = limited.visitor(f"198.51.100.{number}")
        return visitor.send_async("POST", path, {key: value, "password": "a guess of mine"})

    ways = [("sign-in/username", "username", "ada_l"), ("sign-in/email", "email", ADA)]
    responses = limited.gather(*(send(number, *ways[number % 2]) for number in range(50)))
    statuses = [response.status_code for response in responses]
    assert statuses.count(401) == 10
    assert set(statuses) <= {401, 429, 503}


@pytest.fixture
def proving(start_mailing) -> Gatehouse:
    """Where addresses are verified first. TAKEN has a verified account."""
    gatehouse = start_mailing(
        require_verified_email=True,
        resend_verification_on_sign_in=True,
        verification_link_lifetime=60,
    )
    gatehouse.visitor().sign_up(TAKEN)
    gatehouse.execute(update(users).values(email_verified=True))
    gatehouse.clock.advance(seconds=60)  # this sign-up is over
    gatehouse.visitor().sign_in("nobody@example.com")  # the first looks for the kinds of hashes
    return gatehouse


def sign_up(visitor: Visitor, email: str, name: str, password: str = MINE):
    response = visitor.sign_up(email, password, username=name)
    assert response.status_code == 200
    assert response.json()["user"]["username"] == name.lower()
    return response


def is_available(gatehouse: Gatehouse, name: str) -> bool:
    response = gatehouse.visitor().post("is-username-available", {"username": name})
    return bool(response.json()["available"])


def test_a_sign_up_that_reveals_nothing_reserves_no_name(proving):
    for email, name in ((FREE, "name_1"), (TAKEN, "name_2")):
        sign_up(proving.visitor(), email, name)
        assert is_available(proving, name)
    assert proving.rows(select(users.c.username)) == [(None,), (None,)]


@pytest.mark.parametrize(
    "settings", [{"require_verified_email": True}, {"sign_in_after_sign_up": False}]
)
def test_its_response_depends_on_the_name_alone(start_mailing, rounds, settings):
    gatehouse = start_mailing(**settings)
    gatehouse.visitor().sign_up(TAKEN)
    gatehouse.execute(update(users).values(email_verified=True, username="in_use"))
    for name, status in (("is_free", 200), ("in_use", 400)):
        observations = [
            observe(
                gatehouse,
                rounds,
                lambda visitor, email=email, name=name: visitor.sign_up(email, MINE, username=name),
            )
            for email in (TAKEN, f"{name}@example.com")
        ]
        for observation in observations:
            assert observation[0] == status
        assert observations[0][4] == observations[1][4]  # the work
        if status == 400:
            assert observations[0] == observations[1]


def test_the_name_of_a_pending_sign_up_signs_in_alike(proving, rounds, mailbox):
    names = {FREE: "name_1", TAKEN: "name_2"}
    for email, name in names.items():
        sign_up(proving.visitor(), email, name)
    for password, code in ((MINE, "EMAIL_NOT_VERIFIED"), ("a wrong guess", WRONG)):
        observations = [
            observe(
                proving,
                rounds,
                lambda visitor, name=name, password=password: sign_in(visitor, name, password),
            )
            for name in names.values()
        ]
        assert observations[0] == observations[1]
        assert json.loads(observations[0][1]) == refusal(code)
    kinds = [mail.kind for mail in mailbox.all(FREE)]
    assert kinds == ["verify", "verify"]  # at sign-up, and at the sign-in with the right password


def test_it_never_opens_the_account_whose_address_it_named(proving):
    mallory = proving.visitor()
    sign_up(mallory, TAKEN, "mine")
    assert sign_in(mallory, "mine", MINE).json() == refusal("EMAIL_NOT_VERIFIED")
    assert sign_in(mallory, "mine", PASSWORD).json() == refusal(WRONG)
    assert mallory.session() is None


def test_the_guesses_of_a_pending_name_are_those_of_its_address(start_mailing):
    gatehouse = start_mailing(require_verified_email=True, rate_limits=True)
    gatehouse.visitor("203.0.113.50").sign_up(ADA, username="ada_l")
    statuses = guess(gatehouse, by_name, 6) + guess(gatehouse, by_address, 6)
    assert statuses == [401] * 10 + [429] * 2


def verify(gatehouse: Gatehouse, mailbox, browser: Visitor, email: str) -> None:
    open_link(browser, mailbox.last("verify", email))
    ((verified,),) = gatehouse.rows(select(users.c.email_verified).where(users.c.email == email))
    assert verified


def username_of(gatehouse: Gatehouse, email: str) -> tuple[str | None, str | None]:
    columns = (users.c.username, users.c.display_username)
    ((username, display),) = gatehouse.rows(select(*columns).where(users.c.email == email))
    return username, display


def test_the_account_gets_its_name_with_the_link(proving, mailbox):
    ada = proving.visitor()
    sign_up(ada, FREE, "Ada_L")
    verify(proving, mailbox, ada, FREE)
    assert username_of(proving, FREE) == ("ada_l", "Ada_L")
    assert not is_available(proving, "ada_l")
    assert sign_in(ada, "ada_l", MINE).status_code == 200


def test_or_with_a_later_one(proving, mailbox, clock):
    ada = proving.visitor()
    sign_up(ada, FREE, "Ada_L")
    clock.advance(seconds=60)
    assert ada.sign_in(FREE, MINE).json() == refusal("EMAIL_NOT_VERIFIED")  # mails another
    verify(proving, mailbox, ada, FREE)
    assert username_of(proving, FREE) == ("ada_l", "Ada_L")


def test_or_with_a_reset(proving, mailbox):
    ada = proving.visitor()
    sign_up(ada, FREE, "Ada_L")
    ada.post("request-password-reset", {"email": FREE})
    payload = {"newPassword": PASSWORD, "token": mailbox.last("reset", FREE).token}
    assert ada.post("reset-password", payload).status_code == 200
    assert username_of(proving, FREE) == ("ada_l", "Ada_L")


def test_or_when_an_admin_vouches_for_the_address(proving):
    proving.execute(update(users).values(role="admin"))
    sign_up(proving.visitor(), FREE, "Ada_L")
    root = proving.visitor()
    root.sign_in(TAKEN)
    payload = {"userId": str(proving.user_id(FREE)), "data": {"emailVerified": True}}
    assert root.post("admin/update-user", payload).json()["username"] == "ada_l"
    assert username_of(proving, FREE) == ("ada_l", "Ada_L")


def test_of_two_who_chose_one_name_the_first_to_verify_has_it(proving, mailbox):
    emails = ("first@example.com", "second@example.com")
    browsers = [proving.visitor() for _ in emails]
    for browser, email in zip(browsers, emails, strict=True):
        sign_up(browser, email, "Wanted")
    for browser, email in reversed(list(zip(browsers, emails, strict=True))):
        verify(proving, mailbox, browser, email)
    assert username_of(proving, emails[0]) == (None, None)
    assert username_of(proving, emails[1]) == ("wanted", "Wanted")
    assert browsers[0].sign_in(emails[0], MINE).status_code == 200


def test_of_several_who_chose_an_address_the_browser_of_the_link_decides(proving, mailbox):
    squatter, owner = proving.visitor(), proving.visitor()
    sign_up(squatter, FREE, "squatters_choice", "a password of theirs")
    sign_up(owner, FREE, "owners_choice")
    verify(proving, mailbox, owner, FREE)
    assert username_of(proving, FREE) == ("owners_choice", "owners_choice")


def test_and_opened_elsewhere_the_account_gets_no_name(proving, mailbox):
    squatter, owner = proving.visitor(), proving.visitor()
    sign_up(squatter, FREE, "squatters_choice", "a password of theirs")
    sign_up(owner, FREE, "owners_choice")
    verify(proving, mailbox, proving.visitor(), FREE)
    assert username_of(proving, FREE)[0] is None
    assert is_available(proving, "squatters_choice")


def test_as_better_auth_a_sign_up_reserves_its_name_at_once(start_mailing):
    gatehouse = start_mailing(require_verified_email=True, strict=False)
    ada = gatehouse.visitor()
    sign_up(ada, FREE, "Ada_L")
    assert not is_available(gatehouse, "ada_l")
    assert sign_in(ada, "ada_l", MINE).json() == refusal("EMAIL_NOT_VERIFIED")


def test_of_fifty_sign_ups_with_one_name_on_two_replicas_one_has_it(start, postgres_url):
    settings = {"database_url": postgres_url, "hash_queue": 64}
    replicas = [start(**settings), start(**settings)]

    def send(number: int):
        visitor = replicas[number % 2].visitor(f"198.51.100.{number}")
        fields = {"name": "Ada", "password": PASSWORD, "username": "Wanted"}
        return visitor.send_async(
            "POST", "sign-up/email", {**fields, "email": f"{number}@example.com"}
        )

    responses = replicas[0].gather(*map(send, range(50)))

    refused = [response.json() for response in responses if response.status_code != 200]
    assert refused == [refusal("USERNAME_IS_ALREADY_TAKEN")] * 49
    assert replicas[0].rows(select(users.c.username)) == [("wanted",)]
