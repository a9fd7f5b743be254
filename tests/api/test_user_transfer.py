"""Import and export of users: whole files, and the users who sign in afterwards."""

import csv
import json
import stat
import subprocess
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.features.providers.service import ProviderSignIn
from backend.features.two_factor.service import TwoFactor
from backend.features.user_transfer import importing
from backend.features.user_transfer.accounts import AccountTable
from backend.features.user_transfer.exporting import export_users
from backend.features.user_transfer.importing import import_users, summary
from backend.features.user_transfer.records import BrokenFile, read_records
from backend.features.user_transfer.second_factors import FactorTable
from backend.features.user_transfer.tables import Tables
from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.secrets.secret import Password
from backend.storage.tables import users
from tests.in_process import Gatehouse
from tests.make import PASSWORD
from tests.rig.fork_server import run_forked
from tests.rig.space import inherited
from tests.unit.test_foreign_hashes import KINDS
from tests.unit.test_foreign_hashes import PASSWORD as ELSEWHERE

ROOT = Path(__file__).parents[2]
HASH = PasswordHasher(4).hash(Password(PASSWORD))


def import_text(
    gatehouse: Gatehouse, text: str, *, dry: bool = False
) -> tuple[list[str], list[str]]:
    """Import a file; returns the errors of its lines, and the summary."""
    messages: list[str] = []
    records = read_records(BytesIO(text.encode()))
    runtime = gatehouse.context.runtime
    services = gatehouse.context.services[TwoFactor]
    accounts = AccountTable(gatehouse.context.services[ProviderSignIn].vault.sealer)
    tables = Tables(FactorTable(services.sealer, services.digests), accounts)
    outcome = import_users(runtime, PasswordHasher(4), records, messages.append, tables, dry=dry)
    return messages, summary(outcome, dry=dry)


def export_text(gatehouse: Gatehouse, ending: str) -> str:
    file = StringIO(newline="")
    export_users(gatehouse.context.runtime.database, file, ending, lambda _: None)
    return file.getvalue()


def list_users(gatehouse: Gatehouse):
    return gatehouse.rows(select(*users.c).order_by(users.c.email))


