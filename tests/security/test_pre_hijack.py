"""Accounts made in somebody else's name, before that person comes (USENIX Security 2022).

Mallory signs up with Ada's address and prepares what she can. Then Ada comes, proves that she reads
the mail of that address, and from then on nothing of Mallory's works.
"""

import pytest
from sqlalchemy import select

from backend.storage.tables import users
from tests.letterbox import clicks
from tests.make import PASSWORD
from tests.scene import refusal

ADA, MALLORYS = "ada@example.com", "mallory@evil.example"
PREPARED = "mallory waits here"


def resets(gatehouse, letterbox, password=PASSWORD):
    """Ada asks for a new password and uses the link."""
    gatehouse.visitor().post("request-password-reset", {"email": ADA})
    body = {"token": letterbox.last("reset").token, "newPassword": password}
    assert gatehouse.visitor().post("reset-password", body).status_code == 200


def test_after_a_reset_nothing_that_was_prepared_works(posting_anywhere, letterbox):
    gatehouse = posting_anywhere
    mallory = gatehouse.visitor()
    mallory.signs_up(ADA, PREPARED)
    mallory.post("change-email", {"newEmail": MALLORYS})
    gatehouse.visitor().post("request-password-reset", {"email": ADA})
    earlier = letterbox.last("reset")

    resets(gatehouse, letterbox)

    assert mallory.session() is None
    assert gatehouse.visitor().signs_in(ADA, PREPARED).status_code == 401
    trojan = clicks(gatehouse.visitor(), letterbox.last("verify", MALLORYS))
    assert trojan.headers["location"] == "/?error=INVALID_TOKEN"
    again = {"token": earlier.token, "newPassword": PREPARED}
    assert gatehouse.visitor().post("reset-password", again).json() == refusal("INVALID_TOKEN")
    ada = gatehouse.visitor()
    assert ada.signs_in(ADA, PASSWORD).status_code == 200
    assert ada.session()["user"]["email"] == ADA


def test_not_even_without_strict_is_a_change_of_address_left_behind(start_posting, letterbox):
    gatehouse = start_posting(strict=False, reset_revokes_sessions=False)
    mallory = gatehouse.visitor()
    mallory.signs_up(ADA, PREPARED)
    mallory.post("change-email", {"newEmail": MALLORYS})

    resets(gatehouse, letterbox)

    trojan = clicks(gatehouse.visitor(), letterbox.last("verify", MALLORYS))
    assert trojan.headers["location"] == "/?error=INVALID_TOKEN"


def test_the_proof_of_the_address_ends_a_change_that_was_prepared(posting, letterbox):
    mallory = posting.visitor()
    mallory.signs_up(ADA, PREPARED)
    mallory.post("change-email", {"newEmail": MALLORYS})
    trojan = letterbox.last("verify", MALLORYS)

    clicks(posting.visitor(), letterbox.last("verify"))

    assert clicks(posting.visitor(), trojan).headers["location"] == "/?error=INVALID_TOKEN"
    assert posting.rows(select(users.c.email)) == [(ADA,)]


class TestWhereAnAddressMustBeProved:
    """REQUIRE_VERIFIED_EMAIL: every sign-up has a link, and each link its own password."""

    @pytest.fixture
    def signed_up_twice(self, start_posting, letterbox):
        """Mallory has signed up with Ada's address, and then Ada."""
        gatehouse = start_posting(require_verified_email=True)
        gatehouse.visitor().signs_up(ADA, PREPARED, name="Mallory")
        gatehouse.visitor().signs_up(ADA, PASSWORD, name="Ada")
        assert letterbox.kinds() == ["verify", "verify"]
        return gatehouse

    def can_sign_in(self, gatehouse):
        return [
            password
            for password in (PREPARED, PASSWORD)
            if gatehouse.visitor().signs_in(ADA, password).status_code == 200
        ]

    @pytest.mark.parametrize(("clicked", "in_"), [(0, PREPARED), (1, PASSWORD)])
    def test_a_link_activates_the_password_of_its_own_sign_up(
        self, signed_up_twice, letterbox, clicked, in_
    ):
        clicks(signed_up_twice.visitor(), letterbox.all(ADA)[clicked])

        assert self.can_sign_in(signed_up_twice) == [in_]

    def test_the_account_is_named_as_in_that_sign_up(self, signed_up_twice, letterbox):
        clicks(signed_up_twice.visitor(), letterbox.last("verify"))

        assert signed_up_twice.rows(select(users.c.name)) == [("Ada",)]

    def test_once_one_has_won_the_other_link_does_nothing(self, signed_up_twice, letterbox):
        first, second = letterbox.all(ADA)
        clicks(signed_up_twice.visitor(), second)
        clicks(signed_up_twice.visitor(), first)

        assert self.can_sign_in(signed_up_twice) == [PASSWORD]

    def test_until_then_no_password_is_right(self, signed_up_twice):
        answers = [
            signed_up_twice.visitor().signs_in(ADA, password) for password in (PREPARED, PASSWORD)
        ]

        assert {answer.json()["code"] for answer in answers} == {"INVALID_EMAIL_OR_PASSWORD"}

    def test_a_link_that_anybody_may_ask_for_activates_no_password(
        self, signed_up_twice, letterbox
    ):
        signed_up_twice.visitor().post("send-verification-email", {"email": ADA})
        clicks(signed_up_twice.visitor(), letterbox.last("verify"))

        assert self.can_sign_in(signed_up_twice) == []
        resets(signed_up_twice, letterbox)
        assert self.can_sign_in(signed_up_twice) == [PASSWORD]

    def test_a_reset_decides_it_too(self, signed_up_twice, letterbox):
        links = letterbox.all(ADA, "verify")
        resets(signed_up_twice, letterbox, "chosen in the end")
        for link in links:
            assert clicks(signed_up_twice.visitor(), link).headers["location"].endswith("TOKEN")

        refused = signed_up_twice.visitor().signs_in(ADA, "chosen in the end")
        assert refused.json() == refusal("EMAIL_NOT_VERIFIED")
        signed_up_twice.visitor().post("send-verification-email", {"email": ADA})
        clicks(signed_up_twice.visitor(), letterbox.last("verify"))
        assert signed_up_twice.visitor().signs_in(ADA, "chosen in the end").status_code == 200
        assert self.can_sign_in(signed_up_twice) == []

    def test_sessions_from_before_end_with_another_sign_up(self, start_posting, letterbox):
        """REQUIRE_VERIFIED_EMAIL was switched on after Mallory had got in."""
        before = start_posting()
        mallory = before.visitor()
        mallory.signs_up(ADA, PREPARED)
        before.close()
        now = start_posting(require_verified_email=True)
        browser = now.visitor()
        browser.cookies = dict(mallory.cookies)
        assert browser.session() is not None

        now.visitor().signs_up(ADA, PASSWORD)
        clicks(now.visitor(), letterbox.last("verify"))

        assert browser.session() is None
        assert self.can_sign_in(now) == [PASSWORD]
