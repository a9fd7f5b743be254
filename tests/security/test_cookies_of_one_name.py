"""Threat: a cookie of the same name, set by a neighbouring site, in front of the right one.

It locks its owner out, or makes them somebody else (cookie tossing); a header full of such cookies
must not become a flood of queries.
"""

import pytest
from sqlalchemy import select

from backend.storage.tables import sessions
from tests.admins import ADA, make_admin, user_id_of
from tests.in_process import Gatehouse, Visitor
from tests.scene import cookies_of

NAME, DEVICE, WAITING = (
    "better-auth.session_token",
    "gatehouse.device",
    "better-auth.admin_session",
)
FORGED = "abc." + "A" * 43 + "%3D"
BOB = "bob@example.com"


def make_ended_cookie(gatehouse: Gatehouse, email: str = BOB) -> str:
    """The cookie of a session that has ended."""
    visitor = gatehouse.member(email)
    value = visitor.session_cookie
    visitor.post("sign-out")
    assert value is not None
    return value


def build_cookie_header(visitor: Visitor, *values: str | None, name: str = NAME) -> dict[str, str]:
    """A Cookie header with several cookies of one name."""
    return {"cookie": "; ".join(f"{name}={value}" for value in values)}


@pytest.fixture
def ada(gatehouse: Gatehouse) -> Visitor:
    return gatehouse.member(ADA)


@pytest.mark.parametrize("first", ["forged", "empty", "ended", "expired", "a device's"])
def test_the_first_that_is_live_counts(gatehouse, first):
    old = gatehouse.member(BOB).session_cookie
    if first == "expired":
        gatehouse.clock.advance(days=8)
    ada = gatehouse.member(ADA)
    front = {
        "forged": FORGED,
        "empty": "",
        "ended": make_ended_cookie(gatehouse, "eve@example.com"),
        "expired": old,
        "a device's": ada.cookies[DEVICE],
    }[first]
    header = build_cookie_header(ada, front, ada.session_cookie)
    for _ in range(3):  # from the database, then from the cache
        response = ada.get("get-session", headers=header)
        assert response.json()["user"]["email"] == ADA
        assert cookies_of(response) == []
        assert ada.get("/api/me", headers=header).status_code == 200


def test_of_two_that_are_live_the_first_counts_however_warm_the_cache_is(gatehouse, ada):
    bob = gatehouse.member(BOB)
    header = build_cookie_header(bob, bob.session_cookie, ada.session_cookie)
    assert ada.session()["user"]["email"] == ADA
    for _ in range(2):
        assert gatehouse.visitor().get("get-session", headers=header).json()["user"]["email"] == BOB
    assert ada.session()["user"]["email"] == ADA


def test_a_dead_cookie_never_opens_what_stood_behind_it(gatehouse, ada):
    dead = make_ended_cookie(gatehouse)
    ada.get("get-session", headers=build_cookie_header(ada, dead, ada.session_cookie))
    alone = gatehouse.visitor().get("get-session", headers=build_cookie_header(ada, dead))
    assert alone.json() is None
    assert cookies_of(alone) == ["session_token 0", "session_data 0", "dont_remember 0"]


def test_the_one_cookie_of_everybody_costs_nothing_more(gatehouse, ada):
    ada.session()
    with gatehouse.statements() as statements:
        assert ada.session() is not None
    assert statements == []


def test_a_header_full_of_them_costs_a_few_queries(gatehouse, ada):
    dead = []
    for _ in range(20):
        visitor = gatehouse.visitor()
        visitor.sign_in(ADA)
        dead.append(visitor.session_cookie)
    ada.post("revoke-other-sessions")
    with gatehouse.statements() as statements:
        flood = ada.get("get-session", headers=build_cookie_header(ada, *dead, ada.session_cookie))
    assert flood.json() is None
    assert len([each for each in statements if "FROM sessions" in each]) == 5
    forged = (f"{number}{FORGED}" for number in range(300))
    many_forged = build_cookie_header(ada, *forged, ada.session_cookie)
    with gatehouse.statements() as statements:
        assert ada.get("get-session", headers=many_forged).json() is None
    assert statements == []


def test_the_same_one_many_times_is_one(gatehouse, ada):
    header = build_cookie_header(ada, *[make_ended_cookie(gatehouse)] * 20, ada.session_cookie)
    assert ada.get("get-session", headers=header).json()["user"]["email"] == ADA


def test_signing_out_ends_every_session_that_is_shown(gatehouse, ada):
    bob = gatehouse.member(BOB)
    ended = make_ended_cookie(gatehouse, "eve@example.com")
    header = build_cookie_header(ada, ended, ada.session_cookie, bob.session_cookie)
    response = ada.post("sign-out", headers=header)
    assert cookies_of(response) == ["session_token 0", "session_data 0", "dont_remember 0"]
    assert gatehouse.rows(select(sessions.c.id)) == []
    assert ada.get("get-session", headers=header).json() is None


