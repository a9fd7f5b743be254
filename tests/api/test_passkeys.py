"""Passkeys: registering, signing in, renaming and deleting, and what Better Auth's client sees."""

import pytest
from sqlalchemy import select, update

from backend.features.housekeeping.service import Housekeeper
from backend.features.passkeys import service
from backend.storage.snapshots.after_restore import invalidate_restored_data
from backend.storage.tables import passkey_challenges, passkeys, sessions, users
from tests.authenticator import (
    Authenticator,
    add_passkey,
    answer,
    ask,
    decode,
    give_passkey,
    sign_in_with,
    try_to_add,
)
from tests.in_process import cookie_lines
from tests.scene import events_after, refusal
from tests.second_factor import enrol

ADA = "ada@example.com"


@pytest.fixture
def gatehouse(start):
    return start()


@pytest.fixture
def ada(gatehouse):
    return gatehouse.member(ADA)


def test_the_options_of_a_registration(ada):
    response = ada.get("passkey/generate-register-options")

    options = response.json()
    assert len(decode(options.pop("challenge"))) == 32
    assert len(decode(options["user"].pop("id"))) == 32
    assert options == {
        "rp": {"name": "Gatehouse", "id": "localhost"},
        "user": {"name": ADA, "displayName": ADA},
        "pubKeyCredParams": [{"alg": each, "type": "public-key"} for each in (-8, -7, -257)],
        "timeout": 60000,
        "attestation": "none",
        "excludeCredentials": [],
        "authenticatorSelection": {
            "residentKey": "preferred",
            "userVerification": "preferred",
            "requireResidentKey": False,
        },
        "extensions": {"credProps": True},
        "hints": [],
    }
    line = cookie_lines(response)["better-auth-passkey"]
    assert line.endswith("; Max-Age=300; Path=/; HttpOnly; SameSite=Lax")


def test_the_query_of_a_registration_says_which_device_and_which_name(ada):
    query = "authenticatorAttachment=cross-platform&name=Work&context=ignored"
    options = ada.get(f"passkey/generate-register-options?{query}").json()
    assert options["user"]["name"] == "Work"
    assert options["user"]["displayName"] == ADA
    assert options["authenticatorSelection"]["authenticatorAttachment"] == "cross-platform"


def test_the_options_of_a_sign_in_name_nobody(gatehouse):
    options = ask(gatehouse.visitor(), "generate-authenticate-options")
    assert len(decode(options.pop("challenge"))) == 32
    assert options == {"rpId": "localhost", "timeout": 60000, "userVerification": "preferred"}


def test_who_is_signed_in_is_offered_their_own_passkeys(ada):
    device = Authenticator(transports=["internal", "hybrid"])
    passkey = add_passkey(ada, device)
    known = {
        "id": passkey["credentialID"],
        "transports": ["internal", "hybrid"],
        "type": "public-key",
    }
    assert ask(ada, "generate-authenticate-options")["allowCredentials"] == [known]
    assert ask(ada, "generate-register-options")["excludeCredentials"] == [known]


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_a_passkey_signs_in(gatehouse, ada, algorithm):
    device = Authenticator(algorithm)
    passkey = add_passkey(ada, device, name=" Ada's laptop ")
    user = ada.session()["user"]
    assert passkey | {"id": "", "publicKey": "", "createdAt": ""} == {
        "id": "",
        "name": "Ada's laptop",
        "publicKey": "",
        "userId": user["id"],
        "credentialID": passkey["credentialID"],
        "counter": 0,
        "deviceType": "multiDevice",
        "backedUp": True,
        "transports": "internal",
        "createdAt": "",
        "aaguid": "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4",
    }

    browser = gatehouse.visitor()
    response = sign_in_with(device, browser)

    assert response.status_code == 200, response.text
    assert response.json()["user"] == user
    assert browser.session() == response.json()
    assert [each["counter"] for each in ada.get("passkey/list-user-passkeys").json()] == [1]
    ((used_at,),) = gatehouse.rows(select(passkeys.c.last_used_at))
    assert used_at == gatehouse.clock.now()


