"""Passkeys as an admin sees and removes them, and as their owner's export has them."""

import json
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select, update

from backend.kernel.timestamps import format_timestamp
from backend.storage.tables import passkeys
from tests.admins import ADA, ROOT, make_admin, user_id_of
from tests.authenticator import Authenticator, add_passkey, encode, sign_in_with
from tests.in_process import Gatehouse, Visitor
from tests.scene import events_after, refusal

READ, REMOVE = "/api/admin/passkeys", "/api/admin/remove-passkeys"


@pytest.fixture
def root(any_mailing_gatehouse: Gatehouse) -> Visitor:
    return make_admin(any_mailing_gatehouse)


@pytest.fixture
def ada(any_mailing_gatehouse: Gatehouse) -> Visitor:
    return any_mailing_gatehouse.member(ADA, address="198.51.100.1")


@pytest.fixture
def phone(ada: Visitor) -> Authenticator:
    """Ada's phone, with a passkey that has been used once."""
    device = Authenticator()
    add_passkey(ada, device, name="Phone")
    return device


def read(gatehouse: Gatehouse, root: Visitor):
    response = root.get(f"{READ}?userId={user_id_of(gatehouse, ADA)}")
    assert response.status_code == 200, response.text
    return response.json()["passkeys"]


def test_an_admin_sees_what_there_is_and_no_key(any_mailing_gatehouse, root, phone):
    gatehouse = any_mailing_gatehouse
    ((passkey_id, key),) = gatehouse.rows(select(passkeys.c.id, passkeys.c.public_key))
    seen = {
        "id": str(passkey_id),
        "name": "Phone",
        "rpId": "localhost",
        "works": True,
        "deviceType": "multiDevice",
        "backedUp": True,
        "transports": "internal",
        "aaguid": "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4",
        "createdAt": format_timestamp(gatehouse.clock.now()),
        "lastUsedAt": None,
    }
    assert read(gatehouse, root) == [seen]
    gatehouse.clock.advance(hours=1)
    sign_in_with(phone, gatehouse.visitor())
    used = seen | {"lastUsedAt": format_timestamp(gatehouse.clock.now())}
    assert read(gatehouse, root) == [used]
    assert encode(bytes(key)) not in json.dumps(used)


def test_a_passkey_of_a_domain_that_was_left_does_not_work(any_mailing_gatehouse, root, phone):
    any_mailing_gatehouse.execute(update(passkeys).values(rp_id="old.example.com"))
    (seen,) = read(any_mailing_gatehouse, root)
    assert (seen["rpId"], seen["works"]) == ("old.example.com", False)


def test_one_is_removed(any_mailing_gatehouse, mailbox, root, ada, phone):
    gatehouse = any_mailing_gatehouse
    other = add_passkey(ada, Authenticator())
    before = gatehouse.events()
    payload = {"userId": user_id_of(gatehouse, ADA), "id": other["id"]}
    assert root.post(REMOVE, payload).json() == {"removed": 1}
    assert [each["name"] for each in read(gatehouse, root)] == ["Phone"]
    (event,) = [each for each in gatehouse.events() if each not in before]
    assert (event.kind, event.actor) == ("passkey_removed", gatehouse.user_id(ROOT))
    assert (event.subject, event.detail) == (gatehouse.user_id(ADA), {"passkey": other["id"]})
    assert "An administrator removed a passkey" in mailbox.last("notice", ADA).text
    assert ada.session() is not None


def test_all_are_removed(any_mailing_gatehouse, mailbox, root, ada, phone):
    gatehouse = any_mailing_gatehouse
    add_passkey(ada, Authenticator())
    before = gatehouse.events()
    payload = {"userId": user_id_of(gatehouse, ADA)}
    assert root.post(REMOVE, payload).json() == {"removed": 2}
    assert events_after(gatehouse, before) == ["passkey_removed", "passkey_removed"]
    assert "removed all passkeys" in mailbox.last("notice", ADA).text
    assert sign_in_with(phone, gatehouse.visitor()).status_code == 401
    response = root.post(REMOVE, payload)
    assert (response.status_code, response.json()) == (404, refusal("PASSKEY_NOT_FOUND"))


def test_only_an_admin_may(any_mailing_gatehouse, ada, phone):
    user_id = user_id_of(any_mailing_gatehouse, ADA)
    assert ada.get(f"{READ}?userId={user_id}").status_code == 403
    assert ada.post(REMOVE, {"userId": user_id}).status_code == 403
    assert len(any_mailing_gatehouse.rows(select(passkeys.c.id))) == 1


def test_somebody_elses_passkey_is_not_this_users(any_mailing_gatehouse, root, phone):
    gatehouse = any_mailing_gatehouse
    ((passkey_id,),) = gatehouse.rows(select(passkeys.c.id))
    payload = {"userId": user_id_of(gatehouse, ROOT), "id": str(passkey_id)}
    response = root.post(REMOVE, payload)
    assert (response.status_code, response.json()) == (404, refusal("PASSKEY_NOT_FOUND"))


def test_the_export_has_ones_own(any_mailing_gatehouse, ada, phone):
    archive = ZipFile(BytesIO(ada.get("/api/account/export").content))
    (exported,) = json.loads(archive.read("passkeys.json"))
    (listed,) = ada.get("passkey/list-user-passkeys").json()
    assert exported == {
        "id": listed["id"],
        "name": "Phone",
        "domain": "localhost",
        "credentialID": listed["credentialID"],
        "publicKey": listed["publicKey"],
        "signatures": 0,
        "deviceType": "multiDevice",
        "backedUp": True,
        "transports": "internal",
        "model": listed["aaguid"],
        "createdAt": listed["createdAt"],
        "lastUsedAt": None,
    }