def test_so_does_signing_in_for_a_planted_one_stays_in_front(gatehouse, ada):
    planted = gatehouse.member("mallory@example.com").session_cookie
    victim = gatehouse.visitor()
    victim.post(
        "sign-in/email",
        {"email": ADA, "password": "correct horse battery"},
        headers=build_cookie_header(victim, make_ended_cookie(gatehouse), planted),
    )
    header = build_cookie_header(victim, planted, victim.session_cookie)
    assert victim.get("get-session", headers=header).json()["user"]["email"] == ADA


def test_revoking_ends_and_clears_the_one_that_counts(gatehouse, ada):
    header = build_cookie_header(ada, make_ended_cookie(gatehouse), ada.session_cookie)
    token = ada.session()["session"]["token"]
    response = ada.post("revoke-session", {"token": token}, headers=header)
    assert response.json() == {"status": True}
    assert "session_token 0" in cookies_of(response)
    assert ada.get("get-session", headers=header).json() is None


def test_a_device_is_known_behind_one_of_another_user(start):
    limited = start(rate_limits=True)
    ada, bob = limited.member(ADA), limited.member(BOB)
    for number in range(12):
        limited.visitor(f"198.51.100.{number}").sign_in(ADA, "a guess of mine")
    both = build_cookie_header(ada, bob.cookies[DEVICE], FORGED, ada.cookies[DEVICE], name=DEVICE)
    payload = {"email": ADA, "password": "correct horse battery"}
    browser = limited.visitor("192.0.2.1")
    assert browser.post("sign-in/email", payload, headers=both).status_code == 200


def test_an_admin_goes_back_past_a_session_that_waited_before(gatehouse, ada):
    root = make_admin(gatehouse)
    root.post("admin/impersonate-user", {"userId": user_id_of(gatehouse, ADA)})
    old = make_admin(gatehouse, "second@example.com")
    old.post("admin/impersonate-user", {"userId": user_id_of(gatehouse, ADA)})
    waiting = build_cookie_header(
        root, FORGED, old.cookies[WAITING], root.cookies[WAITING], name=WAITING
    )
    header = {"cookie": f"{NAME}={root.session_cookie}; {waiting['cookie']}"}
    back = root.post("admin/stop-impersonating", headers=header)
    assert back.json()["user"]["email"] == "root@example.com"


class TestWhatACookieCacheHasLeft:
    """better-auth.session_data, of the Better Auth that was here before (wire.md 9.3)."""

    DATA = "better-auth.session_data"

    @pytest.mark.parametrize("path", ["get-session", "list-sessions", "/api/me"])
    def test_it_is_cleared_wherever_a_session_is_read(self, gatehouse, ada, path):
        for _ in range(2):
            cookie = f"{NAME}={ada.session_cookie}; {self.DATA}=x; {self.DATA}.0=a; {self.DATA}.1=b"
            response = ada.get(path, headers={"cookie": cookie})
            assert response.status_code == 200
            lines = response.headers.get_list("set-cookie")
            assert [line.partition(";")[0] for line in lines] == [
                f"{self.DATA}=",
                f"{self.DATA}.0=",
                f"{self.DATA}.1=",
            ]
            assert all("; Max-Age=0; Path=/; HttpOnly; SameSite=Lax" in line for line in lines)

    def test_it_is_cleared_where_there_is_no_session(self, gatehouse):
        response = gatehouse.visitor().get("get-session", headers={"cookie": f"{self.DATA}=x"})
        assert (response.json(), cookies_of(response)) == (None, ["session_data 0"])

    def test_it_is_cleared_once_with_a_session_that_is_over(self, gatehouse):
        cookie = f"{NAME}={make_ended_cookie(gatehouse)}; {self.DATA}=x; {self.DATA}.0=a"
        response = gatehouse.visitor().get("get-session", headers={"cookie": cookie})
        lines = ["session_token 0", "session_data 0", "0 0", "dont_remember 0"]
        assert cookies_of(response) == lines

    def test_signing_out_clears_its_pieces_too(self, gatehouse, ada):
        cookie = f"{NAME}={ada.session_cookie}; {self.DATA}.0=a"
        assert "0 0" in cookies_of(ada.post("sign-out", headers={"cookie": cookie}))

    def test_what_is_no_piece_of_it_stays(self, gatehouse, ada):
        cookie = (
            f"{NAME}={ada.session_cookie}; {self.DATA}.x=1; {self.DATA}.0000=1; not{self.DATA}=1"
        )
        assert cookies_of(ada.get("get-session", headers={"cookie": cookie})) == []
