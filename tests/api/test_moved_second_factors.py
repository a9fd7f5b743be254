"""Users who move from one Gatehouse to another, with their second factors."""

import json

import pytest

from tests.api.test_user_transfer import export_text, import_text
from tests.in_process import Gatehouse
from tests.make import KEY, PASSWORD
from tests.second_factor import App, enrol, first_step

NEW_KEY = "another key for the signatures of today 47"


@pytest.fixture
def app(gatehouse) -> App:
    """Ada's app on SQLite, from where she moves; one of her backup codes is used."""
    ada = gatehouse.member()
    gatehouse.member("grace@example.com").post("two-factor/enable", {"password": PASSWORD})
    app = enrol(gatehouse, ada)
    used = {"code": app.backup_codes[9]}
    assert first_step(gatehouse).post("two-factor/verify-backup-code", used).is_success
    return app


@pytest.fixture
def elsewhere(start, postgres_url, tmp_path):
    """Start a Gatehouse on PostgreSQL."""

    def start_elsewhere(**keys: str) -> Gatehouse:
        (folder := tmp_path / "elsewhere").mkdir()
        return start(data_dir=folder, database_url=postgres_url, **keys)

    return start_elsewhere


@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
def test_apps_and_backup_codes_move_with_them(gatehouse, app, elsewhere, ending):
    exported = export_text(gatehouse, ending)
    assert [each for each in (app.secret, *app.backup_codes) if each in exported] == []
    there = elsewhere(secret_key=NEW_KEY, secret_keys_old=KEY)
    problems, lines = import_text(there, exported)
    assert (problems, lines[:2]) == ([], ["2 users imported", "1 of them with their second factor"])

    assert "token" in there.visitor().sign_in("grace@example.com").json()
    assert first_step(there).post("two-factor/verify-totp", {"code": app.code()}).is_success
    for code, status in ((app.backup_codes[0], 200), (app.backup_codes[9], 401)):
        browser = first_step(there)
        response = browser.post("two-factor/verify-backup-code", {"code": code})
        assert response.status_code == status


def test_under_another_key_nobody_loses_theirs_without_a_word(gatehouse, app, elsewhere):
    there = elsewhere(secret_key=NEW_KEY)
    problems, lines = import_text(there, export_text(gatehouse, ".jsonl"))
    assert "SECRET_KEYS_OLD" in problems[0]
    assert lines[0] == "0 users imported"


@pytest.mark.parametrize("damage", [{"totp_secret": "no hex"}, {"backup_codes": None}, {"x": 1}])
def test_a_damaged_one_is_a_bad_line(gatehouse, app, elsewhere, damage):
    rows = [json.loads(line) for line in export_text(gatehouse, ".jsonl").splitlines()]
    (adas,) = (row for row in rows if row["two_factor"])
    adas["two_factor"] |= damage
    problems, _ = import_text(elsewhere(), "\n".join(map(json.dumps, rows)))
    assert "two_factor: " in problems[0]
