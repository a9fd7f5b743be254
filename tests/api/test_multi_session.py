"""Several accounts in one browser, of which one is active."""

import pytest

from tests.admins import ADA, BOB, ROOT, make_admin
from tests.in_process import Gatehouse, Visitor, cookie_lines
from tests.make import PASSWORD
from tests.scene import cookies_of, events_after, refusal
from tests.second_factor import enrol

INVALID = (401, refusal("INVALID_SESSION_TOKEN"))
PEOPLE = [f"person-{number}@example.com" for number in range(6)]


@pytest.fixture
def gatehouse(start) -> Gatehouse:
    return start(multi_session=True)


@pytest.fixture
def any_gatehouse(start_on) -> Gatehouse:
    return start_on(multi_session=True)


def token_of(visitor: Visitor) -> str:
    return visitor.session()["session"]["token"]


def accounts_of(visitor: Visitor) -> list[str]:
    """Who is signed in in a browser."""
    return [
        each["user"]["email"] for each in visitor.get("multi-session/list-device-sessions").json()
    ]


def active(visitor: Visitor) -> str | None:
    session = visitor.session()
    return session and session["user"]["email"]


def name_of(token: str) -> str:
    return f"better-auth.session_token_multi-{token.lower()}"


def set_active(visitor: Visitor, token: str):
    return visitor.post("multi-session/set-active", {"sessionToken": token})


def revoke(visitor: Visitor, token: str):
    return visitor.post("multi-session/revoke", {"sessionToken": token})


@pytest.fixture
def both(any_gatehouse) -> tuple[Visitor, str, str]:
    """A browser in which Ada and then Bob have signed up, and their tokens."""
    visitor = any_gatehouse.member(ADA)
    ada = token_of(visitor)
    assert visitor.sign_up(BOB).status_code == 200
    return visitor, ada, token_of(visitor)


def test_it_is_off_unless_it_is_switched_on(start):
    visitor = start().visitor()
    response = visitor.sign_up()
    assert not any("_multi-" in line for line in response.headers.get_list("set-cookie"))
    assert visitor.get("multi-session/list-device-sessions").status_code == 404
    for path in ("multi-session/set-active", "multi-session/revoke"):
        assert visitor.post(path, {"sessionToken": token_of(visitor)}).status_code == 404


def test_the_newest_is_active_and_each_is_listed_with_its_token(both):
    visitor, ada, bob = both
    assert active(visitor) == BOB
    listed = visitor.get("multi-session/list-device-sessions").json()
    assert [each["session"]["token"] for each in listed] == [ada, bob]
    assert listed[1] == visitor.session()


def test_a_browser_without_accounts_has_an_empty_list(gatehouse):
    response = gatehouse.visitor().get("multi-session/list-device-sessions")
    assert (response.status_code, response.json()) == (200, [])


def test_the_cookie_is_like_that_of_the_session(gatehouse):
    visitor = gatehouse.visitor()
    lines = visitor.sign_up().headers.get_list("set-cookie")
    name = name_of(token_of(visitor))
    (line,) = [each for each in lines if each.startswith(name)]
    assert line.endswith("; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax")
    assert visitor.cookies[name] == visitor.session_cookie


def test_over_https_and_for_a_domain_the_cookie_is_too(start):
    gatehouse = start(
        multi_session=True, public_url="https://auth.example.com", cookie_domain="example.com"
    )
    visitor = gatehouse.visitor()
    lines = visitor.sign_up().headers.get_list("set-cookie")
    (line,) = [each for each in lines if "_multi-" in each]
    assert line.startswith("__Secure-better-auth.session_token_multi-")
    assert line.endswith("; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax")
    assert accounts_of(visitor) == [ADA]
    visitor.post("sign-out")
    assert accounts_of(visitor) == []


def test_each_can_be_chosen_and_none_ends(both):
    visitor, ada, bob = both
    response = set_active(visitor, ada)
    assert response.status_code == 200
    assert response.json() == visitor.session()
    assert (active(visitor), token_of(visitor)) == (ADA, ada)
    assert cookies_of(response) == ["session_token 604800"]
    assert set_active(visitor, bob.lower()).status_code == 200
    assert active(visitor) == BOB


def test_signing_one_out_makes_another_active(both, any_gatehouse):
    visitor, ada, bob = both
    before = any_gatehouse.events()
    response = revoke(visitor, bob)
    assert (response.status_code, response.json()) == (200, {"status": True})
    assert [each.split()[-1] for each in cookies_of(response)] == ["0", "604800"]
    assert (active(visitor), accounts_of(visitor)) == (ADA, [ADA])
    assert events_after(any_gatehouse, before) == ["sign_out"]
    assert set_active(visitor, bob).status_code == 401
    assert revoke(visitor, ada).status_code == 200
    assert (active(visitor), accounts_of(visitor)) == (None, [])


