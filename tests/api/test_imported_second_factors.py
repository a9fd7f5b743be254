"""Users of a Better Auth who move in with their second factors, stored by its own functions."""

import csv
import json
from io import StringIO
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.features.two_factor import totp
from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.secrets.better_auth import BetterAuthSecrets
from backend.kernel.secrets.secret import Password
from backend.storage.tables import two_factors, users
from tests.clocks import NOON
from tests.in_process import Gatehouse
from tests.make import KEY, PASSWORD
from tests.rig.fork_server import run_forked
from tests.rig.node import run_node
from tests.rig.space import ROOT, inherited
from tests.scene import refusal
from tests.second_factor import first_step

PARITY = ROOT / "tests/parity"
HASH = PasswordHasher(4).hash(Password(PASSWORD))
NAMES = ["ada", "bob", "cleo", "dan", "eve", "finn"]


@pytest.fixture(scope="module")
def better_auth() -> dict[str, Any]:
    """What a Better Auth has stored, its secrets, and what its users' apps show at noon."""
    made = run_node(PARITY, "better_auth_rows.mjs", str(totp.step_at(NOON)), seconds=60)
    payload: dict[str, Any] = json.loads(made.stdout)
    return payload


@pytest.fixture
def gatehouse(start_on, mailbox) -> Gatehouse:
    return start_on(mailbox_file=mailbox.file, secret_key=KEY)


@pytest.fixture
def move_in(gatehouse, better_auth, database_target, tmp_path):
    """Import users and the rows of their second factors, with the command."""

    def move_in(
        *options: str, rows: str | None = None, with_table: bool = True, **environment: str
    ) -> tuple[int, list[str]]:
        people = tmp_path / "users.jsonl"
        people.write_text("\n".join(json.dumps(build_user(name)) for name in NAMES))
        factors = tmp_path / "factors"
        factors.write_text(json.dumps(better_auth["rows"]) if rows is None else rows)
        here = {"PYTHONPATH": str(ROOT), "DATA_DIR": str(tmp_path), "SECRET_KEY": KEY}
        secrets = {
            "BETTER_AUTH_SECRET": better_auth["secret"],
            "BETTER_AUTH_SECRETS": better_auth["secrets"],
        }
        command = ["-m", "backend", "import-users", str(people), *options]
        everything = inherited() | here | database_target.environment | secrets | environment
        if with_table:
            command += ["--two-factor", str(factors)]
        done = run_forked(command, tmp_path, everything)
        return done.returncode, (done.stdout + done.stderr).splitlines()

    return move_in


def build_user(name: str) -> dict[str, Any]:
    """A user as Better Auth exports them: Eve has codes by mail, and Finn no second factor."""
    return {
        "id": name,
        "email": f"{name}@example.com",
        "name": name,
        "emailVerified": True,
        "password": HASH,
        "twoFactorEnabled": name != "finn",
    }


def count_users(gatehouse: Gatehouse) -> int:
    ((count,),) = gatehouse.rows(select(func.count()).select_from(users))
    return int(count)


def test_their_apps_and_backup_codes_still_work(gatehouse, better_auth, move_in):
    code, lines = move_in()
    assert (code, lines[:2]) == (
        0,
        ["6 users imported", "5 of them with their second factor, 2 with codes by mail"],
    )
    for name, shown in better_auth["codes"].items():
        browser = first_step(gatehouse, f"{name}@example.com")
        response = browser.post("two-factor/verify-totp", {"code": shown})
        assert response.status_code == 200, (name, response.text)
        for expected in (200, 401):
            browser = first_step(gatehouse, f"{name}@example.com")
            response = browser.post("two-factor/verify-backup-code", {"code": f"{name}-code1"})
            assert response.status_code == expected, (name, response.text)


@pytest.mark.parametrize("name", ["dan", "eve"])
def test_without_an_app_that_is_on_codes_are_mailed(gatehouse, mailbox, move_in, name):
    move_in()
    browser = gatehouse.visitor()
    answer = browser.sign_in(f"{name}@example.com").json()
    assert answer == {"twoFactorRedirect": True, "twoFactorMethods": ["otp"]}
    browser.post("two-factor/send-otp")
    code = mailbox.last("code", f"{name}@example.com").code
    assert browser.post("two-factor/verify-otp", {"code": code}).status_code == 200