def test_registering_and_signing_in_are_in_the_trail(gatehouse, ada):
    before = gatehouse.events()
    passkey = add_passkey(ada, device := Authenticator())
    sign_in_with(device, gatehouse.visitor())
    added, signed_in = [each for each in gatehouse.events() if each not in before]
    assert (added.kind, added.detail) == ("passkey_added", {"passkey": passkey["id"]})
    expected = {"method": "passkey", "second_factor": "user_verification"}
    assert (signed_in.kind, signed_in.detail) == ("sign_in", expected)


def test_an_authenticator_that_does_not_count_stays_at_zero(gatehouse, ada):
    device = Authenticator(counts=False)
    add_passkey(ada, device)
    for _ in range(2):
        assert sign_in_with(device, gatehouse.visitor()).status_code == 200
    assert gatehouse.rows(select(passkeys.c.sign_count)) == [(0,)]


def test_somebody_has_several_passkeys(gatehouse, ada):
    devices = Authenticator(), Authenticator("EdDSA")
    names = {add_passkey(ada, each, name=each.algorithm)["name"] for each in devices}
    for each in devices:
        assert sign_in_with(each, gatehouse.visitor()).status_code == 200
    assert {each["name"] for each in ada.get("passkey/list-user-passkeys").json()} == names


def test_a_passkey_without_a_name(ada):
    assert add_passkey(ada, Authenticator(), name="")["name"] is None
    assert add_passkey(ada, Authenticator())["name"] is None


def test_a_passkey_is_renamed(gatehouse, ada):
    passkey = add_passkey(ada, Authenticator(), name="Old")
    before = gatehouse.events()
    response = ada.post("passkey/update-passkey", {"id": passkey["id"], "name": " New "})
    assert response.json() == {"passkey": {**passkey, "name": "New"}}
    assert ada.get("passkey/list-user-passkeys").json() == [{**passkey, "name": "New"}]
    assert events_after(gatehouse, before) == ["passkey_renamed"]


def test_a_deleted_passkey_signs_nobody_in(gatehouse, ada):
    passkey = add_passkey(ada, device := Authenticator())
    before = gatehouse.events()
    assert ada.post("passkey/delete-passkey", {"id": passkey["id"]}).json() == {"status": True}
    assert events_after(gatehouse, before) == ["passkey_removed"]
    assert ada.get("passkey/list-user-passkeys").json() == []
    response = sign_in_with(device, gatehouse.visitor())
    assert (response.status_code, response.json()) == (401, refusal("PASSKEY_NOT_FOUND"))
    assert ada.session() is not None


@pytest.mark.parametrize("strict", [True, False])
def test_a_registration_may_bring_a_new_session(start, strict):
    gatehouse = start(strict=strict)
    ada = gatehouse.member(ADA)
    former = ada.session()["session"]["id"]
    registered = add_passkey(ada, Authenticator(), createSession=True)
    assert ada.session()["session"]["id"] == registered["session"]["id"] != former
    assert registered["user"] == ada.session()["user"]
    left = {str(each) for (each,) in gatehouse.rows(select(sessions.c.id))}
    assert (former in left) == (not strict)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "[body.response] Invalid input: expected record, received undefined"),
        ({"response": []}, "[body.response] Invalid input: expected record, received array"),
        ({"response": "x"}, "[body.response] Invalid input: expected record, received string"),
        ({"response": None}, "[body.response] Invalid input: expected record, received null"),
    ],
)
def test_a_sign_in_without_a_response(gatehouse, body, message):
    response = gatehouse.visitor().post("passkey/verify-authentication", body)
    assert (response.status_code, response.json()) == (400, refusal("VALIDATION_ERROR", message))


@pytest.mark.parametrize(
    ("fields", "status", "expected"),
    [
        ({"id": "nonsense"}, 404, refusal("PASSKEY_NOT_FOUND")),
        ({"id": "01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8"}, 404, refusal("PASSKEY_NOT_FOUND")),
        ({"id": ""}, 400, {"message": "Missing required parameter: id"}),
        (
            {"name": "x"},
            400,
            refusal(
                "VALIDATION_ERROR", "[body.id] Invalid input: expected string, received undefined"
            ),
        ),
    ],
)
def test_deleting_and_renaming_what_is_not_there(ada, fields, status, expected):
    for path in ("delete-passkey", "update-passkey"):
        response = ada.post(f"passkey/{path}", {"name": "x", **fields})
        assert (response.status_code, response.json()) == (status, expected)


