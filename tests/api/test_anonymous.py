"""Trying the app without an account, and becoming a user with one."""

import json
from io import BytesIO
from uuid import UUID
from zipfile import ZipFile

import pytest
from sqlalchemy import func, select, update

from backend.features.housekeeping.service import Housekeeper
from backend.storage import clock_check
from backend.storage.tables import pictures, sessions, users
from tests.admins import ROOT, make_admin
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.scene import Scene, cookies_of, refusal, scenes
from tests.second_factor import enrol

GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs="
SIGNED_IN = ("session_token 604800",)


@pytest.fixture
def gatehouse(start) -> Gatehouse:
    return start(anonymous_sign_in=True)


@pytest.fixture
def any_gatehouse(start_on) -> Gatehouse:
    return start_on(anonymous_sign_in=True)


def anonymous(gatehouse: Gatehouse, **options) -> Visitor:
    """A browser whose owner tries the app without an account."""
    visitor = gatehouse.visitor(**options)
    assert visitor.post("sign-in/anonymous").status_code == 200
    return visitor


def user_of(visitor: Visitor) -> dict:
    return visitor.session()["user"]


def exists(gatehouse: Gatehouse, user_id: str) -> bool:
    ((number,),) = gatehouse.rows(
        select(func.count()).select_from(users).where(users.c.id == UUID(user_id))
    )
    return bool(number)


def purge(gatehouse: Gatehouse) -> None:
    gatehouse.context.services[Housekeeper].start_purge().result()


@scenes(
    Scene(
        name="no body",
        path="sign-in/anonymous",
        status=200,
        has=('"isAnonymous":true', '"name":"Anonymous"', "@anonymous.placeholder.invalid"),
        cookies=SIGNED_IN,
        events=("sign_in",),
    ),
    Scene(
        name="an empty body",
        path="sign-in/anonymous",
        body={},
        status=200,
        cookies=SIGNED_IN,
        events=("sign_in",),
    ),
    Scene(
        name="a second time",
        path="sign-in/anonymous",
        setup=lambda _, visitor: visitor.post("sign-in/anonymous"),
        status=400,
        code="ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY",
    ),
    Scene(
        name="from another site",
        path="sign-in/anonymous",
        headers={"origin": "https://evil.example"},
        status=403,
        code="INVALID_ORIGIN",
    ),
    Scene(
        name="nobody deletes nothing",
        path="delete-anonymous-user",
        status=401,
        code="UNAUTHORIZED",
    ),
    Scene(
        name="an account is not deleted",
        path="delete-anonymous-user",
        setup=lambda _, visitor: visitor.sign_up(),
        status=403,
        code="USER_IS_NOT_ANONYMOUS",
    ),
    Scene(
        name="an anonymous user is",
        path="delete-anonymous-user",
        setup=lambda _, visitor: visitor.post("sign-in/anonymous"),
        status=200,
        response={"success": True},
        cookies=("session_token 0", "session_data 0", "dont_remember 0"),
        events=("sign_in", "user_deleted"),  # the first without what identified them
    ),
)
def test_it_is_as_in_better_auth(any_gatehouse, scene):
    scene.play(any_gatehouse)


def test_it_is_off_unless_it_is_switched_on(start):
    visitor = start().visitor()
    for path in ("sign-in/anonymous", "delete-anonymous-user"):
        response = visitor.post(path)
        assert (response.status_code, response.content) == (404, b"")


def test_users_with_an_account_do_not_have_the_field(gatehouse):
    assert "isAnonymous" not in user_of(gatehouse.member())
    assert user_of(anonymous(gatehouse))["isAnonymous"] is True


def test_who_signs_up_becomes_the_new_user(any_gatehouse):
    visitor = anonymous(any_gatehouse)
    old = user_of(visitor)["id"]
    assert visitor.sign_up().status_code == 200
    user = user_of(visitor)
    assert (user["email"], "isAnonymous" in user) == ("ada@example.com", False)
    assert not exists(any_gatehouse, old)
    ada = UUID(user["id"])
    assert [(each.kind, each.subject) for each in any_gatehouse.events()] == [
        ("anonymous_user_linked", ada),
        ("sign_in", None),
        ("sign_up", ada),
    ]


@pytest.mark.parametrize("strict", [True, False])
def test_who_signs_in_becomes_that_user_and_the_old_session_is_worth_nothing(start, strict):
    gatehouse = start(anonymous_sign_in=True, strict=strict)
    gatehouse.member()
    visitor = anonymous(gatehouse)
    old, cookie = user_of(visitor)["id"], visitor.session_cookie
    assert visitor.sign_in().status_code == 200
    assert not exists(gatehouse, old)
    visitor.session_cookie = cookie
    assert visitor.session() is None


