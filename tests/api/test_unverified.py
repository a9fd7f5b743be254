"""Signing up and in where an address must be proved first: REQUIRE_VERIFIED_EMAIL."""

import pytest
from sqlalchemy import select, update

from backend.storage.tables import links, users
from tests.mailbox import open_link
from tests.scene import cookies_of, events_after, refusal

ADA = "ada@example.com"


@pytest.fixture
def proving(start_mailing):
    return start_mailing(require_verified_email=True)


def test_a_sign_up_gives_no_session(proving, mailbox):
    ada = proving.visitor()
    response = ada.sign_up()

    assert response.json()["token"] is None
    assert response.json()["user"]["email"] == ADA
    assert cookies_of(response) == ["sign_up 3600"]
    assert ada.session() is None
    assert mailbox.kinds() == ["verify"]


def test_without_strict_there_are_no_cookies_at_all(start_mailing):
    ada = start_mailing(require_verified_email=True, strict=False).visitor()
    ada.sign_up()
    assert ada.cookies == {}


def test_nobody_gets_in_before_the_click_and_everybody_after_it(proving, mailbox):
    proving.visitor().sign_up()
    ada = proving.visitor()

    refused = ada.sign_in()
    assert (refused.status_code, refused.json()) == (403, refusal("EMAIL_NOT_VERIFIED"))
    assert ada.sign_in(password="a wrong one").json() == refusal("INVALID_EMAIL_OR_PASSWORD")
    assert ada.cookies == {}
    open_link(proving.visitor(), mailbox.last("verify"))
    assert ada.sign_in().status_code == 200
    assert mailbox.kinds() == ["verify"]


def test_a_taken_address_looks_like_a_free_one(proving):
    free, taken = (proving.visitor().sign_up() for _ in range(2))

    assert (free.status_code, taken.status_code) == (200, 200)
    assert free.headers.keys() == taken.headers.keys()
    one, other = free.json()["user"], taken.json()["user"]
    assert (list(free.json()), list(one)) == (list(taken.json()), list(other))
    assert {name for name in one if one[name] != other[name]} == {"id"}


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "not strict"])
@pytest.mark.parametrize("verified", [True, False], ids=["verified", "unverified"])
def test_a_taken_address_costs_what_a_free_one_costs(start_mailing, strict, verified):
    gatehouse = start_mailing(require_verified_email=True, strict=strict)
    results = {}
    for attempt in ("new", "known"):
        with gatehouse.statements() as statements:
            gatehouse.visitor().sign_up()
        results[attempt] = [each.split(" (")[0] for each in statements]
        gatehouse.execute(update(users).values(email_verified=verified))

    assert results["new"] == results["known"]
    inserts = [each for each in results["new"] if each.startswith("INSERT")]
    assert len(inserts) == 5  # user, sign-up, event, link, mail


def test_its_owner_is_told_of_a_sign_up(proving, mailbox):
    proving.visitor().sign_up()
    open_link(proving.visitor(), mailbox.last("verify"))

    before = proving.events()
    proving.visitor().sign_up(password="somebody else's")

    assert mailbox.kinds() == ["verify", "notice"]
    assert "tried to sign up" in mailbox.last("notice").text
    assert events_after(proving, before) == ["sign_up_failed"]
    assert proving.visitor().sign_in().status_code == 200


def test_its_owner_is_told_three_times_an_hour(start_mailing, mailbox):
    gatehouse = start_mailing(require_verified_email=True, rate_limits=True)
    gatehouse.visitor().sign_up()
    open_link(gatehouse.visitor(), mailbox.last("verify"))

    responses = [gatehouse.visitor(f"203.0.113.{at}").sign_up() for at in range(6)]

    assert {response.status_code for response in responses} == {200}
    assert mailbox.kinds() == ["verify", "notice", "notice", "notice"]


def test_without_strict_nobody_is_told_and_the_first_password_stays(start_mailing, mailbox):
    gatehouse = start_mailing(require_verified_email=True, strict=False)
    gatehouse.visitor().sign_up()
    gatehouse.visitor().sign_up(password="somebody else's")

    assert mailbox.kinds() == ["verify"]
    mailed = select(links.c.data).where(links.c.kind == "verify-email")
    assert gatehouse.rows(mailed) == [({},), ({},)]
    open_link(gatehouse.visitor(), mailbox.last("verify"))
    assert gatehouse.visitor().sign_in().status_code == 200


def test_a_refused_sign_in_mails_another_link_where_that_is_wanted(start_mailing, mailbox):
    gatehouse = start_mailing(
        require_verified_email=True, resend_verification_on_sign_in=True, rate_limits=True
    )
    gatehouse.visitor().sign_up()

    gatehouse.visitor().sign_in(callbackURL="/then")
    assert open_link(gatehouse.visitor(), mailbox.last("verify")).headers["location"] == "/then"

    gatehouse.execute(update(users).values(email_verified=False))
    for at in range(8):
        response = gatehouse.visitor(f"203.0.113.{at}").sign_in()
        assert response.json() == refusal("EMAIL_NOT_VERIFIED")
    assert mailbox.kinds() == ["verify"] * 4  # one for the sign-up, three an hour


def test_a_wrong_password_mails_nothing(start_mailing, mailbox):
    gatehouse = start_mailing(require_verified_email=True, resend_verification_on_sign_in=True)
    gatehouse.visitor().sign_up()
    gatehouse.visitor().sign_in(password="a wrong one")

    assert mailbox.kinds() == ["verify"]
