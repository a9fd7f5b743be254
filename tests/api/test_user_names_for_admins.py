"""User names, as admins see and change them; and in files of users."""

import csv
import json
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from backend.kernel.csv_cells import BYTE_ORDER_MARK
from backend.storage.tables import users
from tests.admins import make_admin, user_id_of
from tests.api.test_user_transfer import export_text, import_text
from tests.in_process import Gatehouse
from tests.make import PASSWORD
from tests.scene import refusal

ADA = "ada@example.com"


@pytest.fixture
def root(any_gatehouse):
    return make_admin(any_gatehouse)


def names_of(gatehouse: Gatehouse, email: str = ADA) -> tuple[str | None, str | None]:
    columns = (users.c.username, users.c.display_username)
    ((username, display),) = gatehouse.rows(select(*columns).where(users.c.email == email))
    return username, display


def create(root, **data):
    payload = {"email": ADA, "name": "Ada", "password": PASSWORD, "data": data}
    return root.post("admin/create-user", payload)


def change(gatehouse, root, **data):
    payload = {"userId": user_id_of(gatehouse, ADA), "data": data}
    return root.post("admin/update-user", payload)


@pytest.mark.parametrize(
    ("data", "stored"),
    [
        ({"username": "Ada_L"}, ("ada_l", "Ada_L")),
        ({"username": "Ada_L", "displayUsername": "Ada the First"}, ("ada_l", "Ada the First")),
        ({"displayUsername": "Ada_L"}, (None, "Ada_L")),
        ({"username": None}, (None, None)),
    ],
)
def test_a_user_is_created_with_a_name(any_gatehouse, root, data, stored):
    user = create(root, **data).json()["user"]
    assert (user["username"], user["displayUsername"]) == stored
    assert names_of(any_gatehouse) == stored


@pytest.mark.parametrize(
    ("username", "code"),
    [
        ("", "USERNAME_TOO_SHORT"),
        ("x" * 31, "USERNAME_TOO_LONG"),
        ("ada l", "INVALID_USERNAME"),
        ("ROOT", "USERNAME_IS_ALREADY_TAKEN"),
    ],
)
def test_an_admin_chooses_as_everybody_does(any_gatehouse, root, username, code):
    assert root.post("update-user", {"username": "root"}).status_code == 200
    response = create(root, username=username)
    assert (response.status_code, response.json()) == (400, refusal(code))
    create(root)
    response = change(any_gatehouse, root, username=username)
    assert (response.status_code, response.json()) == (400, refusal(code))
    assert names_of(any_gatehouse) == (None, None)


def test_a_name_is_changed_at_once_in_every_session_and_recorded(any_gatehouse, root):
    ada = any_gatehouse.visitor()
    ada.sign_up(username="Ada_L")
    assert change(any_gatehouse, root, username="ADA_L", displayUsername="ADA").status_code == 200
    assert names_of(any_gatehouse) == ("ada_l", "ADA")
    assert change(any_gatehouse, root, username="Countess").json()["username"] == "countess"
    assert ada.session()["user"]["username"] == "countess"
    assert change(any_gatehouse, root, username=None, displayUsername=None).status_code == 200
    assert ada.session()["user"]["username"] is None
    recorded = [each.detail for each in any_gatehouse.events() if each.kind == "user_updated"]
    assert {each["fields"] for each in recorded} == {
        "display_username",
        "username",
        "display_username,username",
    }


def test_where_there_are_no_names_they_are_unknown_fields(start):
    gatehouse = start(username=False)
    root = make_admin(gatehouse)
    message = "username is not allowed to be set"
    expected = (400, refusal("FIELD_NOT_ALLOWED", message))
    response = create(root, username="ada_l")
    assert (response.status_code, response.json()) == expected
    create(root)
    response = change(gatehouse, root, username="ada_l")
    assert (response.status_code, response.json()) == expected


@pytest.fixture
def several(any_gatehouse, root):
    for name in ("Cleo", "anna", None, "BERT"):
        email = f"{(name or 'nameless').lower()}@example.com"
        assert any_gatehouse.visitor().sign_up(email, username=name).status_code == 200
    return root


def found(root, query: str) -> list[str | None]:
    response = root.get(f"admin/list-users?{query}")
    assert response.status_code == 200, response.text
    return [user["username"] for user in response.json()["users"]]