def to_csv(*rows: dict[str, str]) -> str:
    file = StringIO()
    names = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(file, list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def test_whoever_moves_in_signs_in_with_their_old_password_and_gets_a_new_hash(gatehouse):
    rows = [{"email": f"user{n}@example.com", "password": h} for n, h in enumerate(KINDS.values())]
    errors, report = import_text(gatehouse, to_csv(*rows))
    assert (errors, report) == ([], [f"{len(KINDS)} users imported"])

    for number in range(len(KINDS)):
        email = f"user{number}@example.com"
        assert gatehouse.visitor().sign_in(email, ELSEWHERE + "x").status_code == 401
        assert gatehouse.visitor().sign_in(email, ELSEWHERE).status_code == 200
        assert gatehouse.visitor().sign_in(email, ELSEWHERE).status_code == 200

    assert {row.password_hash[:29] for row in list_users(gatehouse)} == {
        "$bcrypt-sha256$v=2,t=2b,r=4$" + row.password_hash[28] for row in list_users(gatehouse)
    }


def test_every_field_moves_in(any_gatehouse):
    import_text(
        any_gatehouse,
        json.dumps(
            {
                "id": "0192f0c1-2345-7abc-8def-0123456789ab",
                "email": "Ada@Example.com",
                "emailVerified": True,
                "name": "Ada O'Neill; DROP TABLE users --",
                "image": "https://example.com/a.png",
                "passwordHash": HASH,
                "role": "user,admin",
                "banned": True,
                "banReason": "two\nlines",
                "banExpires": "2030-01-01T00:00:00Z",
                "createdAt": "2020-02-03 04:05:06+00",
                "updatedAt": "2021-02-03T04:05:06.789+02:00",
            }
        ),
    )

    (ada,) = list_users(any_gatehouse)
    assert str(ada.id) == "0192f0c1-2345-7abc-8def-0123456789ab"
    assert (ada.email, ada.email_verified, ada.role) == ("ada@example.com", True, "user,admin")
    assert (ada.banned, ada.ban_reason) == (True, "two\nlines")
    assert ada.name == "Ada O'Neill; DROP TABLE users --"
    assert ada.created_at.isoformat() == "2020-02-03T04:05:06+00:00"
    assert ada.updated_at.isoformat() == "2021-02-03T02:05:06.789000+00:00"
    assert ada.ban_expires.isoformat() == "2030-01-01T00:00:00+00:00"


def test_an_address_is_enough(gatehouse):
    import_text(gatehouse, "email,id\nada@example.com,not-a-uuid\n")

    (ada,) = list_users(gatehouse)
    assert (ada.name, ada.role, ada.email_verified, ada.password_hash) == (
        "ada",
        "user",
        False,
        None,
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"name": "x"}, "email: is missing"),
        ({"email": "nobody"}, "email: is not an e-mail address"),
        ({"email": "a@b.co\nBcc: c@d.co"}, "email: is not an e-mail address"),
        ({"email": "a@b.co", "name": "a\0b"}, "name: invalid input"),
        ({"email": "a@b.co", "name": "x" * 501}, "name: string should have at most 500"),
        ({"email": "a@b.co", "image": "x" * 2049}, "image: string should have at most 2048"),
        ({"email": "a@b.co", "banReason": "x" * 1001}, "ban_reason: string should have at most 10"),
        (
            {"email": "a@b.co", "role": "root"},
            "role: 'root' is not a role; the roles are admin, user",
        ),
        (
            {"email": "a@b.co", "isAnonymous": True, "role": "admin"},
            "is_anonymous: an admin cannot be anonymous",
        ),
        ({"email": "a@b.co", "banned": "perhaps"}, "banned: input should be a valid boolean"),
        ({"email": "a@b.co", "created_at": "once"}, "created_at: is not a date such as"),
        (
            {"email": "a@b.co", "password": "secret"},
            "password_hash: the hash must be bcrypt, argon2",
        ),
        ({"email": "a@b.co", "password": "$2b$31$" + "a" * 53}, "password_hash: bcrypt's work"),
    ],
)
def test_a_row_that_is_no_user_is_told_with_its_line_and_reason(gatehouse, row, reason):
    errors, _ = import_text(gatehouse, json.dumps(row) + "\n")

    assert errors[0].startswith(f"line 1: {reason}")
    assert list_users(gatehouse) == []


def test_no_line_that_is_told_shows_a_hash_that_stands_in_the_wrong_place(gatehouse):
    errors, _ = import_text(
        gatehouse, json.dumps({"email": "a@b.co", "role": f"{KINDS['bcrypt 2b']} {'x' * 999}"})
    )
    assert errors[0].startswith("line 1: role: '(hash)")
    assert len(errors[0]) < 350
    with pytest.raises(BrokenFile) as error:
        import_text(gatehouse, f'a@b.co,"{HASH}"\n')
    assert "(hash)" in str(error.value)
    assert HASH[20:30] not in str(error.value)


def test_a_broken_line_keeps_its_batch_out_and_no_other(gatehouse, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 10)
    lines = ["email,name", *(f"user{n}@example.com,u" for n in range(30))]
    broken = [*lines]
    broken[15] = 'user14@example.com,"open'

    errors, report = import_text(gatehouse, "\n".join(broken) + "\n")

    assert errors == [
        "line 16: a quotation mark is never closed",
        "lines 12-21: nothing imported; 9 valid lines wait: fix 1 invalid line",
    ]
    assert report == [
        "20 users imported",
        "1 invalid line; 9 valid lines in the same batches wait: fix the file and import it again",
    ]
    assert len(list_users(gatehouse)) == 20

    errors, report = import_text(gatehouse, "\n".join(lines) + "\n")

    assert errors == []
    assert report == [
        "10 users imported",
        "20 exist already and were not changed: lines 2-11, 22-31",
    ]
    assert len(list_users(gatehouse)) == 30


