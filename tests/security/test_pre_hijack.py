"""Accounts made in somebody else's name, before that person comes (USENIX Security 2022).

Mallory signs up with Ada's address and prepares what she can. Then Ada comes, proves that she reads
the mail of that address, and from then on nothing of Mallory's works.
"""

import pytest
from sqlalchemy import select

from backend.storage.tables import users
from tests.mailbox import open_link
from tests.make import PASSWORD
from tests.scene import refusal

ADA, MALLORYS = "ada@example.com", "mallory@evil.example"
PREPARED = "mallory waits here"


def reset_password(gatehouse, mailbox, password=PASSWORD):
    """Request a new password for Ada, and use the link."""
    gatehouse.visitor().post("request-password-reset", {"email": ADA})
    body = {"token": mailbox.last("reset").token, "newPassword": password}
    assert gatehouse.visitor().post("reset-password", body).status_code == 200


def test_after_a_reset_nothing_that_was_prepared_works(any_mailing_gatehouse, mailbox):
    gatehouse = any_mailing_gatehouse
    mallory = gatehouse.visitor()
    mallory.sign_up(ADA, PREPARED)
    mallory.post("change-email", {"newEmail": MALLORYS})
    gatehouse.visitor().post("request-password-reset", {"email": ADA})
    earlier = mailbox.last("reset")

    reset_password(gatehouse, mailbox)

    assert mallory.session() is None
    assert gatehouse.visitor().sign_in(ADA, PREPARED).status_code == 401
    trojan = open_link(gatehouse.visitor(), mailbox.last("verify", MALLORYS))
    assert trojan.headers["location"] == "/?error=INVALID_TOKEN"
    again = {"token": earlier.token, "newPassword": PREPARED}
    assert gatehouse.visitor().post("reset-password", again).json() == refusal("INVALID_TOKEN")
    ada = gatehouse.visitor()
    assert ada.sign_in(ADA, PASSWORD).status_code == 200
    assert ada.session()["user"]["email"] == ADA


def test_not_even_without_strict_is_a_change_of_address_left_behind(start_mailing, mailbox):
    gatehouse = start_mailing(strict=False, reset_revokes_sessions=False)
    mallory = gatehouse.visitor()
    mallory.sign_up(ADA, PREPARED)
    mallory.post("change-email", {"newEmail": MALLORYS})

    reset_password(gatehouse, mailbox)

    trojan = open_link(gatehouse.visitor(), mailbox.last("verify", MALLORYS))
    assert trojan.headers["location"] == "/?error=INVALID_TOKEN"


def test_the_proof_of_the_address_ends_a_change_that_was_prepared(mailing_gatehouse, mailbox):
    mallory = mailing_gatehouse.visitor()
    mallory.sign_up(ADA, PREPARED)
    mallory.post("change-email", {"newEmail": MALLORYS})
    trojan = mailbox.last("verify", MALLORYS)

    open_link(mailing_gatehouse.visitor(), mailbox.last("verify"))

    assert (
        open_link(mailing_gatehouse.visitor(), trojan).headers["location"]
        == "/?error=INVALID_TOKEN"
    )
    assert mailing_gatehouse.rows(select(users.c.email)) == [(ADA,)]


