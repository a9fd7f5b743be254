"""POST /admin/ban-user and /admin/unban-user, and the gate at sign-in."""

import pytest

from tests.admins import ADA, ROOT, an_admin, make_admin, user_id_of
from tests.scene import Scene, events_after, refusal, scenes

BAN, UNBAN = "admin/ban-user", "admin/unban-user"


@pytest.fixture
def root(gatehouse):
    """An admin's browser."""
    return make_admin(gatehouse)


@pytest.fixture
def ada(gatehouse):
    """The browser of a user with an ordinary account."""
    return gatehouse.member(ADA)


def ban_user(root, gatehouse, email=ADA, **options):
    return root.post(BAN, {"userId": user_id_of(gatehouse, email), **options})


def test_a_ban_ends_every_session_and_keeps_the_user_out(any_gatehouse):
    root, ada = make_admin(any_gatehouse), any_gatehouse.member(ADA)
    assert ada.session() is not None
    before = any_gatehouse.events()
    user = ban_user(root, any_gatehouse, banReason="spam").json()["user"]
    assert (user["banned"], user["banReason"], user["banExpires"]) == (True, "spam", None)
    assert events_after(any_gatehouse, before) == ["user_banned"]
    assert ada.session() is None
    assert any_gatehouse.visitor().sign_in(ADA).json() == refusal("BANNED_USER")
    wrong = any_gatehouse.visitor().sign_in(ADA, "a wrong password")
    assert wrong.json() == refusal("INVALID_EMAIL_OR_PASSWORD")


def test_an_unbanned_user_signs_in_again(gatehouse, root, ada):
    ban_user(root, gatehouse)
    before = gatehouse.events()
    user = root.post(UNBAN, {"userId": user_id_of(gatehouse, ADA)}).json()["user"]
    assert (user["banned"], user["banReason"], user["banExpires"]) == (False, None, None)
    assert events_after(gatehouse, before) == ["user_unbanned"]
    assert ada.session() is None
    assert gatehouse.visitor().sign_in(ADA).status_code == 200


def test_a_reason_has_an_end(gatehouse, root, ada):
    too_big = "Too big: expected string to have <=1000 characters"
    response = ban_user(root, gatehouse, banReason="x" * 1001)
    assert (response.status_code, response.json()["message"]) == (
        400,
        f"[body.banReason] {too_big}",
    )
    payload = {"userId": user_id_of(gatehouse, ADA), "data": {"banReason": "x" * 1001}}
    response = root.post("admin/update-user", payload)
    assert (response.status_code, response.json()["message"]) == (
        400,
        f"[body.data.banReason] {too_big}",
    )
    assert ban_user(root, gatehouse, banReason="x" * 1000).status_code == 200


def test_a_ban_for_a_minute_is_lifted_by_the_first_sign_in_after_it(gatehouse, root, ada):
    user = ban_user(root, gatehouse, banExpiresIn=60).json()["user"]
    assert (user["banReason"], user["banExpires"]) == ("No reason", "2026-11-22T12:01:00.000Z")
    gatehouse.clock.advance(seconds=59)
    assert gatehouse.visitor().sign_in(ADA).status_code == 403
    gatehouse.clock.advance(seconds=1)
    before = gatehouse.events()
    again = gatehouse.visitor()
    assert again.sign_in(ADA).status_code == 200
    assert again.session()["user"]["banned"] is False
    assert events_after(gatehouse, before) == ["sign_in", "user_unbanned"]


def test_a_second_ban_replaces_the_first(gatehouse, root, ada):
    ban_user(root, gatehouse, banReason="spam", banExpiresIn=60)
    user = ban_user(root, gatehouse, banReason="more spam").json()["user"]
    assert (user["banReason"], user["banExpires"]) == ("more spam", None)


def test_a_ban_that_is_there_already_and_the_pardon_of_nobody_are_no_events(gatehouse, root, ada):
    root.post(UNBAN, {"userId": user_id_of(gatehouse, ADA)})
    first = ban_user(root, gatehouse, banReason="spam").json()
    before = gatehouse.events()
    gatehouse.clock.advance(seconds=1)
    assert ban_user(root, gatehouse, banReason="spam").json() == first
    assert [each.kind for each in before if each.kind.startswith("user_")] == ["user_banned"]
    assert events_after(gatehouse, before) == []


def test_update_user_bans_as_well(gatehouse, root, ada):
    data = {"banned": True, "banExpires": "2026-11-22T13:00:00+01:00"}
    user = root.post(
        "admin/update-user", {"userId": user_id_of(gatehouse, ADA), "data": data}
    ).json()
    assert (user["banned"], user["banReason"]) == (True, "No reason")
    assert user["banExpires"] == "2026-11-22T12:00:00.000Z"
    assert ada.session() is None