def test_whoever_is_here_already_is_left_as_they_are(any_gatehouse):
    any_gatehouse.member("ada@example.com")
    before = list_users(any_gatehouse)

    _, report = import_text(any_gatehouse, f'email,name,password\nADA@example.com,Eve,"{HASH}"\n')

    assert report == ["0 users imported", "1 exist already and were not changed: lines 2"]
    assert list_users(any_gatehouse) == before


def test_one_address_twice_in_a_batch_is_a_mistake(gatehouse):
    errors, _ = import_text(gatehouse, "email\nada@example.com\nADA@example.com\n")

    assert errors[0] == "line 3: the address is the same as on line 2"
    assert list_users(gatehouse) == []


def test_a_dry_run_says_the_same_and_changes_nothing(gatehouse):
    gatehouse.member("ada@example.com")
    text = "email,plan\nada@example.com,x\nbob@example.com,y\n"

    _, report = import_text(gatehouse, text, dry=True)

    assert report == [
        "1 user would be imported",
        "1 exist already and were not changed: lines 2",
        "ignored fields: plan",
    ]
    assert [row.email for row in list_users(gatehouse)] == ["ada@example.com"]
    assert "users_imported" not in [event.kind for event in gatehouse.events()]


ODD_NAMES = ["", "=1+1", "'=1", "''=1", "\u00a0=1", "'tis", "two\nlines\r\n", "\ufeff@", "-", "'"]


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_odd_names_move_out_and_in_again_unchanged(gatehouse, ending):
    for number, name in enumerate(ODD_NAMES):
        import_text(gatehouse, json.dumps({"email": f"{number}@example.com", "name": name}))
    before = list_users(gatehouse)
    assert [row.name for row in before] == ODD_NAMES
    file = export_text(gatehouse, ending)
    gatehouse.execute(users.delete())

    assert import_text(gatehouse, file) == ([], ["10 users imported"])
    assert list_users(gatehouse) == before


def test_ids_that_cannot_be_kept_are_counted(gatehouse):
    _, report = import_text(gatehouse, "id,email\nXkq7VbT1yPz0sLmN4wRc8dHfJ2gA5eUo,a@example.com\n")
    assert report == ["1 user imported", "1 id replaced with new ones: they are not UUIDs"]


def test_fields_are_known_in_every_spelling_of_their_names(gatehouse):
    text = "UpdatedAt;EMAIL;emailverified;ban_Expires\n1710123112345;a@example.com;t;\n"
    assert import_text(gatehouse, text) == ([], ["1 user imported"])
    (ada,) = list_users(gatehouse)
    assert (ada.email_verified, ada.ban_expires) == (True, None)
    assert ada.updated_at.isoformat() == "2024-03-11T02:11:52.345000+00:00"


@pytest.mark.parametrize("flag", ["0", "1", "t", "f", "yes", "no", "TRUE", "False", ""])
def test_flags_are_read_as_databases_write_them(gatehouse, flag):
    import_text(gatehouse, f"email,banned\na@example.com,{flag}\n")
    (ada,) = list_users(gatehouse)
    assert ada.banned == (flag in {"1", "t", "yes", "TRUE"})


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_what_moves_out_moves_in_again_unchanged(start_on, tmp_path, ending, database_target):
    gatehouse = start_on()
    import_text(
        gatehouse,
        json.dumps({"email": "a@example.com", "name": 'Zoë "Z", Ltd', "banReason": "1\n2\r\n3"})
        + "\n"
        + json.dumps({"email": "b@example.com", "password": HASH, "banned": True, "image": "x"})
        + "\n"
        + json.dumps({"email": "c@anonymous.placeholder.invalid", "isAnonymous": True}),
    )
    before = list_users(gatehouse)
    file = export_text(gatehouse, ending)
    gatehouse.execute(users.delete())

    assert import_text(gatehouse, file) == ([], ["3 users imported"])
    assert list_users(gatehouse) == before
    assert [each.is_anonymous for each in before] == [False, False, True]
    assert export_text(gatehouse, ending) == file


