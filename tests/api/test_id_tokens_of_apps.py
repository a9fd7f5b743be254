"""ID tokens that an app on somebody's device got from a provider with a preset by itself."""

from hashlib import sha256
from typing import Any

import pytest

from tests.provider_sign_in import StartWith, start_with
from tests.rig.preset_providers import PEOPLE, PresetProvider

__all__ = ["start_with"]


def with_token(stand_in: PresetProvider, token: str, **fields: Any) -> dict[str, Any]:
    return {"provider": stand_in.id, "idToken": {"token": token, **fields}}


@pytest.mark.parametrize("preset", ["google", "microsoft", "apple"])
def test_an_id_token_of_an_app_signs_in_within_an_hour(preset, start_with: StartWith, clock):
    gatehouse, stand_in = start_with(preset)
    visitor, token = gatehouse.visitor(), stand_in.sign(nonce="n")
    response = visitor.post("sign-in/social", with_token(stand_in, token, nonce="n"))
    assert response.status_code == 200, response.text
    assert response.json()["user"]["email"] == PEOPLE[preset]["email"]
    for wrong in ("other", "ä", "\ud83d"):
        body = with_token(stand_in, token, nonce=wrong)
        assert gatehouse.visitor().post("sign-in/social", body).status_code in {400, 401}, wrong

    stand_in.forged = {"exp": int(clock.now().timestamp()) + 86_400}
    token = stand_in.sign()
    clock.advance(hours=1, minutes=2)
    response = gatehouse.visitor().post("sign-in/social", with_token(stand_in, token))
    assert (response.status_code, response.json()["code"]) == (401, "INVALID_TOKEN")


def test_an_app_on_apple_s_devices_sends_the_digest_of_the_nonce_and_the_name(
    start_with: StartWith,
):
    gatehouse, stand_in = start_with("apple")
    token = stand_in.sign(nonce=sha256(b"nonce").hexdigest())
    person = {"name": {"firstName": "Ada", "lastName": "Lovelace"}}
    body = with_token(stand_in, token, nonce="nonce", user=person)
    response = gatehouse.visitor().post("sign-in/social", body)
    assert response.status_code == 200, response.text
    assert response.json()["user"]["name"] == "Ada Lovelace"


def test_google_s_apps_send_the_nonce_itself(start_with: StartWith):
    gatehouse, stand_in = start_with("google")
    body = with_token(stand_in, stand_in.sign(nonce=sha256(b"n").hexdigest()), nonce="n")
    assert gatehouse.visitor().post("sign-in/social", body).status_code == 401


@pytest.mark.parametrize("preset", ["github", "discord"])
def test_others_have_no_id_tokens(preset, start_with: StartWith):
    gatehouse, stand_in = start_with(preset)
    response = gatehouse.visitor().post("sign-in/social", with_token(stand_in, "a.b.c"))
    assert (response.status_code, response.json()["code"]) == (404, "ID_TOKEN_NOT_SUPPORTED")