def test_signing_another_one_out_leaves_the_active_one(both):
    visitor, ada, _ = both
    assert revoke(visitor, ada).status_code == 200
    assert (active(visitor), accounts_of(visitor)) == (BOB, [BOB])


def test_signing_out_ends_all(both, any_gatehouse):
    visitor, ada, bob = both
    stolen, before = dict(visitor.cookies), any_gatehouse.events()
    response = visitor.post("sign-out")
    assert [each.split()[-1] for each in cookies_of(response)] == ["0"] * 5
    assert events_after(any_gatehouse, before) == ["sign_out", "sign_out"]
    visitor.cookies = stolen
    assert (accounts_of(visitor), active(visitor)) == ([], None)
    for token in (ada, bob):
        assert set_active(visitor, token).status_code == 401


@pytest.mark.parametrize("strict", [True, False])
def test_who_signs_in_again_replaces_their_own_session(start, strict):
    gatehouse = start(multi_session=True, strict=strict)
    visitor = gatehouse.member(ADA)
    first, copy = token_of(visitor), gatehouse.visitor()
    copy.cookies = dict(visitor.cookies)
    visitor.sign_up(BOB)
    assert visitor.sign_in(ADA).status_code == 200
    assert accounts_of(visitor) == [BOB, ADA]
    assert copy.session() is None
    assert name_of(first) not in visitor.cookies


@pytest.mark.parametrize("strict", [True, False])
def test_the_session_of_before_goes_on(start, strict):
    gatehouse = start(multi_session=True, strict=strict)
    visitor = gatehouse.member(ADA)
    copy = gatehouse.visitor()
    copy.cookies = dict(visitor.cookies)
    visitor.sign_up(BOB)
    assert active(copy) == ADA


def test_a_sixth_account_is_active_and_not_kept(any_gatehouse):
    visitor = any_gatehouse.visitor()
    for person in PEOPLE:
        assert visitor.sign_up(person).status_code == 200
    assert active(visitor) == PEOPLE[-1]
    assert accounts_of(visitor) == PEOPLE[:5]
    (first, *_) = visitor.get("multi-session/list-device-sessions").json()
    assert set_active(visitor, first["session"]["token"]).status_code == 200
    assert active(visitor) == PEOPLE[0]


def test_an_account_that_ended_elsewhere_makes_room(any_gatehouse):
    visitor = any_gatehouse.visitor()
    for person in PEOPLE[:5]:
        visitor.sign_up(person)
    any_gatehouse.ban(PEOPLE[1])
    assert visitor.sign_up(PEOPLE[5]).status_code == 200
    assert accounts_of(visitor) == [PEOPLE[0], *PEOPLE[2:]]


def test_what_has_ended_is_neither_listed_nor_chosen(both, any_gatehouse):
    visitor, ada, bob = both
    assert any_gatehouse.visitor().sign_in(ADA).status_code == 200
    any_gatehouse.ban(ADA)
    assert accounts_of(visitor) == [BOB]
    response = set_active(visitor, ada)
    assert (response.status_code, response.json()) == INVALID
    assert [each.split()[-1] for each in cookies_of(response)] == ["0"]
    assert name_of(ada) not in visitor.cookies
    any_gatehouse.clock.advance(seconds=any_gatehouse.settings.session_lifetime)
    assert accounts_of(visitor) == []
    assert set_active(visitor, bob).status_code == 401


def test_a_new_password_that_ends_the_others_replaces_the_account(gatehouse):
    visitor = gatehouse.member(ADA)
    old = token_of(visitor)
    body = {
        "currentPassword": PASSWORD,
        "newPassword": PASSWORD + " 2",
        "revokeOtherSessions": True,
    }
    assert visitor.post("change-password", body).status_code == 200
    assert accounts_of(visitor) == [ADA]
    assert name_of(old) not in visitor.cookies
    assert set_active(visitor, token_of(visitor)).status_code == 200


def test_a_second_factor_that_replaces_the_session_does_too(gatehouse):
    visitor = gatehouse.member(ADA)
    enrol(gatehouse, visitor)
    assert accounts_of(visitor) == [ADA]
    assert set_active(visitor, token_of(visitor)).status_code == 200
    visitor.post("two-factor/disable", {"password": PASSWORD})
    assert accounts_of(visitor) == [ADA]


def test_a_session_of_before_the_setting_joins_at_the_next_change(start, tmp_path):
    data = tmp_path / "data"
    before = start(data_dir=data)
    old = before.member(ADA)
    before.close()
    gatehouse = start(data_dir=data, multi_session=True)
    visitor = gatehouse.visitor()
    visitor.cookies = dict(old.cookies)
    assert accounts_of(visitor) == []
    visitor.post("update-user", {"name": "Ada King"})
    assert accounts_of(visitor) == [ADA]