def test_who_had_none_has_none(gatehouse, move_in):
    move_in()
    assert "token" in gatehouse.visitor().sign_in("finn@example.com").json()


def test_a_csv_will_do_and_a_second_time_changes_nothing(gatehouse, better_auth, move_in):
    file = StringIO()
    writer = csv.DictWriter(file, list(better_auth["rows"][0]))
    writer.writeheader()
    writer.writerows(better_auth["rows"])
    assert move_in(rows=file.getvalue())[0] == 0
    secrets = gatehouse.rows(select(two_factors.c.totp_secret))
    assert move_in(rows=file.getvalue()) == (
        0,
        ["0 users imported", "6 exist already and were not changed: lines 1-6"],
    )
    assert gatehouse.rows(select(two_factors.c.totp_secret)) == secrets
    assert sum(secret is not None for (secret,) in secrets) == 3


def test_a_dry_run_stores_nothing(gatehouse, move_in):
    code, lines = move_in("--dry-run")
    assert (code, lines[0]) == (0, "6 users would be imported")
    assert count_users(gatehouse) == 0


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"BETTER_AUTH_SECRET": "wrong", "BETTER_AUTH_SECRETS": ""}, "opens none of its secrets"),
        ({"BETTER_AUTH_SECRET": "", "BETTER_AUTH_SECRETS": ""}, "set BETTER_AUTH_SECRET"),
        ({"BETTER_AUTH_SECRETS": "new"}, "must be like 2:NEW,1:OLD"),
    ],
)
def test_a_wrong_secret_is_one_line_and_nothing_is_stored(gatehouse, move_in, environment, words):
    code, lines = move_in(**environment)
    assert (code, len(lines)) == (1, 1), lines
    assert words in lines[0]
    assert count_users(gatehouse) == 0


def test_a_bad_row_is_named_with_its_line_and_nothing_is_stored(gatehouse, better_auth, move_in):
    ada, bob, cleo, dan = better_auth["rows"]
    rows = [
        ada,
        ada,
        {**bob, "secret": bob["secret"][:-2] + "00"},
        {**bob, "secret": "$ba$9$" + bob["secret"].rpartition("$")[2]},
        {**cleo, "backupCodes": cleo["secret"]},
        {**dan, "secret": None},
        {**dan, "verified": "perhaps"},
    ]
    code, lines = move_in(rows="\n".join(map(json.dumps, rows)) + "\nnonsense")
    assert code == 1
    problems = [line.partition("factors line ")[2] for line in lines[:-1]]
    not_opened = "secret: the secret of Better Auth does not open it"
    assert problems[:6] == [
        "2: the user is the same as on line 1",
        f"3: {not_opened}",
        f"4: {not_opened}",
        "5: backupCodes: is not a list of codes",
        "6: secret: is missing",
        problems[5],
    ]
    assert problems[5].startswith("7: verified: ")
    assert problems[6].startswith("8: the line is not JSON")
    assert lines[-1] == "nothing imported: no user must lose a second factor"
    assert better_auth["secret"] not in "".join(lines)
    assert count_users(gatehouse) == 0


def test_without_the_table_nobody_loses_a_second_factor_without_a_word(gatehouse, move_in):
    code, lines = move_in(with_table=False)
    assert code == 1
    assert lines[0].startswith("line 1: two_factor_enabled: the user would lose")
    assert count_users(gatehouse) == 0


def test_what_was_altered_is_not_opened():
    secrets = BetterAuthSecrets.parse("the secret", "")
    for text in ("", "00", "no hex", "ab" * 60, "$ba$1$" + "ab" * 60, "$ba$x$00"):
        assert secrets.decrypt(text) is None


def test_a_users_file_that_does_not_say_goes_by_the_rows(gatehouse, move_in, monkeypatch):
    build = build_user
    fields = ("id", "email", "password")
    monkeypatch.setitem(
        globals(), "build_user", lambda name: {key: build(name)[key] for key in fields}
    )
    code, lines = move_in()
    assert (code, lines[1]) == (0, "3 of them with their second factor")
    assert gatehouse.visitor().sign_in().json()["twoFactorMethods"] == ["totp"]
    wrong = first_step(gatehouse).post("two-factor/verify-totp", {"code": "000000"})
    assert wrong.json() == refusal("INVALID_CODE")
