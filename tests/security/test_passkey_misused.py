"""Threat: a passkey's answer that was meant for something else.

For another page, domain, browser, purpose or user; given before; or made by another authenticator.
"""

import cbor2
import pytest
from sqlalchemy import select, update

from backend.storage.tables import passkey_challenges, passkeys, sessions
from tests.admins import ADA, make_admin, user_id_of
from tests.authenticator import (
    Authenticator,
    add_passkey,
    answer,
    ask,
    encode,
    give_passkey,
    sign_in_with,
    try_to_add,
)
from tests.in_process import Gatehouse, Visitor
from tests.scene import events_after, refusal

EVIL = "https://evil.example"
GRACE = "grace@example.com"
NOT_FOUND = (400, refusal("CHALLENGE_NOT_FOUND"))
FAILED = (400, refusal("AUTHENTICATION_FAILED"))
WRONG_SIGNATURE = (401, refusal("AUTHENTICATION_FAILED"))
NOT_REGISTERED = (400, refusal("FAILED_TO_VERIFY_REGISTRATION"))


@pytest.fixture
def gatehouse(any_mailing_gatehouse: Gatehouse) -> Gatehouse:
    return any_mailing_gatehouse


@pytest.fixture
def ada(gatehouse: Gatehouse) -> Visitor:
    return gatehouse.member(ADA)


@pytest.fixture
def phone(gatehouse: Gatehouse, ada: Visitor) -> Authenticator:
    """Ada's authenticator, whose passkey signs in."""
    give_passkey(gatehouse, ADA, device := Authenticator())
    return device


def outcome(response):
    return response.status_code, response.json()


def signed_for(device: Authenticator, browser: Visitor):
    """What the authenticator signs for a page in this browser."""
    return device.get(ask(browser, "generate-authenticate-options"), browser.origin)


TWISTS = {
    "a page that looks like ours": ({"origin": EVIL}, FAILED),
    "our page without encryption": ({"origin": "http://localhost:80"}, FAILED),
    "a host below ours": ({"origin": "http://evil.localhost:7860"}, FAILED),
    "another domain": ({"rp_id": "evil.example"}, FAILED),
    "another challenge": ({"challenge": encode(b"x" * 32)}, FAILED),
    "another ceremony": ({"client_type": "webauthn.create"}, FAILED),
    "nobody there": ({"is_present": False}, FAILED),
    "another key": ({"spoils_signature": True}, WRONG_SIGNATURE),
}


@pytest.mark.parametrize("twist", TWISTS)
def test_a_twisted_answer_signs_nobody_in_and_uses_up_the_challenge(gatehouse, phone, twist):
    changes, expected = TWISTS[twist]
    browser = gatehouse.visitor()
    options = ask(browser, "generate-authenticate-options")
    right = phone.get(options, browser.origin)
    for name, value in changes.items():
        setattr(phone, name, value)
    before = gatehouse.events()

    assert outcome(answer(browser, phone.get(options, browser.origin))) == expected

    assert events_after(gatehouse, before) == ["sign_in_failed"]
    assert browser.session() is None
    assert gatehouse.rows(select(passkeys.c.sign_count)) == [(0,)]
    assert outcome(answer(browser, right)) == NOT_FOUND


@pytest.mark.parametrize("twist", [each for each in TWISTS if each != "another key"])
def test_a_twisted_registration_stores_nothing(gatehouse, ada, twist):
    changes, _ = TWISTS[twist]
    if "client_type" in changes:
        changes = {"client_type": "webauthn.get"}
    assert outcome(try_to_add(ada, Authenticator(**changes))) == NOT_REGISTERED
    assert gatehouse.rows(select(passkeys.c.id)) == []
    assert gatehouse.rows(select(passkey_challenges.c.id)) == []


def test_an_answer_that_was_given_opens_nothing_again(gatehouse, phone):
    browser = gatehouse.visitor()
    signed = signed_for(phone, browser)
    assert answer(browser, signed).status_code == 200
    assert outcome(answer(browser, signed)) == NOT_FOUND
    thief = gatehouse.visitor()
    ask(thief, "generate-authenticate-options")
    assert outcome(answer(thief, signed)) == FAILED
    assert thief.session() is None


def test_another_browser_cannot_give_the_answer(gatehouse, phone):
    browser, thief = gatehouse.visitor(), gatehouse.visitor()
    signed = signed_for(phone, browser)
    assert outcome(answer(thief, signed)) == NOT_FOUND
    ask(thief, "generate-authenticate-options")
    assert outcome(answer(thief, signed)) == FAILED
    assert answer(browser, signed).status_code == 200