def test_a_session_that_is_extended_joins_again(any_gatehouse):
    visitor = any_gatehouse.member(ADA)
    name = name_of(token_of(visitor))
    del visitor.cookies[name]
    assert accounts_of(visitor) == []
    any_gatehouse.clock.advance(seconds=any_gatehouse.settings.session_refresh_after)
    response = visitor.get("get-session")
    assert cookies_of(response)[0] == "session_token 604800"
    assert name in visitor.cookies
    any_gatehouse.clock.advance(seconds=any_gatehouse.settings.session_refresh_after)
    assert cookies_of(visitor.get("get-session")) == ["session_token 604800"]


@pytest.mark.parametrize("strict", [True, False])
def test_a_session_that_is_not_remembered_ends_with_the_browser(start, strict):
    gatehouse = start(multi_session=True, strict=strict)
    visitor = gatehouse.visitor()
    lines = visitor.sign_up(rememberMe=False).headers.get_list("set-cookie")
    (line,) = [each for each in lines if "_multi-" in each]
    assert ("Max-Age" in line) != strict
    token = token_of(visitor)
    visitor.sign_up(BOB)
    assert cookies_of(set_active(visitor, token)) == ["session_token", "dont_remember"]
    other = visitor.get("multi-session/list-device-sessions").json()[1]["session"]["token"]
    assert cookies_of(set_active(visitor, other)) == ["session_token 604800", "dont_remember 0"]


def test_without_a_session_one_can_be_chosen_but_none_signed_out(both):
    visitor, ada, _ = both
    del visitor.cookies["better-auth.session_token"]
    response = revoke(visitor, ada)
    assert (response.status_code, response.json()) == (401, refusal("UNAUTHORIZED"))
    assert set_active(visitor, ada).status_code == 200
    assert active(visitor) == ADA


@pytest.mark.parametrize("path", ["multi-session/set-active", "multi-session/revoke"])
@pytest.mark.parametrize("body", [{}, {"sessionToken": None}, {"sessionToken": 1}, [], "x"])
def test_another_body_is_refused_by_name(gatehouse, path, body):
    response = gatehouse.member().post(path, body)
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


def test_checking_a_session_reads_none_of_these_cookies(both, any_gatehouse):
    visitor, _, _ = both
    any_gatehouse.wait_for_the_feed()
    visitor.session()
    with any_gatehouse.statements() as statements:
        assert visitor.session() is not None
    assert statements == []


def test_an_impersonation_is_no_account_and_ends_when_one_is_chosen(gatehouse):
    gatehouse.member(ADA)
    root = make_admin(gatehouse)
    own = token_of(root)
    ada = str(gatehouse.user_id(ADA))
    response = root.post("admin/impersonate-user", {"userId": ada})
    assert not [each for each in response.headers.get_list("set-cookie") if "_multi-" in each]
    impersonation = dict(root.cookies)
    assert accounts_of(root) == [ROOT]
    before = gatehouse.events()
    assert set_active(root, own).status_code == 200
    assert active(root) == ROOT
    assert "better-auth.admin_session" not in root.cookies
    assert events_after(gatehouse, before) == ["impersonation_ended"]
    root.cookies = impersonation
    assert root.session() is None


def test_an_account_that_must_enrol_can_be_left(start, tmp_path):
    data = tmp_path / "data"
    before = start(data_dir=data, multi_session=True)
    visitor = before.member(ADA)
    enrol(before, visitor)
    ada = token_of(visitor)
    visitor.sign_up(BOB)
    bob, cookies = token_of(visitor), dict(visitor.cookies)
    before.close()
    gatehouse = start(data_dir=data, multi_session=True, require_two_factor_for="everybody")
    visitor = gatehouse.visitor()
    visitor.cookies = cookies
    assert visitor.post("update-user", {"name": "Bob"}).status_code == 403
    assert set_active(visitor, ada).status_code == 200
    assert visitor.post("update-user", {"name": "Ada King"}).status_code == 200
    assert set_active(visitor, bob).status_code == 200
    assert revoke(visitor, bob).status_code == 200
    assert active(visitor) == ADA


def test_a_sign_in_that_waits_for_its_second_step_is_no_account(gatehouse):
    enrol(gatehouse, gatehouse.member(ADA))
    visitor = gatehouse.member(BOB)
    bob = token_of(visitor)
    response = visitor.sign_in(ADA)
    assert response.json()["twoFactorRedirect"]
    assert "_multi-" not in str(cookie_lines(response))
    assert (active(visitor), accounts_of(visitor)) == (None, [BOB])
    assert set_active(visitor, bob).status_code == 200