def test_a_second_step_keeps_who_it_was(any_gatehouse):
    app = enrol(any_gatehouse, any_gatehouse.member())
    visitor = anonymous(any_gatehouse)
    old = user_of(visitor)["id"]
    assert visitor.sign_in().json()["twoFactorRedirect"]
    purge(any_gatehouse)
    assert exists(any_gatehouse, old)
    assert visitor.post("two-factor/verify-totp", {"code": app.code()}).status_code == 200
    assert not exists(any_gatehouse, old)


def test_who_fails_to_sign_in_stays_anonymous(gatehouse):
    gatehouse.member()
    visitor = anonymous(gatehouse)
    assert visitor.sign_in(password="wrong horse battery").status_code == 401
    assert user_of(visitor)["isAnonymous"]


def test_a_picture_moves_to_a_user_who_has_none(any_gatehouse):
    visitor = anonymous(any_gatehouse)
    assert visitor.post("update-user", {"image": GIF}).status_code == 200
    image = user_of(visitor)["image"]
    response = visitor.sign_up()
    assert response.json()["user"]["image"] == user_of(visitor)["image"] == image
    owners = [row.user_id for row in any_gatehouse.rows(select(pictures.c.user_id))]
    assert owners == [any_gatehouse.user_id("ada@example.com")]


def test_a_picture_of_ones_own_stays(gatehouse):
    gatehouse.visitor().sign_up(image="https://example.com/ada.png")
    visitor = anonymous(gatehouse)
    visitor.post("update-user", {"image": GIF})
    visitor.sign_in()
    assert user_of(visitor)["image"] == "https://example.com/ada.png"


def test_who_has_confirmed_an_address_has_an_account(start_mailing, mailbox):
    gatehouse = start_mailing(anonymous_sign_in=True)
    visitor = anonymous(gatehouse)
    visitor.post("change-email", {"newEmail": "ada@example.com"})
    path = mailbox.all("ada@example.com")[-1].path
    visitor.get(path)
    user = user_of(visitor)
    assert (user["email"], "isAnonymous" in user) == ("ada@example.com", False)


def test_no_mail_is_sent_to_an_address_that_does_not_exist(start_mailing, mailbox):
    gatehouse = start_mailing(anonymous_sign_in=True)
    visitor = anonymous(gatehouse)
    email = user_of(visitor)["email"]
    for path in ("send-verification-email", "request-password-reset"):
        assert visitor.post(path, {"email": email}).json()["status"] is True
    assert mailbox.all() == []


@pytest.mark.parametrize("required", ["admins", "everybody"])
def test_no_second_factor_is_required(start, required):
    gatehouse = start(anonymous_sign_in=True, require_two_factor_for=required)
    visitor = anonymous(gatehouse)
    assert visitor.post("update-user", {"name": "Ada"}).status_code == 200


def test_an_address_need_not_be_verified(start):
    assert user_of(anonymous(start(anonymous_sign_in=True, require_verified_email=True)))


def test_they_cannot_become_admins(gatehouse):
    root, visitor = make_admin(gatehouse), anonymous(gatehouse)
    user_id = user_of(visitor)["id"]
    expected = (400, refusal("ANONYMOUS_USERS_CANNOT_BE_ADMINS"))
    for path, body in (
        ("admin/set-role", {"userId": user_id, "role": "admin"}),
        ("admin/set-role", {"userId": user_id, "role": ["user", "admin"]}),
        ("admin/update-user", {"userId": user_id, "data": {"role": "admin"}}),
    ):
        response = root.post(path, body)
        assert (response.status_code, response.json()) == expected
    assert root.post("admin/set-role", {"userId": user_id, "role": "user"}).status_code == 200


def test_admins_see_and_filter_who_has_no_account(any_gatehouse):
    root, visitor = make_admin(any_gatehouse), anonymous(any_gatehouse)
    email = user_of(visitor)["email"]

    def emails(query: str) -> list[str]:
        return [each["email"] for each in root.get(query).json()["users"]]

    listed = root.get("/api/admin/users?anonymous=true").json()
    assert [(each["email"], each["isAnonymous"]) for each in listed["users"]] == [(email, True)]
    assert emails("/api/admin/users?anonymous=false") == [ROOT]
    by_flag = "admin/list-users?filterField=isAnonymous&filterValue="
    assert (emails(by_flag + "true"), emails(by_flag + "false")) == ([email], [ROOT])
    assert root.get(by_flag + "perhaps").status_code == 400
    csv = root.get("/api/admin/users.csv?anonymous=true").text
    assert (email in csv, ROOT in csv) == (True, False)


def test_the_export_and_the_deletion_of_ones_own_data_work_without_an_account(any_gatehouse):
    visitor = anonymous(any_gatehouse)
    user = user_of(visitor)
    with ZipFile(BytesIO(visitor.get("/api/account/export").content)) as archive:
        (profile,) = json.loads(archive.read("profile.json"))
    assert (profile["id"], profile["isAnonymous"]) == (user["id"], True)
    assert visitor.post("delete-user", {}).status_code == 200
    assert not exists(any_gatehouse, user["id"])


