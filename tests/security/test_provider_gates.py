"""Threat: who comes back from a provider gets by what stands before the other ways in."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from backend.storage.tables import accounts, sessions, users
from tests.admins import make_admin, user_id_of
from tests.in_process import Gatehouse, Visitor
from tests.lax_provider import (
    ADA,
    LAX,
    LaxProvider,
    begin,
    come_back,
    lax,
    other,
    person,
    providers_of,
    sign_in,
    start_lax,
)
from tests.mailbox import open_link
from tests.make import READABLE_COOKIE
from tests.second_factor import App, enrol

__all__ = ["lax", "other", "start_lax"]

GRACE = "grace@example.com"
CHALLENGED = "/in?twoFactorRedirect=true"
Undo = Callable[[Gatehouse, Visitor], object]


@pytest.fixture
def gatehouse(start_lax) -> Gatehouse:
    return start_lax()


def linked_member(gatehouse: Gatehouse, lax: LaxProvider, mailbox) -> Visitor:
    """Ada's browser; she has a password, a verified address and an account at the provider."""
    ada = gatehouse.member(ADA)
    open_link(ada, mailbox.last("verify"))
    assert sign_in(gatehouse.visitor(), lax, person()) == "/in"
    return ada


def give_code(visitor: Visitor, app: App, **fields: bool) -> None:
    response = visitor.post("two-factor/verify-totp", {"code": app.code(), **fields})
    assert response.status_code == 200, response.text


class TestASecondFactor:
    @pytest.fixture
    def ada(self, gatehouse, lax, mailbox) -> Visitor:
        return linked_member(gatehouse, lax, mailbox)

    @pytest.fixture
    def app(self, gatehouse, ada, clock) -> App:
        app = enrol(gatehouse, ada)
        clock.advance(seconds=30)
        return app

    def test_is_asked_for_after_the_provider(self, gatehouse, lax, app):
        browser = gatehouse.visitor()
        assert sign_in(browser, lax, person()) == CHALLENGED
        assert browser.session() is None
        assert browser.cookies[READABLE_COOKIE] == LAX
        give_code(browser, app)
        assert browser.session()["user"]["email"] == ADA
        assert browser.cookies[READABLE_COOKIE] == LAX
        details = [each.detail for each in gatehouse.events() if "provider" in each.detail]
        by_provider = {"method": "provider", "provider": LAX}
        assert by_provider in details
        assert {**by_provider, "second_factor": "totp"} in details

    def test_is_asked_for_where_the_address_links_the_account(self, gatehouse, lax, ada, app):
        (row,) = gatehouse.rows(select(accounts.c.id))
        assert ada.post("unlink-account", {"accountId": str(row.id)}).status_code == 200
        browser = gatehouse.visitor()
        assert sign_in(browser, lax, person("another")) == CHALLENGED
        assert browser.session() is None

    def test_is_not_asked_for_in_a_trusted_browser(self, gatehouse, lax, app):
        browser = gatehouse.visitor()
        sign_in(browser, lax, person())
        give_code(browser, app, trustDevice=True)
        browser.post("sign-out")
        assert sign_in(browser, lax, person()) == "/in"
        assert browser.session()["user"]["email"] == ADA
        assert sign_in(gatehouse.visitor(), lax, person()) == CHALLENGED

    def test_an_anonymous_user_becomes_the_user_after_it(self, gatehouse, start_lax, lax, app):
        gatehouse.close()
        gatehouse = start_lax(anonymous_sign_in=True)
        browser = gatehouse.visitor()
        browser.post("sign-in/anonymous")
        assert sign_in(browser, lax, person()) == CHALLENGED
        give_code(browser, app)
        emails = [row.email for row in gatehouse.rows(select(users.c.email))]
        assert emails == [ADA]

    def test_without_strict_it_is_not_asked_for_as_with_better_auth(
        self, gatehouse, start_lax, lax, app
    ):
        gatehouse.close()
        browser = start_lax(strict=False).visitor()
        assert sign_in(browser, lax, person()) == "/in"
        assert browser.session() is not None


def test_where_everybody_needs_a_second_factor_a_providers_user_does(start_lax, lax):
    gatehouse = start_lax(require_two_factor_for="everybody")
    ada = gatehouse.visitor()
    assert sign_in(ada, lax, person()) == "/in"
    assert ada.get("/api/me").json()["code"] == "TWO_FACTOR_REQUIRED"
    assert ada.get("list-accounts").json()["code"] == "TWO_FACTOR_REQUIRED"