class TestWhereAnAddressMustBeProved:
    """REQUIRE_VERIFIED_EMAIL: a click proves the mailbox, not who chose the password."""

    @pytest.fixture
    def proving(self, start_mailing):
        return start_mailing(require_verified_email=True, sign_in_after_verification=True)

    @pytest.fixture(params=["Mallory first", "Ada first"])
    def adas(self, request, proving, mailbox):
        """Ada's browser; she and Mallory have signed up with her address, in either order."""
        ada, mallory = proving.visitor(), proving.visitor()
        sign_ups = [(mallory, PREPARED, "Mallory"), (ada, PASSWORD, "Ada")]
        for visitor, password, name in sign_ups if "Mallory" in request.param else sign_ups[::-1]:
            visitor.sign_up(ADA, password, name=name)
        assert mailbox.kinds() == ["verify", "verify"]
        return ada

    def can_sign_in(self, gatehouse):
        return [
            password
            for password in (PREPARED, PASSWORD)
            if gatehouse.visitor().sign_in(ADA, password).status_code == 200
        ]

    @pytest.mark.parametrize("clicked", [0, 1])
    def test_whichever_link_is_clicked_it_only_verifies(self, proving, adas, mailbox, clicked):
        elsewhere = proving.visitor()
        open_link(elsewhere, mailbox.all(ADA, "verify")[clicked])

        assert proving.rows(select(users.c.email_verified)) == [(True,)]
        assert elsewhere.session() is None
        assert self.can_sign_in(proving) == []
        assert "choose" in mailbox.last("notice").text.lower()
        reset_password(proving, mailbox)
        assert self.can_sign_in(proving) == [PASSWORD]

    @pytest.mark.parametrize("clicked", [0, 1])
    def test_in_the_browser_that_signed_up_it_brings_what_was_chosen_there(
        self, proving, adas, mailbox, clicked
    ):
        open_link(adas, mailbox.all(ADA, "verify")[clicked])

        assert adas.session()["user"]["name"] == "Ada"
        assert proving.rows(select(users.c.name)) == [("Ada",)]
        assert self.can_sign_in(proving) == [PASSWORD]

    @pytest.mark.parametrize("clicked", [0, 1])
    def test_once_it_is_decided_the_other_link_does_nothing(self, proving, adas, mailbox, clicked):
        links = mailbox.all(ADA, "verify")
        open_link(adas, links.pop(clicked))
        open_link(proving.visitor(), links[0])

        assert self.can_sign_in(proving) == [PASSWORD]

    def test_the_mail_cap_lets_nobody_win(self, start_mailing, mailbox):
        """No mail of Ada's own sign-up is sent: the newest in her box is of Mallory's."""
        gatehouse = start_mailing(
            require_verified_email=True, sign_in_after_verification=True, rate_limits=True
        )
        for number in range(4):
            gatehouse.visitor(f"198.51.100.{number}").sign_up(ADA, PREPARED)
        sent = len(mailbox.all(ADA))
        ada = gatehouse.visitor()
        ada.sign_up(ADA, PASSWORD)
        assert len(mailbox.all(ADA)) == sent

        elsewhere = gatehouse.visitor("203.0.113.8")
        open_link(elsewhere, mailbox.last("verify"))

        assert elsewhere.session() is None
        at = iter(range(20, 30))
        for password in (PREPARED, PASSWORD):
            response = gatehouse.visitor(f"203.0.113.{next(at)}").sign_in(ADA, password)
            assert response.json() == refusal("INVALID_EMAIL_OR_PASSWORD")

    def test_nor_does_it_keep_out_the_browser_that_signed_up(self, start_mailing, mailbox):
        gatehouse = start_mailing(require_verified_email=True, rate_limits=True)
        for number in range(4):
            gatehouse.visitor(f"198.51.100.{number}").sign_up(ADA, PREPARED)
        ada = gatehouse.visitor()
        ada.sign_up(ADA, PASSWORD)
        open_link(ada, mailbox.last("verify"))

        assert gatehouse.visitor("203.0.113.9").sign_in(ADA, PREPARED).status_code == 401
        assert gatehouse.visitor("203.0.113.10").sign_in(ADA, PASSWORD).status_code == 200

    def test_until_then_no_password_opens_anything(self, proving, adas):
        assert self.can_sign_in(proving) == []

    def test_a_link_that_anybody_may_ask_for_brings_no_password(self, proving, adas, mailbox):
        proving.visitor().post("send-verification-email", {"email": ADA})
        open_link(proving.visitor(), mailbox.last("verify"))

        assert self.can_sign_in(proving) == []

    def test_what_a_browser_kept_of_another_sign_up_brings_nothing(
        self, proving, adas, mailbox, clock
    ):
        other = proving.visitor()
        other.sign_up("grace@example.com", "some other password")
        open_link(other, mailbox.last("verify"))

        assert self.can_sign_in(proving) == []
        assert proving.visitor().sign_in(ADA, "some other password").status_code == 401

    def test_what_it_kept_is_good_as_long_as_a_link(self, proving, adas, mailbox, clock):
        clock.advance(seconds=proving.settings.verification_link_lifetime)
        proving.visitor().post("send-verification-email", {"email": ADA})
        open_link(adas, mailbox.last("verify"))

        assert self.can_sign_in(proving) == []

    def test_a_reset_decides_it_and_nobody_takes_it_back(self, proving, adas, mailbox):
        links = mailbox.all(ADA, "verify")
        reset_password(proving, mailbox, "chosen in the end")
        proving.visitor().sign_up(ADA, PREPARED)
        for link in links:
            open_link(adas, link)

        assert self.can_sign_in(proving) == []
        assert proving.visitor().sign_in(ADA, "chosen in the end").status_code == 200

    def test_sessions_from_before_end_with_another_sign_up(self, start_mailing, mailbox):
        """REQUIRE_VERIFIED_EMAIL was switched on after Mallory had got in."""
        before = start_mailing()
        mallory = before.visitor()
        mallory.sign_up(ADA, PREPARED)
        before.close()
        now = start_mailing(require_verified_email=True)
        browser = now.visitor()
        browser.cookies = dict(mallory.cookies)
        assert browser.session() is not None

        ada = now.visitor()
        ada.sign_up(ADA, PASSWORD)
        open_link(ada, mailbox.last("verify"))

        assert browser.session() is None
        assert self.can_sign_in(now) == [PASSWORD]

    def test_who_signs_up_alone_may_click_anywhere(self, proving, mailbox):
        proving.visitor().sign_up(ADA)
        phone = proving.visitor()
        open_link(phone, mailbox.last("verify"))

        assert phone.session()["user"]["email"] == ADA
        assert self.can_sign_in(proving) == [PASSWORD]

    def test_without_strict_the_first_password_stays(self, start_mailing, mailbox):
        gatehouse = start_mailing(require_verified_email=True, strict=False)
        gatehouse.visitor().sign_up(ADA, PASSWORD)
        gatehouse.visitor().sign_up(ADA, PREPARED)
        open_link(gatehouse.visitor(), mailbox.last("verify"))

        assert self.can_sign_in(gatehouse) == [PASSWORD]


