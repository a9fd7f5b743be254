"""Threat: a way to sign in that skips a check of all the others.

Every way in ends in `SessionIssuer.finish_sign_in`. Here each of them meets each gate.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from backend.features.accounts.session_issuer import (
    LAST_LOGIN_METHODS,
    Challenge,
    Gate,
    Method,
    SessionIssuer,
)
from backend.storage.tables import users
from tests import at_provider, magic
from tests.admins import ADA, ROOT, make_admin, user_id_of
from tests.authenticator import Authenticator, give_passkey, sign_in_with
from tests.in_process import Gatehouse, Visitor, cookie_lines
from tests.mailbox import Mailbox, Start, open_link
from tests.make import PASSWORD
from tests.rig.preset_providers import PresetProvider
from tests.scene import events_after, refusal
from tests.second_factor import enrol

Way = Callable[[Gatehouse, Mailbox], tuple[Visitor, httpx.Response]]
BANNED, UNVERIFIED = "BANNED_USER", "EMAIL_NOT_VERIFIED"
CHALLENGE = Challenge("somethingElse", {"howMany": 2})


def by_password(gatehouse: Gatehouse, _: Mailbox) -> tuple[Visitor, httpx.Response]:
    visitor = gatehouse.visitor()
    return visitor, visitor.sign_in(ADA)


def by_username(gatehouse: Gatehouse, _: Mailbox) -> tuple[Visitor, httpx.Response]:
    visitor = gatehouse.visitor()
    gatehouse.execute(update(users).where(users.c.email == ADA).values(username="ada_l"))
    return visitor, visitor.post("sign-in/username", {"username": "Ada_L", "password": PASSWORD})


def by_sign_up(gatehouse: Gatehouse, _: Mailbox) -> tuple[Visitor, httpx.Response]:
    visitor = gatehouse.visitor()
    return visitor, visitor.sign_up("new@example.com")


def by_verification(gatehouse: Gatehouse, mailbox: Mailbox) -> tuple[Visitor, httpx.Response]:
    visitor = gatehouse.visitor()
    gatehouse.execute(update(users).where(users.c.email == ADA).values(email_verified=False))
    return visitor, open_link(visitor, mailbox.last("verify", ADA))


def by_passkey(gatehouse: Gatehouse, _: Mailbox) -> tuple[Visitor, httpx.Response]:
    visitor = gatehouse.visitor()
    device = Authenticator(verifies=False)  # one that does is two factors by itself
    give_passkey(gatehouse, ADA, device)
    return visitor, sign_in_with(device, visitor)


def by_magic_link(gatehouse: Gatehouse, mailbox: Mailbox) -> tuple[Visitor, httpx.Response]:
    visitor = gatehouse.visitor()
    mail = magic.ask(visitor, mailbox)
    return visitor, magic.click(visitor, mail)


def by_email_otp(gatehouse: Gatehouse, mailbox: Mailbox) -> tuple[Visitor, httpx.Response]:
    visitor = gatehouse.visitor()
    visitor.post("email-otp/send-verification-otp", {"email": ADA, "type": "sign-in"})
    code = mailbox.last("code", ADA).code
    return visitor, visitor.post("sign-in/email-otp", {"email": ADA, "otp": code})


def by_impersonation(gatehouse: Gatehouse, _: Mailbox) -> tuple[Visitor, httpx.Response]:
    root = gatehouse.visitor()
    root.sign_in(ROOT)
    return root, root.post("admin/impersonate-user", {"userId": user_id_of(gatehouse, ADA)})


def by_provider(gatehouse: Gatehouse, _: Mailbox) -> tuple[Visitor, httpx.Response]:
    visitor = gatehouse.visitor()
    at_provider.give_account(gatehouse, ADA)
    return visitor, at_provider.sign_in_at(visitor)


def by_trying(gatehouse: Gatehouse, _: Mailbox) -> tuple[Visitor, httpx.Response]:
    visitor = gatehouse.visitor()
    return visitor, visitor.post("sign-in/anonymous")


WAYS: dict[Method, Way] = {
    Method.PASSWORD: by_password,
    Method.USERNAME: by_username,
    Method.SIGN_UP: by_sign_up,
    Method.VERIFICATION: by_verification,
    Method.PASSKEY: by_passkey,
    Method.MAGIC_LINK: by_magic_link,
    Method.EMAIL_OTP: by_email_otp,
    Method.IMPERSONATION: by_impersonation,
    Method.PROVIDER: by_provider,
    Method.ANONYMOUS: by_trying,
}
EVENTS = {
    Method.PASSWORD: ["sign_in"],
    Method.USERNAME: ["sign_in"],
    Method.SIGN_UP: ["sign_up"],
    Method.VERIFICATION: ["email_verified", "sign_in"],
    Method.PASSKEY: ["sign_in"],
    Method.MAGIC_LINK: ["email_verified", "magic_link_requested", "sign_in"],
    Method.EMAIL_OTP: ["email_verified", "sign_in", "sign_in_code_requested"],
    Method.IMPERSONATION: ["impersonation_started", "sign_in"],  # the admin's own
    Method.PROVIDER: ["email_verified", "sign_in"],
    Method.ANONYMOUS: ["sign_in"],
}
REFUSED = {
    Method.PASSWORD: ["sign_in_failed"],
    Method.USERNAME: ["sign_in_failed"],
    Method.VERIFICATION: ["sign_in_failed"],
    Method.PASSKEY: ["sign_in_failed"],
    Method.MAGIC_LINK: ["magic_link_requested", "sign_in_failed"],
    Method.EMAIL_OTP: ["sign_in_code_requested", "sign_in_failed"],
    Method.PROVIDER: ["sign_in_failed"],
    Method.IMPERSONATION: ["sign_in"],  # the admin's own
}
MET = {
    # What a banned user, and one who has not proved their address, is told on each way. Who signs
    # up is new, and cannot be banned; the click on the link is the proof.
    (Method.PASSWORD, BANNED): True,
    (Method.PASSWORD, UNVERIFIED): True,
    (Method.USERNAME, BANNED): True,
    (Method.USERNAME, UNVERIFIED): True,
    (Method.SIGN_UP, BANNED): False,
    (Method.SIGN_UP, UNVERIFIED): False,
    (Method.VERIFICATION, BANNED): True,
    (Method.VERIFICATION, UNVERIFIED): False,
    (Method.PASSKEY, BANNED): True,
    (Method.PASSKEY, UNVERIFIED): True,
    (Method.MAGIC_LINK, BANNED): True,
    (Method.MAGIC_LINK, UNVERIFIED): False,
    (Method.EMAIL_OTP, BANNED): True,
    (Method.EMAIL_OTP, UNVERIFIED): False,
    (Method.PROVIDER, BANNED): True,
    (Method.PROVIDER, UNVERIFIED): False,  # the provider has just checked it
    (Method.IMPERSONATION, BANNED): True,
    (Method.IMPERSONATION, UNVERIFIED): False,
    (Method.ANONYMOUS, BANNED): False,  # new, as whoever signs up, and without an address to prove
    (Method.ANONYMOUS, UNVERIFIED): False,
}
CHALLENGED = {
    # Which ways in ask for a second factor: as Better Auth, and with STRICT.
    Method.PASSWORD: (True, True),
    Method.USERNAME: (True, True),
    Method.SIGN_UP: (False, False),  # who signs up has none yet
    Method.VERIFICATION: (False, True),
    Method.PASSKEY: (False, True),
    Method.MAGIC_LINK: (False, True),
    Method.EMAIL_OTP: (False, True),
    Method.PROVIDER: (False, True),
    Method.IMPERSONATION: (False, False),  # the admin has given their own
    Method.ANONYMOUS: (False, False),
}
REMEMBERED = {
    # What a page can read afterwards of how somebody signed in, as Better Auth's plugin writes it.
    Method.PASSWORD: "email",
    Method.USERNAME: None,
    Method.SIGN_UP: "email",
    Method.VERIFICATION: None,
    Method.MAGIC_LINK: "magic-link",
    Method.EMAIL_OTP: "email-otp",
    Method.PROVIDER: at_provider.PROVIDER,
    Method.IMPERSONATION: "email",  # the admin's own
    Method.PASSKEY: "passkey",
    Method.ANONYMOUS: None,
}
REDIRECTED = {
    Method.VERIFICATION: "/",
    Method.MAGIC_LINK: "http://localhost:7860/in",
    Method.PROVIDER: "/in",
}
"""Where a challenge is told with a redirect."""
each_way = pytest.mark.parametrize("method", Method)


@pytest.fixture(scope="module")
def provider() -> Iterator[PresetProvider]:
    """At which Ada has an account."""
    with at_provider.open_provider() as opened:
        yield opened


@pytest.fixture
def start_ways(start_mailing, provider) -> Start:
    """As `start_mailing`, with every way in."""

    def start(**overrides: Any) -> Gatehouse:
        with_provider = at_provider.app_settings(provider)
        gatehouse = start_mailing(anonymous_sign_in=True, **with_provider, **overrides)
        at_provider.keep_time(gatehouse, provider)
        return gatehouse

    return start


@pytest.fixture
def guarded(start_ways, mailbox) -> Gatehouse:
    """Where an address must be proved and its link signs in. Ada has, and so has an admin."""
    before = start_ways()
    make_admin(before)
    before.member(ADA)
    before.execute(update(users).values(email_verified=True))
    before.close()
    return start_ways(require_verified_email=True, sign_in_after_verification=True)


@pytest.fixture
def open_to_all(start_ways) -> Gatehouse:
    """Where nothing is asked for but a password, and a link signs in. Ada has an account."""
    gatehouse = start_ways(sign_in_after_verification=True)
    make_admin(gatehouse)
    gatehouse.member(ADA)
    return gatehouse


def test_no_way_in_is_forgotten_here():
    every = set(Method)
    assert WAYS.keys() == EVENTS.keys() == CHALLENGED.keys() == REMEMBERED.keys() == every
    assert LAST_LOGIN_METHODS.keys() == every
    assert MET.keys() == {(method, gate) for method in Method for gate in (BANNED, UNVERIFIED)}


@each_way
def test_behind_the_gates_there_is_a_session_and_an_event(open_to_all, mailbox, method):
    before = open_to_all.events()
    visitor, response = WAYS[method](open_to_all, mailbox)
    assert "session_token" in cookie_lines(response)
    assert visitor.session() is not None
    assert visitor.cookies.get("better-auth.last_used_login_method") == REMEMBERED[method]
    assert events_after(open_to_all, before) == EVENTS[method]


@pytest.mark.parametrize(("method", "code"), MET, ids=lambda each: str(each))
def test_each_gate_stands_before_each_way_in_that_it_is_for(guarded, mailbox, method, code):
    obstacle = {"banned": True} if code == BANNED else {"email_verified": False}
    guarded.execute(update(users).where(users.c.email == ADA).values(**obstacle))
    before = guarded.events()

    _, response = WAYS[method](guarded, mailbox)

    if method is Method.PROVIDER:
        refused = "/error?error=BANNED_USER&" in response.headers["location"]
    else:
        refused = response.status_code == 403 and response.json() == refusal(code)
    assert refused == MET[method, code], response.text
    if refused:
        assert "session_token" not in cookie_lines(response)
        assert events_after(guarded, before) == REFUSED[method]


@each_way
@pytest.mark.parametrize("strict", [False, True])
def test_a_second_factor_is_asked_for_where_the_table_says(start_ways, mailbox, method, strict):
    gatehouse = start_ways(sign_in_after_verification=True, strict=strict)
    make_admin(gatehouse)
    enrol(gatehouse, gatehouse.member(ADA))
    gatehouse.execute(update(users).where(users.c.email == ADA).values(email_verified=True))

    visitor, response = WAYS[method](gatehouse, mailbox)

    challenged = CHALLENGED[method][strict]
    assert ("two_factor" in cookie_lines(response)) == challenged
    assert (visitor.session() is None) == challenged
    if challenged and method in REDIRECTED:
        assert response.headers["location"] == f"{REDIRECTED[method]}?twoFactorRedirect=true"


@each_way
def test_what_a_gate_asks_for_is_told_as_the_way_allows_and_there_is_no_session(
    open_to_all, mailbox, method
):
    issuer: SessionIssuer = open_to_all.context.services[SessionIssuer]
    lines = []

    def challenge(_, attempt):
        lines.append(attempt.method)
        return CHALLENGE

    issuer.gates.append(Gate(challenge, {method}))
    before = open_to_all.events()
    visitor, response = WAYS[method](open_to_all, mailbox)

    assert lines == [method]
    if method in REDIRECTED:
        target = f"{REDIRECTED[method]}?somethingElse=true"
        assert (response.status_code, response.headers["location"]) == (302, target)
    else:
        assert (response.status_code, response.json()) == (
            200,
            {"somethingElse": True, "howMany": 2},
        )
    assert "session_token" not in cookie_lines(response)
    begun = "impersonation_started" if method is Method.IMPERSONATION else "sign_in"
    assert begun not in events_after(open_to_all, before)
    session = visitor.session()
    assert session is None or session["session"]["impersonatedBy"] is None


def test_a_gate_that_is_for_other_ways_in_is_not_asked(open_to_all, mailbox):
    issuer: SessionIssuer = open_to_all.context.services[SessionIssuer]
    issuer.gates.append(Gate(lambda *_: CHALLENGE, {Method.PASSWORD}))
    visitor, _ = by_verification(open_to_all, mailbox)
    assert visitor.session() is not None


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    "method", [Method.PASSWORD, Method.USERNAME, Method.SIGN_UP, Method.MAGIC_LINK]
)
def test_the_session_that_a_browser_shows_while_it_signs_in_anew_ends(
    start_mailing, mailbox, strict, method
):
    gatehouse = start_mailing(strict=strict)
    former = gatehouse.member("grace@example.com")
    browser = gatehouse.visitor()
    browser.cookies = dict(former.cookies)
    if method is Method.PASSWORD:
        gatehouse.member(ADA)
        browser.sign_in(ADA)
    elif method is Method.USERNAME:
        gatehouse.visitor().sign_up(ADA, username="ada_l")
        browser.post("sign-in/username", {"username": "ada_l", "password": PASSWORD})
    elif method is Method.MAGIC_LINK:
        magic.click(browser, magic.ask(browser, mailbox))
    else:
        browser.sign_up(ADA)
    assert browser.session()["user"]["email"] == ADA
    assert (former.session() is None) == strict
