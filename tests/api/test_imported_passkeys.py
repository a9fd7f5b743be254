"""Users who move in with their passkeys: from a Better Auth, which made them, or a Gatehouse."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import select

from backend.storage.tables import passkeys, users
from tests.api.test_user_transfer import export_text, import_text
from tests.authenticator import Authenticator, Credential, add_passkey, sign_in_with
from tests.in_process import Gatehouse
from tests.make import KEY
from tests.rig.fork_server import run_forked
from tests.rig.node import run_node
from tests.rig.space import ROOT, inherited

ADA = "ada@example.com"


@pytest.fixture(scope="module")
def better_auth() -> dict[str, Any]:
    """The tables of a Better Auth in which Ada has used a passkey once, and its private key."""
    made = run_node(ROOT / "tests/parity", "passkey_rows.mjs", seconds=60)
    payload: dict[str, Any] = json.loads(made.stdout)
    return payload


@pytest.fixture
def device(better_auth) -> Authenticator:
    """The authenticator that has it."""
    made = better_auth["credential"]
    key = load_pem_private_key(made["key"].encode(), None)
    credential = Credential(bytes.fromhex(made["id"]), key, "localhost", made["count"])
    return Authenticator(credentials=[credential])


@pytest.fixture
def gatehouse(start_on) -> Gatehouse:
    return start_on(secret_key=KEY)


@pytest.fixture
def move_in(gatehouse, better_auth, database_target, tmp_path):
    """Import the tables, with the command."""

    def move_in(rows=None, **environment: str) -> tuple[int, list[str]]:
        people, keys = tmp_path / "users.json", tmp_path / "passkeys.json"
        people.write_text(json.dumps(better_auth["users"]))
        keys.write_text(json.dumps(better_auth["rows"] if rows is None else rows))
        here = {"PYTHONPATH": str(ROOT), "DATA_DIR": str(tmp_path), "SECRET_KEY": KEY}
        command = ["-m", "backend", "import-users", str(people), "--passkeys", str(keys)]
        everything = inherited() | here | database_target.environment | environment
        done = run_forked(command, tmp_path, everything)
        return done.returncode, (done.stdout + done.stderr).splitlines()

    return move_in


def test_a_passkey_of_a_better_auth_still_signs_in(gatehouse, better_auth, device, move_in):
    code, lines = move_in()
    assert (code, lines[:2]) == (0, ["1 user imported", "1 passkey of theirs"])

    browser = gatehouse.visitor()
    response = sign_in_with(device, browser)
    assert response.status_code == 200, response.text
    (listed,) = browser.get("passkey/list-user-passkeys").json()
    (row,) = better_auth["rows"]
    same = ("name", "publicKey", "credentialID", "deviceType", "backedUp", "transports", "aaguid")
    assert [listed[name] for name in same] == [row[name] for name in same]
    assert (listed["createdAt"], listed["counter"]) == (row["createdAt"], row["counter"] + 1)


def test_a_copy_of_it_is_noticed_here_too(gatehouse, device, move_in):
    move_in()
    device.credentials[0].count = 0
    assert sign_in_with(device, gatehouse.visitor()).status_code == 400


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ({"publicKey": "no base64!"}, "public_key: is not base64"),
        ({"credentialID": None}, "credential_id: is missing"),
        ({"counter": -1}, "counter: input should be greater than or equal to 0"),
        ({"userId": None}, "user_id: is missing"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_stored(gatehouse, better_auth, move_in, damage, problem):
    code, lines = move_in([{**better_auth["rows"][0], **damage}])
    assert code == 1
    assert lines[0].endswith(f"passkeys.json line 1: {problem}")
    assert lines[1] == "nothing imported: no user must lose a passkey"
    assert gatehouse.rows(select(users.c.id)) == []


def test_two_rows_of_one_credential_are_one_too_many(better_auth, move_in):
    code, lines = move_in(better_auth["rows"] * 2)
    assert code == 1
    assert "credential_id: is the same as on line" in lines[0]


def test_where_no_page_can_have_passkeys_none_is_lost_without_a_word(gatehouse, move_in):
    code, lines = move_in(PUBLIC_URL="http://127.0.0.1:7860")
    assert code == 1
    assert "Passkeys work nowhere here: set PASSKEY_RP_ID" in lines[-1]
    assert gatehouse.rows(select(users.c.id)) == []


@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
def test_passkeys_move_from_one_gatehouse_to_another(gatehouse, start, tmp_path, ending):
    ada = gatehouse.member(ADA)
    gatehouse.member("grace@example.com")
    key = Authenticator()
    add_passkey(ada, key, name="Laptop")
    assert sign_in_with(key, gatehouse.visitor()).status_code == 200
    columns = [each for each in passkeys.c if each.name != "id"]
    before = gatehouse.rows(select(*columns))

    (folder := tmp_path / "elsewhere").mkdir()
    there = start(data_dir=folder)
    problems, lines = import_text(there, export_text(gatehouse, ending))

    assert (problems, lines[:2]) == ([], ["2 users imported", "1 passkey of theirs"])
    assert there.rows(select(*columns)) == before
    assert sign_in_with(key, there.visitor()).status_code == 200