def test_a_cookie_that_this_server_did_not_sign_stands_for_no_browser(gatehouse, phone):
    browser = gatehouse.visitor()
    signed = signed_for(phone, browser)
    (name,) = [each for each in browser.cookies if each.endswith("better-auth-passkey")]
    value = browser.cookies[name]
    for forged in (value[:-10] + "AAAAAAA%3D", value.partition(".")[0], "x" + value):
        browser.cookies[name] = forged
        assert outcome(answer(browser, signed)) == NOT_FOUND
    browser.cookies[name] = value
    assert answer(browser, signed).status_code == 200


def test_a_signed_value_of_another_cookie_is_no_challenge(gatehouse, ada, phone):
    browser = gatehouse.visitor()
    signed = signed_for(phone, browser)
    (name,) = [each for each in browser.cookies if each.endswith("better-auth-passkey")]
    browser.cookies[name] = ada.session_cookie
    assert outcome(answer(browser, signed)) == NOT_FOUND


def test_a_challenge_is_for_one_purpose(gatehouse, ada, phone):
    options = ask(ada, "generate-register-options")
    signed = phone.get(options, ada.origin)
    assert outcome(answer(ada, signed)) == NOT_FOUND
    made = Authenticator().create(options, ada.origin)
    response = ada.post("passkey/verify-registration", {"response": made})
    assert outcome(response) == NOT_FOUND  # the first answer has used it up

    options = ask(ada, "generate-authenticate-options")
    made = Authenticator().create({**options, "rp": {"id": "localhost"}}, ada.origin)
    response = ada.post("passkey/verify-registration", {"response": made})
    assert outcome(response) == NOT_FOUND


def test_a_registration_is_for_who_began_it(gatehouse, ada):
    grace = gatehouse.member(GRACE)
    made = Authenticator().create(ask(ada, "generate-register-options"), ada.origin)
    (name,) = [each for each in ada.cookies if each.endswith("better-auth-passkey")]
    grace.cookies[name] = ada.cookies[name]
    response = grace.post("passkey/verify-registration", {"response": made})
    code = "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY"
    assert outcome(response) == (401, refusal(code))
    assert gatehouse.rows(select(passkeys.c.id)) == []


def test_somebody_elses_passkey_is_neither_renamed_nor_deleted(gatehouse, ada, phone):
    ((passkey_id,),) = gatehouse.rows(select(passkeys.c.id))
    grace = gatehouse.member(GRACE)
    payload = {"id": str(passkey_id), "name": "Mine"}
    renamed = grace.post("passkey/update-passkey", payload)
    code = "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY"
    assert outcome(renamed) == (401, refusal(code))
    deleted = grace.post("passkey/delete-passkey", payload)
    assert (deleted.status_code, deleted.text) == (401, "")
    assert gatehouse.rows(select(passkeys.c.name)) == [(None,)]
    assert grace.get("passkey/list-user-passkeys").json() == []


def test_a_key_of_mine_under_an_id_of_hers_opens_nothing(gatehouse, ada, phone):
    grace = gatehouse.member(GRACE)
    add_passkey(grace, own := Authenticator())
    own.credentials[0].id = phone.credentials[0].id
    assert outcome(sign_in_with(own, gatehouse.visitor())) == WRONG_SIGNATURE


class TestACopy:
    """A counter that goes back: two authenticators have the same key."""

    def test_is_refused_and_its_owner_is_told(self, gatehouse, mailbox, phone):
        assert sign_in_with(phone, gatehouse.visitor()).status_code == 200
        phone.credentials[0].count = 0
        before = gatehouse.events()
        thief = gatehouse.visitor()
        assert outcome(sign_in_with(phone, thief)) == FAILED
        assert thief.session() is None
        assert events_after(gatehouse, before) == ["passkey_copied", "sign_in_failed"]
        assert "seems to have a copy" in mailbox.last("notice", ADA).text
        assert gatehouse.rows(select(passkeys.c.sign_count)) == [(1,)]

    def test_does_not_fill_the_mailbox(self, start_mailing, mailbox):
        gatehouse = start_mailing(rate_limits=True)
        gatehouse.member(ADA)
        give_passkey(gatehouse, ADA, phone := Authenticator())
        gatehouse.execute(update(passkeys).values(sign_count=100))
        for _ in range(5):
            assert outcome(sign_in_with(phone, gatehouse.visitor())) == FAILED
        assert len(mailbox.all(ADA, "notice")) == 3

    def test_that_stops_counting_is_one_too(self, gatehouse, phone):
        assert sign_in_with(phone, gatehouse.visitor()).status_code == 200
        phone.counts, phone.credentials[0].count = False, 0
        assert outcome(sign_in_with(phone, gatehouse.visitor())) == FAILED

    def test_cannot_be_made_up_without_the_key(self, gatehouse, mailbox, phone):
        assert sign_in_with(phone, gatehouse.visitor()).status_code == 200
        phone.credentials[0].count, phone.spoils_signature = 0, True
        before = gatehouse.events()
        assert outcome(sign_in_with(phone, gatehouse.visitor())) == WRONG_SIGNATURE
        assert events_after(gatehouse, before) == ["sign_in_failed"]
        assert mailbox.all(ADA, "notice") == []