@pytest.mark.parametrize("data", [{"banned": True}, {"banned": True, "banReason": "for good"}])
def test_a_ban_by_update_user_owes_nothing_to_one_that_has_run_out(gatehouse, root, ada, data):
    ban_user(root, gatehouse, banReason="spam", banExpiresIn=60)
    gatehouse.clock.advance(minutes=2)
    user = root.post(
        "admin/update-user", {"userId": user_id_of(gatehouse, ADA), "data": data}
    ).json()
    reason = data.get("banReason", "No reason")
    assert (user["banned"], user["banReason"], user["banExpires"]) == (True, reason, None)
    assert gatehouse.visitor().sign_in(ADA).json() == refusal("BANNED_USER")


def test_nor_to_an_end_that_was_set_while_nobody_was_banned(gatehouse, root, ada):
    ada_id = user_id_of(gatehouse, ADA)
    for data in ({"banExpires": "2026-11-22T12:01:00Z"}, {"banned": True}):
        root.post("admin/update-user", {"userId": ada_id, "data": data})
    gatehouse.clock.advance(minutes=2)
    assert gatehouse.visitor().sign_in(ADA).json() == refusal("BANNED_USER")


def test_a_ban_that_holds_keeps_its_end_when_its_reason_changes(gatehouse, root, ada):
    ban_user(root, gatehouse, banExpiresIn=60)
    before, ada_id = gatehouse.events(), user_id_of(gatehouse, ADA)
    data = {"banned": True, "banReason": "more spam"}
    user = root.post("admin/update-user", {"userId": ada_id, "data": data}).json()
    assert user["banExpires"] == "2026-11-22T12:01:00.000Z"
    assert events_after(gatehouse, before) == ["user_banned"]


def test_a_new_end_for_a_ban_that_has_run_out_is_a_ban_anew(gatehouse, root, ada):
    ban_user(root, gatehouse, banExpiresIn=60)
    gatehouse.clock.advance(minutes=2)
    before = gatehouse.events()
    payload = {"userId": user_id_of(gatehouse, ADA), "data": {"banExpires": "2026-11-22T13:00:00Z"}}
    assert root.post("admin/update-user", payload).status_code == 200
    assert events_after(gatehouse, before) == ["user_banned"]
    assert gatehouse.visitor().sign_in(ADA).json() == refusal("BANNED_USER")


def test_an_admin_whose_ban_has_run_out_is_one_who_can_administer(gatehouse, root):
    make_admin(gatehouse, "second@example.com")
    ban_user(root, gatehouse, "second@example.com", banExpiresIn=60)
    demoted = {"userId": user_id_of(gatehouse, ROOT), "role": "user"}
    assert root.post("admin/set-role", demoted).json() == refusal("LAST_ADMIN")
    gatehouse.clock.advance(minutes=2)
    assert root.post("admin/set-role", demoted).status_code == 200


def test_admins_do_not_ban_themselves(gatehouse, root):
    assert ban_user(root, gatehouse, ROOT).json() == refusal("YOU_CANNOT_BAN_YOURSELF")
    own = {"userId": user_id_of(gatehouse, ROOT), "data": {"banned": True}}
    assert root.post("admin/update-user", own).json() == refusal("YOU_CANNOT_BAN_YOURSELF")
    assert root.session() is not None


@scenes(
    *[
        Scene(
            name=name,
            setup=an_admin,
            path=BAN,
            body={"userId": "nobody", "banExpiresIn": seconds},
            status=400,
            code="VALIDATION_ERROR",
            message=f"[body.banExpiresIn] {message}",
        )
        for name, seconds, message in [
            ("a time that is over", -1, "Too small: expected number to be >=0"),
            ("a thousand years", 31_536_000_000, "Too big: expected number to be <=3153600000"),
            ("a text", "60", "Invalid input: expected number, received string"),
            ("null", None, "Invalid input: expected number, received null"),
        ]
    ],
    Scene(
        name="a ban of nobody",
        setup=an_admin,
        path=BAN,
        body={"userId": "nobody"},
        status=404,
        code="USER_NOT_FOUND",
    ),
    Scene(
        name="an unban of nobody",
        setup=an_admin,
        path=UNBAN,
        body={"userId": "nobody"},
        status=404,
        code="USER_NOT_FOUND",
    ),
)
def test_what_cannot_be_is_refused(gatehouse, scene):
    scene.play(gatehouse)
