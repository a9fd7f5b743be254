"""Threat: a session acts after its end was acknowledged.

It waited for a hash meanwhile, or this process remembers it because the news did not reach it.
"""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from backend.kernel.passwords.hasher import PasswordHasher
from backend.routes import FEATURES
from backend.storage.change_feed.postgres import PostgresFeed
from backend.storage.tables import audit_events, links, metadata, outbox, sessions, users
from backend.web.routing.routes import signature_of
from tests.admins import ADA, BOB, ROOT, make_admin, user_id_of
from tests.authenticator import Authenticator, add_passkey, ask, give_passkey
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD

NEW = "another horse battery"
NOBODYS = "01a203c2-7c93-7407-ab15-d32628a133b6"
GITHUB = {"OIDC_GITHUB_CLIENT_ID": "client", "OIDC_GITHUB_CLIENT_SECRET": "secret"}
OWN: dict[str, tuple[str, Any]] = {
    "POST /api/auth/change-email": ("change-email", {"newEmail": "ada@example.org"}),
    "POST /api/auth/change-password": (
        "change-password",
        {"currentPassword": PASSWORD, "newPassword": NEW},
    ),
    "POST /api/auth/delete-user": ("delete-user", {"password": PASSWORD}),
    "GET /api/auth/passkey/generate-register-options": ("passkey/generate-register-options", ...),
    "POST /api/auth/passkey/verify-registration": ("passkey/verify-registration", {"response": {}}),
    "POST /api/auth/passkey/delete-passkey": ("passkey/delete-passkey", {"id": "ID OF A PASSKEY"}),
    "POST /api/auth/passkey/update-passkey": (
        "passkey/update-passkey",
        {"id": "ID OF A PASSKEY", "name": "Changed"},
    ),
    "POST /api/auth/email-otp/change-email": (
        "email-otp/change-email",
        {"newEmail": "ada@example.org", "otp": "123456"},
    ),
    "POST /api/auth/email-otp/request-email-change": (
        "email-otp/request-email-change",
        {"newEmail": "ada@example.org"},
    ),
    "POST /api/auth/delete-anonymous-user": ("delete-anonymous-user", {}),
    "GET /api/auth/one-time-token/generate": ("one-time-token/generate", ...),
    "POST /api/auth/multi-session/revoke": ("multi-session/revoke", {"sessionToken": "HER OWN"}),
    "POST /api/auth/revoke-other-sessions": ("revoke-other-sessions", {}),
    "POST /api/auth/revoke-session": ("revoke-session", {"token": "ID OF HER OTHER SESSION"}),
    "POST /api/auth/revoke-sessions": ("revoke-sessions", {}),
    "POST /api/auth/two-factor/disable": ("two-factor/disable", {"password": PASSWORD}),
    "POST /api/auth/two-factor/enable": ("two-factor/enable", {"password": PASSWORD}),
    "POST /api/auth/two-factor/generate-backup-codes": (
        "two-factor/generate-backup-codes",
        {"password": PASSWORD},
    ),
    "POST /api/auth/two-factor/get-totp-uri": ("two-factor/get-totp-uri", {"password": PASSWORD}),
    "POST /api/auth/link-social": ("link-social", {"provider": "github"}),
    "POST /api/auth/get-access-token": ("get-access-token", {"accountId": NOBODYS}),
    "POST /api/auth/refresh-token": ("refresh-token", {"accountId": NOBODYS}),
    "GET /api/auth/account-info": (f"account-info?accountId={NOBODYS}", ...),
    "POST /api/auth/unlink-account": ("unlink-account", {"accountId": "credential"}),
    "POST /api/auth/update-user": ("update-user", {"name": "Changed"}),
    "POST /api/auth/verify-password": ("verify-password", {"password": PASSWORD}),
    "GET /api/account/export": ("/api/account/export", ...),
}
"""What people do with their own account, and what they send for it."""