def test_a_banned_user_is_refused_with_the_reason(gatehouse, lax):
    sign_in(gatehouse.visitor(), lax, person())
    gatehouse.ban(ADA)
    browser = gatehouse.visitor()
    location = sign_in(browser, lax, person())
    assert location.startswith("/oops?error=BANNED_USER&error_description=You+have+been+banned")
    assert browser.session() is None
    gatehouse.unban(ADA)
    assert sign_in(browser, lax, person()) == "/in"


def test_nobody_signs_up_where_sign_up_is_off(start_lax, lax):
    before = start_lax()
    sign_in(before.visitor(), lax, person())
    before.close()
    gatehouse = start_lax(sign_up=False)
    newcomer = gatehouse.visitor()
    grace = person("grace", GRACE)
    assert sign_in(newcomer, lax, grace) == "/oops?error=signup_disabled"
    assert newcomer.session() is None
    assert len(gatehouse.rows(select(users.c.id))) == 1
    assert sign_in(gatehouse.visitor(), lax, person()) == "/in"


def test_an_anonymous_user_becomes_the_providers_user(start_lax, lax):
    gatehouse = start_lax(anonymous_sign_in=True)
    for _ in range(2):  # who is new, and who is not
        browser = gatehouse.visitor()
        browser.post("sign-in/anonymous")
        assert sign_in(browser, lax, person()) == "/in"
        assert [row.email for row in gatehouse.rows(select(users.c.email))] == [ADA]
        assert "isAnonymous" not in browser.session()["user"]


@pytest.mark.parametrize("strict", [True, False])
def test_the_session_that_the_browser_had_ends(start_lax, lax, strict):
    gatehouse = start_lax(strict=strict)
    former = gatehouse.member(GRACE)
    browser = gatehouse.visitor()
    browser.cookies = dict(former.cookies)
    assert sign_in(browser, lax, person()) == "/in"
    assert browser.session()["user"]["email"] == ADA
    assert (former.session() is None) == strict


def test_with_several_accounts_in_a_browser_the_other_users_session_stays(start_lax, lax):
    gatehouse = start_lax(multi_session=True)
    browser = gatehouse.member(GRACE)
    assert sign_in(browser, lax, person()) == "/in"
    listed = browser.get("multi-session/list-device-sessions").json()
    assert {each["user"]["email"] for each in listed} == {GRACE, ADA}
    assert browser.session()["user"]["email"] == ADA


def revoke(_: Gatehouse, ada: Visitor) -> None:
    ada.post("revoke-sessions")


def sign_out(_: Gatehouse, ada: Visitor) -> None:
    kept = dict(ada.cookies)
    ada.post("sign-out")
    ada.cookies |= {name: value for name, value in kept.items() if "state" in name}


def ban(gatehouse: Gatehouse, _: Visitor) -> None:
    root = make_admin(gatehouse)
    banned = root.post("admin/ban-user", {"userId": user_id_of(gatehouse, ADA)})
    assert banned.status_code == 200


def expire(gatehouse: Gatehouse, _: Visitor) -> None:
    moment = gatehouse.clock.now()
    gatehouse.execute(sessions.update().values(expires_at=moment), gatehouse.user_id(ADA))


def change_address(gatehouse: Gatehouse, _: Visitor) -> None:
    changed = users.update().where(users.c.email == ADA).values(email=GRACE)
    gatehouse.execute(changed, gatehouse.user_id(ADA))


def delete(gatehouse: Gatehouse, _: Visitor) -> None:
    root = make_admin(gatehouse)
    removed = root.post("admin/remove-user", {"userId": user_id_of(gatehouse, ADA)})
    assert removed.status_code == 200


@pytest.mark.parametrize(
    "undo", [revoke, sign_out, ban, expire, change_address, delete], ids=lambda each: each.__name__
)
def test_nothing_is_linked_by_a_session_that_has_ended_meanwhile(undo, gatehouse, lax, mailbox):
    ada = gatehouse.member(ADA)
    open_link(ada, mailbox.last("verify"))
    path = lax.answer(begin(ada, lax, "link-social"), person())
    undo(gatehouse, ada)
    gone = undo is delete  # and so is what we knew of this sign-in
    assert ("error=state_mismatch" if gone else "/oops?error=") in come_back(ada, path)
    assert gatehouse.rows(select(accounts.c.id)) == []
    failed = "sign_in_failed" if gone else "account_link_failed"
    assert failed in {event.kind for event in gatehouse.events()}