class TestWhereAnAddressNeedNotBeProved:
    """Whoever signs up is in at once; a second sign-up for the address is refused, and contests it.

    The account goes on as it is until somebody proves to read the mail of the address.
    """

    @pytest.fixture(params=[True, False], ids=["the click signs in", "the click only verifies"])
    def open_to_all(self, request, start_mailing):
        return start_mailing(sign_in_after_verification=request.param)

    @pytest.fixture
    def mallory(self, open_to_all):
        """Mallory's browser. She has signed up with Ada's address, and Ada has tried to."""
        mallory = open_to_all.visitor()
        mallory.sign_up(ADA, PREPARED)
        mallory.post("change-email", {"newEmail": MALLORYS})
        taken = open_to_all.visitor().sign_up(ADA, PASSWORD)
        assert taken.json() == refusal("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
        return mallory

    def verified(self, gatehouse):
        return gatehouse.rows(select(users.c.email_verified)) == [(True,)]

    def test_the_click_verifies_and_nothing_is_left_to_who_came_first(
        self, open_to_all, mallory, mailbox
    ):
        ada = open_to_all.visitor()
        open_link(ada, mailbox.last("verify"))

        assert self.verified(open_to_all)
        assert (ada.session(), mallory.session()) == (None, None)
        assert open_to_all.visitor().sign_in(ADA, PREPARED).status_code == 401
        trojan = open_link(open_to_all.visitor(), mailbox.last("verify", MALLORYS))
        assert trojan.headers["location"] == "/?error=INVALID_TOKEN"
        assert "choose" in mailbox.last("notice").text.lower()
        reset_password(open_to_all, mailbox)
        assert open_to_all.visitor().sign_in(ADA, PASSWORD).status_code == 200

    def test_it_makes_no_difference_who_asked_for_the_link(self, open_to_all, mallory, mailbox):
        mallory.post("send-verification-email", {"email": ADA})
        open_link(open_to_all.visitor(), mailbox.last("verify"))

        assert mallory.session() is None
        assert open_to_all.visitor().sign_in(ADA, PREPARED).status_code == 401

    def test_until_then_a_stranger_cannot_take_anybodys_account_away(self, open_to_all, mallory):
        assert mallory.session()["user"]["email"] == ADA
        assert open_to_all.visitor().sign_in(ADA, PREPARED).status_code == 200

    @pytest.mark.parametrize("signed_out", [False, True])
    def test_in_a_browser_where_the_password_was_used_it_stays(
        self, open_to_all, mailbox, signed_out
    ):
        ada = open_to_all.member(ADA)
        elsewhere = open_to_all.visitor()
        elsewhere.sign_in(ADA)
        open_to_all.visitor().sign_up(ADA, PREPARED)
        if signed_out:
            ada.post("sign-out")
        open_link(ada, mailbox.last("verify"))

        assert self.verified(open_to_all)
        assert elsewhere.session() is not None
        assert open_to_all.visitor().sign_in(ADA, PASSWORD).status_code == 200
        by_click = open_to_all.settings.sign_in_after_verification
        assert (ada.session() is not None) == (by_click or not signed_out)

    def test_a_password_from_a_reset_is_the_owners(self, open_to_all, mallory, mailbox):
        reset_password(open_to_all, mailbox)
        open_to_all.visitor().post("send-verification-email", {"email": ADA})
        open_link(open_to_all.visitor(), mailbox.last("verify"))

        assert self.verified(open_to_all)
        assert open_to_all.visitor().sign_in(ADA, PASSWORD).status_code == 200

    def test_an_address_that_is_proved_is_not_contested(self, open_to_all, mailbox):
        ada = open_to_all.member(ADA)
        open_link(ada, mailbox.last("verify"))
        open_to_all.visitor().sign_up(ADA, PREPARED)

        assert open_to_all.rows(select(users.c.email_contested)) == [(False,)]

    def test_who_signs_up_alone_may_click_anywhere(self, open_to_all, mailbox):
        open_to_all.member(ADA)
        phone = open_to_all.visitor()
        open_link(phone, mailbox.last("verify"))

        signed_in = phone.session() is not None
        assert signed_in == open_to_all.settings.sign_in_after_verification
        assert open_to_all.visitor().sign_in(ADA, PASSWORD).status_code == 200

    def test_a_link_that_a_stranger_asked_for_signs_nobody_in(self, open_to_all, mailbox):
        mallory = open_to_all.member(ADA)
        ada = open_to_all.visitor()
        ada.post("send-verification-email", {"email": ADA})
        open_link(ada, mailbox.last("verify"))

        assert self.verified(open_to_all)
        assert ada.session() is None
        assert mallory.session() is not None

    def test_without_strict_the_first_password_stays(self, start_mailing, mailbox):
        gatehouse = start_mailing(sign_in_after_verification=True, strict=False)
        gatehouse.member(ADA)
        gatehouse.visitor().sign_up(ADA, PREPARED)
        gatehouse.visitor().post("send-verification-email", {"email": ADA})
        phone = gatehouse.visitor()
        open_link(phone, mailbox.last("verify"))

        assert phone.session()["user"]["email"] == ADA
        assert gatehouse.visitor().sign_in(ADA, PASSWORD).status_code == 200


def test_whoever_wants_a_taken_address_contests_it_on_each_kind_of_database(start_on, mailbox):
    gatehouse = start_on(mailbox_file=mailbox.file)
    mallory = gatehouse.member(ADA)
    gatehouse.visitor().sign_up(ADA, PREPARED)
    assert mallory.session() is not None
    open_link(gatehouse.visitor(), mailbox.last("verify"))

    assert mallory.session() is None
    contested = select(users.c.email_verified, users.c.email_contested, users.c.password_hash)
    assert gatehouse.rows(contested) == [(True, False, None)]