ADMINS: dict[str, tuple[str, Any]] = {
    "POST /api/auth/admin/ban-user": ("admin/ban-user", {"userId": BOB}),
    "POST /api/auth/admin/create-user": (
        "admin/create-user",
        {"email": "eve@example.com", "name": "Eve", "password": PASSWORD, "role": "admin"},
    ),
    "POST /api/auth/admin/impersonate-user": ("admin/impersonate-user", {"userId": BOB}),
    "POST /api/auth/admin/remove-user": ("admin/remove-user", {"userId": BOB}),
    "POST /api/auth/admin/revoke-user-session": (
        "admin/revoke-user-session",
        {"sessionToken": "ID OF BOB'S SESSION"},
    ),
    "POST /api/auth/admin/revoke-user-sessions": ("admin/revoke-user-sessions", {"userId": BOB}),
    "POST /api/auth/admin/set-role": ("admin/set-role", {"userId": BOB, "role": "admin"}),
    "POST /api/auth/admin/set-user-password": (
        "admin/set-user-password",
        {"userId": BOB, "newPassword": NEW},
    ),
    "POST /api/auth/admin/unban-user": ("admin/unban-user", {"userId": BOB}),
    "POST /api/auth/admin/update-user": (
        "admin/update-user",
        {"userId": BOB, "data": {"name": "Changed"}},
    ),
    "POST /api/admin/send-reset": ("/api/admin/send-reset", {"userId": BOB}),
    "POST /api/admin/remove-two-factor": ("/api/admin/remove-two-factor", {"userId": BOB}),
    "POST /api/admin/remove-passkeys": ("/api/admin/remove-passkeys", {"userId": BOB}),
    "POST /api/admin/unlink-account": (
        "/api/admin/unlink-account",
        {"userId": BOB, "accountId": NOBODYS},
    ),
    "GET /api/admin/users.csv": ("/api/admin/users.csv", ...),
}
"""What only an admin may, and what they send for it."""

IMPERSONATING = {"POST /api/auth/admin/stop-impersonating"}

OPTIONAL = {
    "GET /api/auth/delete-user/callback",
    "GET /api/auth/passkey/generate-authenticate-options",
    "GET /api/auth/verify-email",
    "POST /api/auth/email-otp/verify-email",
    "POST /api/auth/send-verification-email",
    "POST /api/auth/two-factor/send-otp",
    "POST /api/auth/two-factor/verify-backup-code",
    "POST /api/auth/two-factor/verify-otp",
    "POST /api/auth/two-factor/verify-totp",
}
"""What is done for somebody without a session too: it goes on as if they had none."""

ENDED = {
    "revoked": delete(sessions).where(
        sessions.c.user_id.in_(select(users.c.id).where(users.c.email.in_([ADA, ROOT])))
    ),
    "banned": update(users).where(users.c.email.in_([ADA, ROOT])).values(banned=True),
}


def test_every_endpoint_that_writes_in_somebodys_name_is_tried_below():
    writing = set()
    for spec in (each for feature in FEATURES for each in feature.specs):
        signature = signature_of(spec.handler, spec.path)
        if signature.work and signature.dependencies:
            writing.add(f"{spec.method} {spec.path}")
    assert writing == OWN.keys() | ADMINS.keys() | IMPERSONATING | OPTIONAL


@pytest.fixture
def any_gatehouse(start_on) -> Gatehouse:
    providers = {"oidc_providers": "github", "oidc": GITHUB}
    return start_on(anonymous_sign_in=True, multi_session=True, **providers)


@pytest.fixture
def deaf(any_gatehouse: Gatehouse, monkeypatch: pytest.MonkeyPatch) -> Gatehouse:
    """An application that takes its change feed for live, and receives no change."""
    hear = PostgresFeed._on_notification

    def hear_proofs_only(feed: PostgresFeed, message: str) -> None:
        if message.startswith("proof "):
            hear(feed, message)

    monkeypatch.setattr(PostgresFeed, "_on_notification", hear_proofs_only)
    return any_gatehouse