def run_command(folder: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run `python -m backend ...` with its data in `folder`."""
    here = {"PYTHONPATH": str(ROOT), "DATA_DIR": str(folder), "BCRYPT_ROUNDS": "4"}
    return run_forked(["-m", "backend", *arguments], folder, inherited() | here, typed=typed)


def test_an_admin_is_made_from_a_pipe_and_only_once(tmp_path):
    first = run_command(tmp_path, "create-admin", "Boss@example.com", typed=PASSWORD + "\n")
    second = run_command(tmp_path, "create-admin", "boss@example.com", typed="another password\n")

    assert (first.returncode, first.stdout) == (0, "boss@example.com is now an admin\n")
    assert (second.returncode, "was not changed" in second.stdout) == (1, True)
    run_command(tmp_path, "export-users", "out.jsonl")
    (boss,) = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert (boss["role"], boss["email_verified"]) == ("admin", True)
    assert PasswordHasher(4).verify(Password(PASSWORD), boss["password_hash"]).matches


@pytest.mark.parametrize(
    ("address", "typed", "word"),
    [
        ("nobody", PASSWORD, "not an e-mail address"),
        ("a@example.com", "short", "too short"),
        ("a@example.com", "", "too short"),
        ("boss@example.com", "boss-Example-1", "made from the address"),
    ],
)
def test_an_admin_who_cannot_be_is_refused_in_plain_words(tmp_path, address, typed, word):
    process = run_command(tmp_path, "create-admin", address, typed=typed)

    assert process.returncode == 1
    assert word in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize("name", ["x" * 501, "a\udcffb"])
def test_a_name_that_nobody_may_have_is_refused_in_plain_words(tmp_path, name):
    process = run_command(tmp_path, "create-admin", "a@example.com", "--name", name, typed=PASSWORD)
    assert process.returncode == 1
    assert process.stderr.endswith("--name: a name has at most 500 characters\n")


def test_the_commands_move_a_file_in_and_out(tmp_path):
    (tmp_path / "in.csv").write_text(f'email,password\nada@example.com,"{HASH}"\nbroken,\n')
    refused = run_command(tmp_path, "import-users", "in.csv")
    assert refused.returncode == 1
    assert "line 3: email: is not an e-mail address" in refused.stdout

    (tmp_path / "in.csv").write_text(f'email,password\nada@example.com,"{HASH}"\n')
    assert "would be" in run_command(tmp_path, "import-users", "in.csv", "--dry-run").stdout
    assert run_command(tmp_path, "import-users", "in.csv").returncode == 0

    assert run_command(tmp_path, "export-users", "out.csv").returncode == 0
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600
    assert HASH in (tmp_path / "out.csv").read_text()
    third = run_command(tmp_path, "export-users", "out.csv")
    assert (third.returncode, "File exists" in third.stderr) == (1, True)
    assert "end in" in run_command(tmp_path, "export-users", "out.txt").stderr
    assert "No such file" in run_command(tmp_path, "import-users", "missing.csv").stderr


def test_users_move_in_beside_a_running_server(gatehouse, tmp_path):
    (tmp_path / "in.csv").write_text(f'email,password\nbob@example.com,"{HASH}"\n')
    process = run_command(gatehouse.settings.data_dir, "import-users", str(tmp_path / "in.csv"))

    assert process.returncode == 0, process.stderr
    assert gatehouse.visitor().sign_in("bob@example.com").status_code == 200


def test_the_schema_is_printed_without_touching_any_data(tmp_path):
    printed = run_command(tmp_path, "openapi")

    document = json.loads(printed.stdout)
    assert "/api/auth/sign-in/email" in document["paths"]
    assert list(tmp_path.iterdir()) == []


def test_the_trail_tells_of_each_batch(gatehouse):
    import_text(gatehouse, "email\nada@example.com\nbob@example.com\n")

    assert [event.detail for event in gatehouse.events()] == [{"users": 2}]
    assert gatehouse.rows(select(func.count()).select_from(users)) == [(2,)]