def test_a_name_of_blanks_is_too_short(ada):
    passkey = add_passkey(ada, Authenticator())
    response = ada.post("passkey/update-passkey", {"id": passkey["id"], "name": "  "})
    message = "[body.name] Too small: expected string to have >=1 characters"
    assert (response.status_code, response.json()) == (400, refusal("VALIDATION_ERROR", message))


def test_a_session_that_is_not_fresh_registers_nothing(gatehouse, ada):
    gatehouse.clock.advance(days=1)
    for response in (
        ada.get("passkey/generate-register-options"),
        ada.post("passkey/verify-registration", {"response": {}}),
    ):
        assert (response.status_code, response.json()) == (403, refusal("SESSION_NOT_FRESH"))


@pytest.mark.parametrize(("strict", "status"), [(True, 400), (False, 500)])
@pytest.mark.parametrize("nonsense", [None, "text", {}, {"id": "a", "rawId": "a"}, []])
def test_a_registration_of_nonsense_is_refused(start, nonsense, strict, status):
    ada = start(strict=strict).member(ADA)
    ask(ada, "generate-register-options")
    response = ada.post("passkey/verify-registration", {"response": nonsense})
    assert (response.status_code, response.json()) == (
        status,
        refusal("FAILED_TO_VERIFY_REGISTRATION"),
    )


@pytest.mark.parametrize(
    ("strict", "verifies", "challenged"),
    [(True, True, False), (True, False, True), (False, True, False), (False, False, False)],
)
def test_a_second_factor_is_asked_for_unless_the_passkey_is_two_by_itself(
    start, strict, verifies, challenged
):
    gatehouse = start(strict=strict)
    ada = gatehouse.member(ADA)
    add_passkey(ada, device := Authenticator(verifies=verifies))
    enrol(gatehouse, ada)
    browser = gatehouse.visitor()
    response = sign_in_with(device, browser)
    assert ("twoFactorRedirect" in response.json()) == challenged
    assert (browser.session() is None) == challenged


@pytest.mark.parametrize("strict", [True, False])
def test_an_unverified_user_is_refused_with_strict_only(start, strict):
    before = start(strict=strict)
    add_passkey(before.member(ADA), device := Authenticator())
    before.close()
    gatehouse = start(strict=strict, require_verified_email=True)
    response = sign_in_with(device, gatehouse.visitor())
    assert (response.status_code == 403) == strict, response.text


def test_a_challenge_ends_after_five_minutes(gatehouse, ada):
    add_passkey(ada, device := Authenticator())
    browser = gatehouse.visitor()
    options = ask(browser, "generate-authenticate-options")
    gatehouse.clock.advance(minutes=5)
    response = answer(browser, device.get(options, browser.origin))
    assert (response.status_code, response.json()) == (400, refusal("CHALLENGE_NOT_FOUND"))


def test_housekeeping_deletes_challenges_that_nobody_answered(gatehouse):
    ask(gatehouse.visitor(), "generate-authenticate-options")
    gatehouse.clock.advance(hours=2)
    ask(gatehouse.visitor(), "generate-authenticate-options")
    gatehouse.context.services[Housekeeper].start_purge().result()
    assert len(gatehouse.rows(select(passkey_challenges.c.id))) == 1


def test_a_restored_backup_brings_back_passkeys_and_no_challenge(gatehouse, ada):
    passkey = add_passkey(ada, device := Authenticator())
    browser = gatehouse.visitor()
    options = ask(browser, "generate-authenticate-options")
    invalidate_restored_data(gatehouse.context.runtime, None)
    response = answer(browser, device.get(options, browser.origin))
    assert (response.status_code, response.json()) == (400, refusal("CHALLENGE_NOT_FOUND"))
    assert sign_in_with(device, browser).status_code == 200
    (listed,) = browser.get("passkey/list-user-passkeys").json()
    assert listed["id"] == passkey["id"]