def state_of(gatehouse: Gatehouse) -> dict[str, list[Any]]:
    """All that is stored, but for what an attempt may leave in the audit trail."""
    tables = [each for each in metadata.sorted_tables if each is not audit_events]
    return {each.name: gatehouse.rows(select(each).order_by(*each.primary_key)) for each in tables}


def remember(gatehouse: Gatehouse, visitor: Visitor) -> None:
    """Read the session until it is in the cache, and the cache is trusted."""
    gatehouse.wait_for_the_feed()
    for _ in range(2):
        assert visitor.session() is not None


def build_body(gatehouse: Gatehouse, body: Any, email: str) -> Any:
    """The body of a request, with ids where it names people and sessions."""
    if body is ...:
        return body
    (session, *_) = gatehouse.rows(
        select(sessions.c.id).where(sessions.c.user_id == gatehouse.user_id(email))
    )
    ids = {BOB: user_id_of(gatehouse, BOB)} if email == BOB else {}
    of_session = {"token", "sessionToken"}
    return {
        name: str(session.id) if name in of_session else ids.get(str(value), value)
        for name, value in body.items()
    }


@pytest.mark.parametrize("ending", ENDED)
@pytest.mark.parametrize("endpoint", OWN)
def test_what_this_process_still_remembers_does_nothing(deaf, endpoint, ending):
    path, body = OWN[endpoint]
    ada = deaf.member(ADA)
    deaf.visitor().sign_in(ADA)
    if "/two-factor/" in endpoint:
        ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
    payload = build_body(deaf, body, ADA)
    if "/passkey/" in endpoint and body is not ...:
        payload |= {"id": add_passkey(ada, Authenticator())["id"]}
        ask(ada, "generate-register-options")
    if "/multi-session/" in endpoint:
        payload = {"sessionToken": ada.session()["session"]["token"]}
    remember(deaf, ada)
    deaf.execute(ENDED[ending])
    before = state_of(deaf)
    response = ada.send(endpoint.split()[0], path, payload)
    assert response.status_code == 401
    assert state_of(deaf) == before


@pytest.mark.parametrize("ending", [*ENDED, "no admin any more"])
@pytest.mark.parametrize("endpoint", ADMINS)
def test_nor_does_an_admin_who_is_one_in_memory_only(deaf, endpoint, ending):
    path, body = ADMINS[endpoint]
    root = make_admin(deaf)
    deaf.member(BOB)
    give_passkey(deaf, BOB, Authenticator())
    payload = build_body(deaf, body, BOB)
    remember(deaf, root)
    role_taken = update(users).where(users.c.email == ROOT).values(role="user")
    deaf.execute(ENDED.get(ending, role_taken))
    before = state_of(deaf)
    response = root.send(endpoint.split()[0], path, payload)
    assert response.status_code == (401 if ending in ENDED else 403)
    assert state_of(deaf) == before


def test_an_impersonation_that_was_ended_does_not_lead_back(deaf):
    root = make_admin(deaf)
    deaf.member(ADA)
    assert root.post("admin/impersonate-user", {"userId": user_id_of(deaf, ADA)}).status_code == 200
    remember(deaf, root)
    deaf.execute(delete(sessions).where(sessions.c.impersonated_by.is_not(None)))
    assert root.post("admin/stop-impersonating", {}).status_code == 401
    assert root.session() is None


def test_who_follows_a_link_with_a_session_that_has_ended_is_a_stranger(deaf):
    ada = deaf.member(ADA)
    remember(deaf, ada)
    deaf.execute(ENDED["revoked"])
    response = ada.post("send-verification-email", {"email": "somebody.else@example.com"})
    assert response.status_code == 200  # with a session it would be EMAIL_MISMATCH
    assert ada.session_cookie is None


