"""GET /get-session: who is asking, and for how long."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.kernel.settings import Settings
from backend.storage.tables import sessions
from tests.in_process import cookie_lines
from tests.make import KEY
from tests.scene import Scene, a_stranger, ada_signed_up, cookies_of, scenes

PATH = "get-session"
CLEARED = ["session_token 0", "session_data 0", "dont_remember 0"]
DAY = 24 * 60 * 60

ANYBODY = [
    Scene(name="a stranger", method="GET", path=PATH, status=200, response=None),
    Scene(
        name="a member",
        setup=ada_signed_up,
        method="GET",
        path=PATH,
        status=200,
        has=('"email":"ada@example.com"',),
    ),
    Scene(
        name="POST, which this server does not need",
        setup=ada_signed_up,
        path=PATH,
        body={},
        status=405,
        code="METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
    ),
    Scene(
        name="POST without a body",
        path=PATH,
        status=405,
        code="METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
    ),
]


@scenes(*ANYBODY)
def test_it_answers_everybody(any_gatehouse, scene):
    scene.play(any_gatehouse)


def test_the_answer_has_exactly_these_keys(gatehouse):
    response = gatehouse.member().session()
    assert list(response) == ["session", "user"]
    assert set(response["session"]) == {
        *("id", "token", "userId", "expiresAt", "createdAt", "updatedAt"),
        *("ipAddress", "userAgent", "impersonatedBy"),
    }
    assert set(response["user"]) == {
        *("id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt"),
        *("role", "banned", "banReason", "banExpires"),
        *("twoFactorEnabled", "username", "displayUsername"),
    }


@pytest.mark.parametrize("setup", [a_stranger, ada_signed_up])
def test_no_cache_keeps_the_answer(gatehouse, setup):
    visitor = gatehouse.visitor()
    setup(gatehouse, visitor)
    response = visitor.get(PATH)
    assert (response.headers["cache-control"], response.headers["pragma"]) == (
        "no-store",
        "no-cache",
    )


def test_every_date_has_exactly_three_decimals(gatehouse, clock):
    clock.advance(microseconds=987_654)
    response = gatehouse.member().get(PATH).text
    dates = re.findall(r'"\d{4}-[^"]*"', response)
    assert len(dates) == 5
    assert all(re.fullmatch(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"', date) for date in dates)


def test_the_first_and_the_next_answers_are_the_same(any_gatehouse):
    ada = any_gatehouse.member()
    assert ada.get(PATH).content == ada.get(PATH).content == ada.get(PATH).content


def test_without_any_cookie_nothing_is_asked_of_the_database(gatehouse):
    with gatehouse.statements() as statements:
        assert gatehouse.visitor().session() is None
    assert statements == []


def test_a_session_that_is_known_is_not_read_again(gatehouse):
    ada = gatehouse.member()
    gatehouse.wait_for_the_feed()
    ada.session()
    with gatehouse.statements() as statements:
        for _ in range(5):
            assert ada.session() is not None
    assert statements == []


def test_with_no_room_in_the_cache_it_is_read_each_time(start):
    gatehouse = start(session_cache_size=0)
    ada = gatehouse.member()
    with gatehouse.statements() as statements:
        for _ in range(5):
            assert ada.session() is not None
    assert len(statements) == 5


def test_it_lives_for_seven_days_of_silence(any_gatehouse, clock):
    ada = any_gatehouse.member()
    clock.advance(days=7, microseconds=-1)
    assert ada.session() is not None


def test_at_the_end_it_is_gone_with_its_cookies(any_gatehouse, clock):
    ada = any_gatehouse.member()
    ada.session()
    clock.advance(days=7)
    response = ada.get(PATH)
    assert (response.json(), cookies_of(response)) == (None, CLEARED)
    assert any_gatehouse.rows(select(sessions.c.id)) != [], (
        "housekeeping deletes it, not one clock alone"
    )


def test_within_the_first_day_use_does_not_prolong_it(any_gatehouse, clock):
    ada = any_gatehouse.member()
    before = ada.session()["session"]["expiresAt"]
    clock.advance(days=1, microseconds=-1)
    response = ada.get(PATH)
    assert (response.json()["session"]["expiresAt"], cookies_of(response)) == (before, [])


def test_after_a_day_use_prolongs_it_and_sends_the_cookie_anew(any_gatehouse, clock):
    ada = any_gatehouse.member()
    token = ada.session()["session"]["token"]
    clock.advance(days=1)
    response = ada.get(PATH)
    session = response.json()["session"]
    assert (session["expiresAt"], session["token"]) == ("2026-11-30T12:00:00.000Z", token)
    assert session["updatedAt"] == "2026-11-23T12:00:00.000Z"
    assert cookies_of(response) == ["session_token 604800"]


def test_the_next_answer_after_that_sends_none(any_gatehouse, clock):
    ada = any_gatehouse.member()
    clock.advance(days=1)
    first = ada.get(PATH)
    second = ada.get(PATH)
    assert (second.json(), cookies_of(second)) == (first.json(), [])


def test_used_every_day_it_lives_on_until_its_absolute_end(any_gatehouse, clock):
    ada = any_gatehouse.member()
    for _ in range(29):
        clock.advance(days=1)
        assert ada.session() is not None
    clock.advance(days=1, microseconds=-1)
    assert ada.session()["session"]["expiresAt"] == "2026-12-22T12:00:00.000Z"
    clock.advance(microseconds=1)
    assert ada.session() is None


@pytest.mark.parametrize("value", ["true", "false", "1", "no"])
def test_with_disable_refresh_nothing_is_prolonged_whatever_its_value(gatehouse, clock, value):
    ada = gatehouse.member()
    before = ada.session()["session"]["expiresAt"]
    clock.advance(days=2)
    response = ada.get(f"{PATH}?disableRefresh={value}")
    assert (response.json()["session"]["expiresAt"], cookies_of(response)) == (before, [])


def test_an_empty_disable_refresh_says_nothing(gatehouse, clock):
    ada = gatehouse.member()
    clock.advance(days=1)
    assert cookies_of(ada.get(f"{PATH}?disableRefresh=")) == ["session_token 604800"]


def test_disable_cookie_cache_makes_no_difference(gatehouse):
    ada = gatehouse.member()
    assert ada.get(f"{PATH}?disableCookieCache=true").json() == ada.session()


def test_not_remembered_it_lives_for_a_day_and_is_never_prolonged(any_gatehouse, clock):
    ada = any_gatehouse.visitor()
    ada.sign_up(rememberMe=False)
    clock.advance(days=1, microseconds=-1)
    response = ada.get(PATH)
    assert response.json()["session"]["expiresAt"] == "2026-11-23T12:00:00.000Z"
    assert cookies_of(response) == []
    clock.advance(microseconds=1)
    assert ada.session() is None


def test_any_authenticated_call_prolongs_it(gatehouse, clock):
    ada = gatehouse.member()
    clock.advance(days=1)
    assert cookies_of(ada.post("revoke-other-sessions", {})) == ["session_token 604800"]


def test_a_prolonged_session_that_is_then_revoked_is_cleared(gatehouse, clock):
    ada = gatehouse.member()
    clock.advance(days=1)
    response = ada.post("revoke-sessions", {})
    assert cookies_of(response) == CLEARED
    assert ada.session_cookie is None


def test_a_well_signed_token_of_no_session_is_cleared(gatehouse):
    ada = gatehouse.member()
    cookie = ada.session_cookie
    ada.post("sign-out")
    ada.session_cookie = cookie
    response = ada.get(PATH)
    assert (response.json(), cookies_of(response)) == (None, CLEARED)


def test_a_badly_signed_one_is_nobodys_and_left_alone(gatehouse):
    visitor = gatehouse.visitor()
    visitor.session_cookie = "token.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    response = visitor.get(PATH)
    assert (response.json(), cookies_of(response)) == (None, [])


@pytest.mark.parametrize("odd", ['x={"a":1}', "k@1=v", 'q="', "=", ";;", "ü=ü", "a=" + "x" * 4000])
def test_odd_cookies_of_others_sign_nobody_out(gatehouse, odd):
    ada = gatehouse.member()
    mine = f"better-auth.session_token={ada.session_cookie}"
    for header in (f"{odd}; {mine}", f"{mine}; {odd}"):
        raw = header.encode("utf-8")
        assert ada.get(PATH, headers={"cookie": raw}).json() is not None


def test_of_two_session_cookies_the_first_counts(gatehouse):
    ada, bob = gatehouse.member(), gatehouse.member("bob@example.com")
    name = "better-auth.session_token"
    both = f"{name}={ada.session_cookie}; {name}={bob.session_cookie}"
    body = gatehouse.visitor().get(PATH, headers={"cookie": both}).json()
    assert body["user"]["email"] == "ada@example.com"


def restart(start, **settings):
    """Ada's browser, after the server was started again with other settings."""
    first = start()
    ada = first.member()
    first.close()
    other = start(**settings).visitor()
    other.cookies = dict(ada.cookies)
    return other


