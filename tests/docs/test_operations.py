"""What docs/operations.md promises: nothing is lost, nobody is signed out, one can go back."""

import re
import shutil
import subprocess
from itertools import count

import pytest

from backend.storage.migrations import HEAD
from tests.docs.guide import find_section
from tests.docs.scene import Person
from tests.rig.missing_tools import skip_test
from tests.rig.processes import wait_until

PAGE = "docs/operations.md"
OLDER_STILL = "pX2mV9cQ7tB4nK8wJ5rL1zD6hF3gS0yAeUiO"
_numbers = count(1)
NEXT = f"{int(HEAD) + 1:04}"
NEXT_STEP = f'''
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.add_column("users", sa.Column("motto", sa.Text))
'''


@pytest.fixture
def ada(server):
    person = Person(server.url, f"ada.{next(_numbers)}@example.com")
    assert person.sign_up() == 200
    return person


def test_what_is_in_a_backup_survives_the_loss_of_the_file(server, ada):
    server.follow(find_section(PAGE, "SQLite: back up"))
    late = Person(server.url, "late@example.com")
    assert late.sign_up() == 200
    (server.context / "data/gatehouse.db").unlink()

    server.follow(find_section(PAGE, "SQLite: restore"))

    assert ada.is_known()
    assert ada.sign_in() == 200
    assert late.sign_in() == 401  # came after the backup

    server.follow(find_section(PAGE, "What comes back with a backup"))
    assert not ada.is_known()
    assert ada.sign_in() == 200


def test_a_new_key_signs_nobody_out_until_the_old_one_is_taken_away(server, ada):
    settings = server.context / ".env"
    first = re.search("^SECRET_KEY=(.*)", settings.read_text(), re.M)[1]
    with settings.open("a") as more:
        more.write(f"SECRET_KEYS_OLD={OLDER_STILL}\n")

    server.follow(find_section(PAGE, "A new key"))

    assert f"SECRET_KEYS_OLD={first},{OLDER_STILL}\n" in settings.read_text()
    assert ada.is_known()
    newer = Person(server.url, ada.email)
    assert newer.sign_in() == 200

    server.follow(find_section(PAGE, "Removing the old key"))

    assert (ada.is_known(), newer.is_known()) == (False, True)
    assert ada.sign_in() == 200


@pytest.fixture
def released(server):
    """The server's code under git, whose remote has a newer version with one more migration."""
    if not shutil.which("git"):
        skip_test("git", "install the package git")
    origin = server.root / "origin"

    def git(folder, *arguments):
        subprocess.run(["git", *arguments], cwd=folder, env=server.environment, check=True)

    git(server.context, "init", "-q", "-b", "main")
    git(server.context, "add", "-A")
    git(server.context, "commit", "-qm", "this version")
    git(server.root, "clone", "-q", server.context, origin)
    git(server.context, "remote", "add", "origin", origin)
    git(server.context, "fetch", "-q")
    git(server.context, "branch", "-q", "-u", "origin/main")
    history = origin / "backend/storage/migrations"
    (history / f"versions/{NEXT}_mottoes.py").write_text(NEXT_STEP)
    versions = history / "__init__.py"
    versions.write_text(versions.read_text().replace(f'"{HEAD}"', f'"{NEXT}"'))
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "the next version")
    return server


def test_an_upgrade_keeps_a_copy_and_one_can_go_back_with_it(released, ada):
    released.follow(find_section(PAGE, "Upgrade"))

    assert ada.is_known()
    backup = released.context / f"data/gatehouse.db.before-{NEXT}"
    assert backup.exists()

    released.follow(find_section(PAGE, "Go back"), replacements={"--retry 30": "--retry 2"})
    refusal = f"database is at step {NEXT}, but this Gatehouse knows only steps up to {HEAD}"
    wait_until(lambda: refusal in released.journal, "the refusal to start")

    released.follow(find_section(PAGE, "Go back after a migration"))
    assert ada.is_known()
    assert ada.sign_in() == 200


def test_users_move_in_and_out(server):
    (server.context / "users.csv").write_text("email,name\nbob@example.com,Bob\n")
    server.follow(find_section(PAGE, "In and out"))
    assert "bob@example.com" in (server.context / "data/everybody.jsonl").read_text()


def test_the_log_is_searched_for_what_went_wrong_and_for_one_request(server):
    server.follow(find_section(PAGE, "Operations", "Is it working?"))
    wrong, request = server.follow(find_section(PAGE, "Logs"))
    assert wrong == "nothing went wrong today\n"
    assert request.startswith("this request is ")
    assert len(request.split("\n")[0].removeprefix("this request is ")) > 12

    with (server.root / "journal/gatehouse").open("a") as journal:
        journal.write('{"event": "request_crashed", "level": "error"}\n')
    wrong, _ = server.follow(find_section(PAGE, "Logs"))
    assert "request_crashed" in wrong