class HeldHash:
    """Holds the check of a password until the test sets `go_on`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.holds = False
        hashing, verify = PasswordHasher.hash, PasswordHasher.verify

        def hold(function: Any) -> Any:
            def wait_and_do(*args: Any) -> Any:
                if self.holds and not self.reached.is_set():
                    self.reached.set()
                    assert self.go_on.wait(30)
                return function(*args)

            return wait_and_do

        monkeypatch.setattr(PasswordHasher, "hash", hold(hashing))
        monkeypatch.setattr(PasswordHasher, "verify", hold(verify))


@pytest.fixture
def held_hash(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldHash]:
    new_held_hash = HeldHash(monkeypatch)
    yield new_held_hash
    new_held_hash.go_on.set()


def revoke_all(gatehouse: Gatehouse, email: str) -> Any:
    other = gatehouse.visitor()
    assert other.sign_in(email).status_code == 200
    return other.post("revoke-sessions", {})


def ban(gatehouse: Gatehouse, email: str) -> Any:
    return sign_in_chief(gatehouse).post("admin/ban-user", {"userId": user_id_of(gatehouse, email)})


def remove(gatehouse: Gatehouse, email: str) -> Any:
    return sign_in_chief(gatehouse).post(
        "admin/remove-user", {"userId": user_id_of(gatehouse, email)}
    )


def take_role(gatehouse: Gatehouse, email: str) -> Any:
    payload = {"userId": user_id_of(gatehouse, email), "role": "user"}
    return sign_in_chief(gatehouse).post("admin/set-role", payload)


def sign_in_chief(gatehouse: Gatehouse) -> Visitor:
    chief = gatehouse.visitor()
    assert chief.sign_in("chief@example.com").status_code == 200
    return chief


def while_hashing(
    gatehouse: Gatehouse, held: HeldHash, visitor: Visitor, path: str, body: Any, meanwhile: Any
) -> Any:
    """Send a request, let something be acknowledged while it hashes, and return its answer."""
    held.holds = True
    request = gatehouse.loop.start(visitor.send_async("POST", path, body))
    assert held.reached.wait(30)
    assert meanwhile().status_code == 200
    before = state_of(gatehouse)
    held.go_on.set()
    response = request.result()
    assert state_of(gatehouse) == before
    return response


@pytest.mark.parametrize("end", [revoke_all, ban, remove])
@pytest.mark.parametrize(
    "endpoint", ["POST /api/auth/change-password", "POST /api/auth/delete-user"]
)
def test_a_request_that_hashed_while_its_session_ended_does_nothing(
    any_gatehouse, held_hash, endpoint, end
):
    path, body = OWN[endpoint]
    make_admin(any_gatehouse, "chief@example.com")
    ada = any_gatehouse.member(ADA)
    response = while_hashing(
        any_gatehouse, held_hash, ada, path, body, lambda: end(any_gatehouse, ADA)
    )
    assert response.status_code == 401


@pytest.mark.parametrize("end", [revoke_all, ban, remove, take_role])
@pytest.mark.parametrize("path", ["create-user", "set-user-password"])
def test_nor_one_of_an_admin(any_gatehouse, held_hash, path, end):
    path, body = ADMINS[f"POST /api/auth/admin/{path}"]
    make_admin(any_gatehouse, "chief@example.com")
    root = make_admin(any_gatehouse)
    any_gatehouse.member(BOB)
    payload = build_body(any_gatehouse, body, BOB)
    response = while_hashing(
        any_gatehouse, held_hash, root, path, payload, lambda: end(any_gatehouse, ROOT)
    )
    assert response.status_code == (403 if end is take_role else 401)


def test_a_refused_request_leaves_neither_links_nor_mails(deaf):
    ada = deaf.member(ADA)
    remember(deaf, ada)
    mails = deaf.rows(select(outbox.c.id)), deaf.rows(select(links.c.id))
    deaf.execute(ENDED["revoked"])
    ada.post("change-email", {"newEmail": "ada@example.org"})
    assert (deaf.rows(select(outbox.c.id)), deaf.rows(select(links.c.id))) == mails