def test_of_two_answers_at_once_one_wins(gatehouse, phone):
    browser = gatehouse.visitor()
    signed = signed_for(phone, browser)
    body = {"response": signed}
    number = len(gatehouse.rows(select(sessions.c.id)))
    requests = (browser.send_async("POST", "passkey/verify-authentication", body) for _ in "1234")
    codes = sorted(each.status_code for each in gatehouse.gather(*requests))
    assert codes == [200, 400, 400, 400]
    assert len(gatehouse.rows(select(sessions.c.id))) == number + 1


def test_of_two_copies_at_once_one_wins(gatehouse, phone):
    browsers = [gatehouse.visitor() for _ in "123"]
    answers = []
    for browser in browsers:
        phone.credentials[0].count = 0
        answers.append({"response": signed_for(phone, browser)})
    responses = gatehouse.gather(
        *(
            browser.send_async("POST", "passkey/verify-authentication", body)
            for browser, body in zip(browsers, answers, strict=True)
        )
    )
    assert sorted(each.status_code for each in responses) == [200, 400, 400]


def test_of_two_registrations_of_one_challenge_one_wins(gatehouse, ada):
    options = ask(ada, "generate-register-options")
    requests = (
        ada.send_async(
            "POST",
            "passkey/verify-registration",
            {"response": Authenticator().create(options, ada.origin)},
        )
        for _ in "123"
    )
    codes = sorted(each.status_code for each in gatehouse.gather(*requests))
    assert codes == [200, 400, 400]
    assert len(gatehouse.rows(select(passkeys.c.id))) == 1


def test_an_admin_who_impersonates_can_neither_add_nor_take_away_a_key(gatehouse, ada, phone):
    ((passkey_id,),) = gatehouse.rows(select(passkeys.c.id))
    root = make_admin(gatehouse)
    root.post("admin/impersonate-user", {"userId": user_id_of(gatehouse, ADA)})
    assert root.session()["user"]["email"] == ADA
    for response in (
        root.get("passkey/generate-register-options"),
        root.post("passkey/verify-registration", {"response": {}}),
        root.post("passkey/delete-passkey", {"id": str(passkey_id)}),
    ):
        assert response.status_code == 403
    assert len(gatehouse.rows(select(passkeys.c.id))) == 1


HOSTILE = {
    "nested arrays": b"\x81" * 20_000,
    "nested maps": b"\xa1\x01" * 10_000,
    "a length beyond the end": b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
    "an endless string": b"\x5f" + b"\x41x" * 100,
    "a number": b"\x01",
    "nothing": b"",
    "an unknown kind": cbor2.dumps({"fmt": "mine", "attStmt": {}, "authData": b"x" * 64}),
    "a certificate of nobody": cbor2.dumps(
        {"fmt": "packed", "attStmt": {"x5c": [b"no"], "sig": b"", "alg": -7}, "authData": b"x" * 64}
    ),
    "a tag": cbor2.dumps(cbor2.CBORTag(35, "(a+)+$")),
}


def test_what_no_authenticator_makes_is_refused_and_breaks_nothing(mailing_gatehouse):
    ada = mailing_gatehouse.member(ADA)
    for kind, raw in HOSTILE.items():
        made = Authenticator().create(ask(ada, "generate-register-options"), ada.origin)
        made["response"]["attestationObject"] = encode(raw)
        response = ada.post("passkey/verify-registration", {"response": made})
        assert outcome(response) == NOT_REGISTERED, kind


NONSENSE = (None, 1, "", "!", [], {}, "e30", "AAAA", "a" * 9000)


@pytest.mark.parametrize("kind", ["authenticatorData", "clientDataJSON", "signature"])
def test_an_answer_with_nonsense_in_it_is_refused(mailing_gatehouse, kind):
    mailing_gatehouse.member(ADA)
    give_passkey(mailing_gatehouse, ADA, phone := Authenticator())
    for value in NONSENSE:
        browser = mailing_gatehouse.visitor()
        signed = signed_for(phone, browser)
        signed["response"][kind] = value
        before = mailing_gatehouse.events()
        response = answer(browser, signed)
        assert response.status_code in {400, 401}, response.text
        assert response.json() == refusal("AUTHENTICATION_FAILED")
        assert events_after(mailing_gatehouse, before) == ["sign_in_failed"]
        assert browser.session() is None