def test_an_account_is_linked_to_who_asked_whoever_is_signed_in_by_then(gatehouse, lax, mailbox):
    """Somebody else signs in in the same browser, at another tab, while Ada is at the provider."""
    ada = gatehouse.member(ADA)
    open_link(ada, mailbox.last("verify"))
    grace = gatehouse.member(GRACE)
    path = lax.answer(begin(ada, lax, "link-social"), person())
    state = {name: value for name, value in ada.cookies.items() if "state" in name}
    grace.cookies |= state
    assert come_back(grace, path) == "/in"
    assert providers_of(grace) == ["credential"]
    assert providers_of(ada) == ["credential", LAX]


def test_who_was_deleted_while_at_the_provider_is_somebody_new(gatehouse, lax):
    ada = gatehouse.visitor()
    sign_in(ada, lax, person())
    old = gatehouse.user_id(ADA)
    path = lax.answer(begin(ada, lax), person())
    delete(gatehouse, ada)
    assert come_back(ada, path) == "/in"
    assert gatehouse.user_id(ADA) != old


def test_who_was_banned_while_at_the_provider_is_refused(gatehouse, lax):
    ada = gatehouse.visitor()
    sign_in(ada, lax, person())
    path = lax.answer(begin(ada, lax), person())
    gatehouse.ban(ADA)
    assert come_back(ada, path).startswith("/oops?error=BANNED_USER")
    assert ada.session() is None


def test_the_last_way_in_stays_and_others_go(gatehouse, lax, mailbox):
    ada = linked_member(gatehouse, lax, mailbox)
    listed = {each["providerId"]: each["id"] for each in ada.get("list-accounts").json()}
    assert ada.post("unlink-account", {"accountId": listed["credential"]}).status_code == 200
    assert gatehouse.visitor().sign_in(ADA).status_code == 401
    last = ada.post("unlink-account", {"accountId": listed[LAX]})
    assert last.json()["code"] == "FAILED_TO_UNLINK_LAST_ACCOUNT"
    assert sign_in(gatehouse.visitor(), lax, person()) == "/in"


class TestTwoReplicas:
    """One PostgreSQL, two servers."""

    @pytest.fixture
    def replicas(self, postgres_url, start, lax) -> list[Gatehouse]:
        settings = {"oidc_providers": (LAX,), "oidc": lax.settings}
        return [start(database_url=postgres_url, **settings) for _ in range(2)]

    def test_two_first_sign_ins_at_once_make_one_user(self, replicas, lax):
        browsers = [each.visitor() for each in replicas for _ in range(3)]
        paths = [lax.answer(begin(each, lax), person()) for each in browsers]
        sent = zip(browsers, paths, strict=True)
        responses = replicas[0].gather(*(each.send_async("GET", path) for each, path in sent))
        assert [each.headers["location"] for each in responses] == ["/in"] * len(browsers)
        assert len(replicas[0].rows(select(users.c.id))) == 1
        assert len(replicas[0].rows(select(accounts.c.id))) == 1
        assert {each.session()["user"]["email"] for each in browsers} == {ADA}

    def test_two_links_at_once_make_one_account(self, replicas, lax):
        ada = replicas[0].member(ADA)
        replicas[0].execute(users.update().values(email_verified=True), replicas[0].user_id(ADA))
        paths, browsers = [], []
        for each in replicas:
            browser = each.visitor()
            browser.cookies = dict(ada.cookies)
            paths.append(lax.answer(begin(browser, lax, "link-social"), person()))
            browsers.append(browser)
        sent = zip(browsers, paths, strict=True)
        responses = replicas[0].gather(*(each.send_async("GET", path) for each, path in sent))
        assert [each.headers["location"] for each in responses] == ["/in"] * 2
        assert providers_of(ada) == ["credential", LAX]


def test_a_link_by_an_admin_who_acts_as_somebody_is_refused(gatehouse, lax):
    root = make_admin(gatehouse)
    gatehouse.member(ADA)
    root.post("admin/impersonate-user", {"userId": user_id_of(gatehouse, ADA)})
    response = root.post("link-social", {"provider": LAX, "callbackURL": "/in"})
    assert response.status_code == 403