def test_a_session_survives_a_restart(start):
    assert restart(start).session()["user"]["email"] == "ada@example.com"


def test_a_session_lives_on_when_the_key_is_rotated(start):
    ada = restart(start, secret_key="Z" + KEY, secret_keys_old=KEY)
    assert ada.session()["user"]["email"] == "ada@example.com"


def test_and_is_nobodys_when_the_old_key_is_dropped(start):
    response = restart(start, secret_key="Z" + KEY).get(PATH)
    assert (response.json(), cookies_of(response)) == (None, [])


def test_over_https_the_plain_twin_of_the_cookie_is_not_read(start):
    gatehouse = start(public_url="https://auth.example.com")
    ada = gatehouse.member()
    twin = f"better-auth.session_token={ada.session_cookie}"
    assert gatehouse.visitor().get(PATH, headers={"cookie": twin}).json() is None


def test_lifetimes_are_settings(start, clock):
    gatehouse = start(session_lifetime=100, session_refresh_after=10, session_max_age=120)
    ada = gatehouse.visitor()
    assert "; Max-Age=100;" in cookie_lines(ada.sign_up())["session_token"]
    clock.advance(seconds=9)
    assert cookies_of(ada.get(PATH)) == []
    clock.advance(seconds=1)
    assert cookies_of(ada.get(PATH)) == ["session_token 100"]
    clock.advance(seconds=99)
    assert ada.session()["session"]["expiresAt"] == "2026-11-22T12:02:00.000Z"
    clock.advance(seconds=11)
    assert ada.session() is None


def test_a_lifetime_beyond_the_absolute_end_is_cut(start):
    gatehouse = start(session_lifetime=1000, session_max_age=60)
    session = gatehouse.member().session()["session"]
    assert session["expiresAt"] == "2026-11-22T12:01:00.000Z"


def test_the_defaults_are_a_week_a_day_and_thirty_days():
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    assert defaults["session_lifetime"] == 7 * DAY
    assert defaults["session_refresh_after"] == defaults["session_fresh_for"] == DAY
    assert timedelta(seconds=defaults["session_max_age"]) == timedelta(days=30)