def test_two_sign_ins_at_once_make_somebody_of_them_once(any_gatehouse):
    any_gatehouse.member()
    any_gatehouse.member("bob@example.com")
    visitor = anonymous(any_gatehouse)
    old = user_of(visitor)["id"]
    bodies = [{"email": f"{name}@example.com", "password": PASSWORD} for name in ("ada", "bob")]
    responses = any_gatehouse.gather(
        *(visitor.send_async("POST", "sign-in/email", body) for body in bodies)
    )
    assert [each.status_code for each in responses] == [200, 200]
    assert not exists(any_gatehouse, old)
    linked = [each for each in any_gatehouse.events() if each.kind == "anonymous_user_linked"]
    assert len(linked) == 1


@pytest.mark.parametrize("path", ["change-password", "verify-password"])
def test_they_have_no_password_to_change(gatehouse, path):
    body = {"currentPassword": PASSWORD, "newPassword": PASSWORD + "2", "password": PASSWORD}
    response = anonymous(gatehouse).post(path, body)
    code = "CREDENTIAL_ACCOUNT_NOT_FOUND" if path == "change-password" else "INVALID_PASSWORD"
    assert (response.status_code, response.json()) == (400, refusal(code))


def test_one_address_makes_thirty_an_hour(start):
    gatehouse = start(anonymous_sign_in=True, rate_limits=True)

    def statuses(number: int, address: str) -> list[int]:
        answers = []
        for _ in range(number):
            gatehouse.clock.advance(seconds=10)
            answers.append(gatehouse.visitor(address).post("sign-in/anonymous").status_code)
        return answers

    assert statuses(31, "2001:db8::1") == [200] * 30 + [429]
    assert statuses(1, "2001:db8::2") == [429]  # the same subscriber
    assert statuses(1, "2001:db8:0:1::1") == [200]
    gatehouse.clock.advance(seconds=3600)
    assert statuses(1, "2001:db8::1") == [200]


def test_without_strict_only_better_auths_limit_counts(start):
    gatehouse = start(anonymous_sign_in=True, rate_limits=True, strict=False)
    for _ in range(31):
        gatehouse.clock.advance(seconds=10)
        anonymous(gatehouse)


def test_housekeeping_deletes_those_who_cannot_come_back(any_gatehouse, clock, monkeypatch):
    monkeypatch.setattr(clock_check, "read_database_time", lambda _: clock.now())
    gone, signed_out = anonymous(any_gatehouse), anonymous(any_gatehouse)
    ids = [user_of(each)["id"] for each in (gone, signed_out)]
    signed_out.post("sign-out")
    ada = any_gatehouse.member()
    ada.post("sign-out")
    purge(any_gatehouse)
    assert [exists(any_gatehouse, each) for each in ids] == [True, False]
    before = any_gatehouse.events()
    clock.advance(seconds=any_gatehouse.settings.session_lifetime + 1)
    here = anonymous(any_gatehouse)  # a write, which may already start a purge by itself
    purge(any_gatehouse)
    assert not exists(any_gatehouse, ids[0])
    assert user_of(here)
    assert any_gatehouse.user_id("ada@example.com")
    new = [each for each in any_gatehouse.events() if each.id not in {row.id for row in before}]
    assert [(each.kind, each.detail) for each in new] == [
        ("sign_in", {"method": "anonymous"}),
        ("user_deleted", {"by_themselves": False, "anonymous": True}),
    ]


def test_housekeeping_deletes_more_than_a_batch_and_keeps_who_has_a_password(
    any_gatehouse, clock, monkeypatch
):
    monkeypatch.setattr(clock_check, "read_database_time", lambda _: clock.now())
    monkeypatch.setattr("backend.features.anonymous.service._BATCH", 2)
    visitors = [anonymous(any_gatehouse) for _ in range(5)]
    kept = user_of(visitors[0])["id"]
    with_password = update(users).where(users.c.id == UUID(kept)).values(password_hash="x")
    any_gatehouse.execute(with_password)
    any_gatehouse.execute(sessions.delete())
    purge(any_gatehouse)
    rows = any_gatehouse.rows(select(users.c.id).where(users.c.is_anonymous))
    assert [str(row.id) for row in rows] == [kept]


def test_an_impersonation_links_nobody(gatehouse):
    """An admin who acts as an anonymous user and then signs in is not that user."""
    root, visitor = make_admin(gatehouse), anonymous(gatehouse)
    user_id = user_of(visitor)["id"]
    assert root.post("admin/impersonate-user", {"userId": user_id}).status_code == 200
    assert root.sign_in(ROOT).status_code == 200
    assert exists(gatehouse, user_id)
    assert user_of(visitor)["id"] == user_id


def test_the_cookies_are_those_of_a_session(gatehouse):
    response = gatehouse.visitor().post("sign-in/anonymous")
    assert cookies_of(response) == ["session_token 604800"]
    assert response.headers["set-auth-token"]