def test_users_are_searched_filtered_and_sorted_by_name(several):
    assert found(several, "searchField=username&searchValue=NN") == ["anna"]
    assert found(several, "searchField=username&searchValue=er&searchOperator=starts_with") == []
    assert found(several, "filterField=username&filterValue=BERT") == ["bert"]
    either = "filterField=username&filterOperator=in&filterValue=Cleo&filterValue=anna"
    assert sorted(found(several, either)) == ["anna", "cleo"]
    assert found(several, "filterField=displayUsername&filterValue=BERT") == ["bert"]
    # As PostgreSQL does: who has no name comes last, or first in the other direction.
    assert found(several, "sortBy=username") == ["anna", "bert", "cleo", None, None]
    down = found(several, "sortBy=username&sortDirection=desc")
    assert down == [None, None, "cleo", "bert", "anna"]
    assert found(several, "sortBy=username&limit=2&offset=1") == ["bert", "cleo"]


def test_the_search_of_the_panel_finds_them(several):
    page = several.get("/api/admin/users?search=cle").json()
    assert [user["username"] for user in page["users"]] == ["cleo"]
    several.post("update-user", {"username": "the_boss"})
    page = several.get("/api/admin/users?search=BOSS").json()
    assert [user["username"] for user in page["users"]] == ["the_boss"]


def test_they_are_in_the_file_for_a_spreadsheet(any_gatehouse, root):
    any_gatehouse.visitor().sign_up(username="Ada_L", displayUsername="=1+1")
    text = root.get("/api/admin/users.csv?search=ada@").text.removeprefix(BYTE_ORDER_MARK)
    (row,) = csv.DictReader(StringIO(text))
    assert (row["username"], row["displayUsername"]) == ("ada_l", "'=1+1")


def test_they_move_out_and_in_again(gatehouse):
    gatehouse.visitor().sign_up(username="Ada_L", displayUsername="Ada the First")
    for ending in (".csv", ".jsonl"):
        text = export_text(gatehouse, ending)
        gatehouse.execute(users.delete())
        assert import_text(gatehouse, text)[0] == []
        assert names_of(gatehouse) == ("ada_l", "Ada the First")


def test_a_name_that_moves_in_gets_its_normal_form(gatehouse):
    text = json.dumps({"email": ADA, "username": "Ada_L"})
    assert import_text(gatehouse, text)[0] == []
    assert names_of(gatehouse) == ("ada_l", "Ada_L")


@pytest.mark.parametrize(
    ("username", "problem"),
    [
        ("x", "username: has fewer than 3 characters"),
        ("x" * 31, "username: has more than 30 characters"),
        ("ada-l", "username: has a character other than ASCII letters, digits, _ and ."),
        ("\u0430da", "username: has a character other than ASCII letters, digits, _ and ."),
        ("TAKEN", "username: belongs to another user"),
    ],
)
@pytest.mark.parametrize("dry", [True, False])
def test_a_name_that_cannot_be_is_told_in_words_and_its_batch_waits(
    gatehouse, username, problem, dry
):
    gatehouse.visitor().sign_up("first@example.com", username="taken")
    good, bad = {"email": "good@example.com"}, {"email": ADA, "username": username}
    messages, summary = import_text(gatehouse, f"{json.dumps(good)}\n{json.dumps(bad)}", dry=dry)
    assert messages == [
        f"line 2: {problem}",
        "lines 1-2: nothing imported; 1 valid lines wait: fix 1 invalid line",
    ]
    assert len(gatehouse.rows(select(users.c.id))) == 1
    assert "1 invalid line" in " ".join(summary)


def test_one_name_twice_in_a_file_is_a_mistake(gatehouse):
    lines = [
        json.dumps({"email": f"{number}@example.com", "username": name})
        for number, name in enumerate(["Ada_L", "ada_l"])
    ]
    messages, _ = import_text(gatehouse, "\n".join(lines))
    assert messages[0] == "line 2: the user name is the same as on line 1"


def test_whoever_is_here_already_keeps_their_name_without_a_word(gatehouse):
    gatehouse.visitor().sign_up(username="ada_l")
    text = json.dumps({"email": ADA, "username": "ada_l"})
    messages, summary = import_text(gatehouse, text)
    assert messages == []
    assert summary == ["0 users imported", "1 exist already and were not changed: lines 1"]


def test_ones_own_data_have_them(gatehouse):
    ada = gatehouse.visitor()
    ada.sign_up(username="Ada_L")
    packed = ZipFile(BytesIO(ada.get("/api/account/export").content))
    profile = json.loads(packed.read("profile.json"))
    assert "ada_l" in str(profile)
    assert "Ada_L" in str(profile)