def test_a_passkey_of_a_domain_that_was_left_is_listed_and_not_offered(gatehouse, ada):
    passkey = add_passkey(ada, Authenticator())
    gatehouse.execute(update(passkeys).values(rp_id="old.example.com"))
    assert ada.get("passkey/list-user-passkeys").json() == [passkey]
    assert "allowCredentials" not in ask(ada, "generate-authenticate-options")
    assert ask(ada, "generate-register-options")["excludeCredentials"] == []


def test_somebody_has_a_hundred_at_most(gatehouse, ada):
    devices = [Authenticator() for _ in range(service.MAX_PER_USER)]
    for each in devices[1:]:
        give_passkey(gatehouse, ADA, each)
    assert try_to_add(ada, devices[0]).status_code == 200
    response = try_to_add(ada, Authenticator())
    message = "You have 100 passkeys: delete one first"
    expected = refusal("FAILED_TO_VERIFY_REGISTRATION", message)
    assert (response.status_code, response.json()) == (400, expected)


def test_somebody_who_is_gone_leaves_no_passkey(gatehouse, ada):
    add_passkey(ada, Authenticator())
    ask(ada, "generate-register-options")
    gatehouse.execute(users.delete())
    assert gatehouse.rows(select(passkeys.c.id)) == []
    assert gatehouse.rows(select(passkey_challenges.c.id)) == []


@pytest.mark.parametrize("settings", [{"passkeys": False}, {"public_url": "http://127.0.0.1:7860"}])
def test_where_there_are_no_passkeys_there_is_no_endpoint(start, settings):
    visitor = start(**settings).visitor()
    for path in ("generate-authenticate-options", "list-user-passkeys"):
        response = visitor.get(f"passkey/{path}")
        assert (response.status_code, response.text) == (404, "")


def test_the_page_decides_which_domain_a_passkey_is_for(start):
    gatehouse = start(public_url="https://auth.example.com", frontend_url="https://app.vercel.app")
    visitor = gatehouse.visitor()
    for headers, rp_id in (
        ({"origin": "https://app.vercel.app"}, "app.vercel.app"),
        ({"referer": "https://app.vercel.app/sign-in"}, "app.vercel.app"),
        ({"origin": "https://auth.example.com"}, "auth.example.com"),
        ({"referer": "https://auth.example.com/admin/login"}, "auth.example.com"),
        ({}, "app.vercel.app"),
        ({"origin": "https://evil.example"}, "app.vercel.app"),
    ):
        response = visitor.get("passkey/generate-authenticate-options", headers=headers)
        assert response.json()["rpId"] == rp_id, headers


def test_the_panels_passkey_works_in_the_panel_and_not_in_the_app(start):
    gatehouse = start(public_url="https://auth.example.com", frontend_url="https://app.vercel.app")
    panel = gatehouse.visitor(referer="https://auth.example.com/admin/account")
    panel.sign_up()
    add_passkey(panel, device := Authenticator())
    assert device.credentials[0].rp_id == "auth.example.com"
    again = gatehouse.visitor(referer="https://auth.example.com/admin/login")
    assert sign_in_with(device, again).status_code == 200
    app = gatehouse.visitor(origin="https://app.vercel.app", referer="https://app.vercel.app/")
    assert sign_in_with(device, app).status_code == 400


def test_one_authenticator_may_not_be_registered_twice(gatehouse, ada):
    device = Authenticator()
    options = ask(ada, "generate-register-options")
    made = device.create(options, ada.origin)
    assert ada.post("passkey/verify-registration", {"response": made}).status_code == 200
    grace = gatehouse.member("grace@example.com")
    twice = try_to_add(grace, Authenticator(new_id=device.credentials[0].id))
    expected = refusal("FAILED_TO_VERIFY_REGISTRATION")
    assert (twice.status_code, twice.json()) == (400, expected)
    assert grace.get("passkey/list-user-passkeys").json() == []
