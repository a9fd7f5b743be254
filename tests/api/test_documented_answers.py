"""The OpenAPI document and the responses of the server agree, endpoint by endpoint."""

import json
from typing import Any

import pytest

from tests import at_provider
from tests.admins import ADA, ROOT, make_admin, user_id_of
from tests.authenticator import Authenticator, give_passkey, sign_in_with, try_to_add
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.openapi_document import Document

AUTH = "/api/auth"

NEW = {"email": "new@example.com", "password": PASSWORD, "name": "two\nlines"}


@pytest.fixture(scope="module")
def provider():
    """At which Ada has an account."""
    with at_provider.open_provider() as opened:
        yield opened


@pytest.fixture
def mailing_gatehouse(start_mailing, provider) -> Gatehouse:
    """With mails, and with a provider to sign in with."""
    gatehouse = start_mailing(**at_provider.app_settings(provider))
    at_provider.keep_time(gatehouse, provider)
    return gatehouse


@pytest.fixture
def document(mailing_gatehouse) -> Document:
    return Document(mailing_gatehouse)


def call_all_endpoints(gatehouse: Gatehouse, mailbox, root: Visitor, ada: Visitor):
    """Call every endpoint, with success and with every refusal, in an order that makes sense."""
    stranger = gatehouse.visitor("198.51.100.9")
    ids = {"userId": user_id_of(gatehouse, ADA)}
    for path in (
        "get-session",
        "list-sessions",
        "list-accounts",
        "ok",
        "error",
        "admin/list-users",
    ):
        yield from (visitor.get(path) for visitor in (stranger, ada, root))
    for path in ("status", "log", "users", "users.csv", "sessions", "events", "stats", "outbox"):
        yield from (visitor.get(f"/api/admin/{path}") for visitor in (stranger, ada, root))
    for path in (
        "users?limit=0",
        "sessions?cursor=x",
        "events?from=x",
        "log?limit=x",
        "stats?by=x",
    ):
        yield root.get(f"/api/admin/{path}")
    for path in ("/health", "/ready", "/api/me", "/api/account/export", "/api/stream"):
        yield from (visitor.get(path) for visitor in (stranger, ada))
    yield stranger.get("/api/sign-in-methods")
    yield from _call_account_endpoints(mailbox, stranger, ada)
    yield from _call_admin_endpoints(gatehouse, stranger, root, ada, ids)
    yield from _call_provider_endpoints(gatehouse, stranger, ada)
    yield from _call_ending_endpoints(mailbox, stranger, ada)


def _call_account_endpoints(mailbox, stranger: Visitor, ada: Visitor):
    yield stranger.post("sign-up/email", {**NEW, "password": "x"})
    yield stranger.post("sign-up/email", {**NEW, "email": ADA})
    yield stranger.post("sign-up/email", {**NEW, "name": None})
    yield stranger.post("sign-up/email", raw=b"{")
    yield stranger.post("sign-up/email", raw=b"x", headers={"content-type": "text/plain"})
    yield stranger.post("sign-up/email", raw=b"x" * 70_000)
    yield stranger.post("sign-up/email", NEW, headers={"origin": "https://evil.example"})
    yield ada.sign_in(password="wrong wrong")
    yield ada.sign_in()
    yield ada.sign_in(callbackURL="/chat")
    yield from _call_username_endpoints(stranger, ada)
    yield from _call_magic_link_endpoints(mailbox, stranger)
    for body in ({"name": "Ada King"}, {"image": None}, {}, {"email": ADA}, {"image": "x" * 3000}):
        yield ada.post("update-user", body)
    yield stranger.post("update-user", {"name": "x"})
    yield stranger.get("picture/x")
    yield ada.post("update-session", {})
    yield ada.post("get-session", {})
    yield ada.post("send-verification-email", {"email": ADA})
    verify = mailbox.last("verify")
    yield stranger.get("verify-email?token=x")
    yield stranger.get("verify-email?token=x&callbackURL=/")
    yield stranger.get(verify.path)
    yield ada.post("change-email", {"newEmail": "other@example.com"})
    yield ada.post("change-email", {"newEmail": ADA})
    yield stranger.post("request-password-reset", {"email": ADA, "redirectTo": "/new"})
    reset = mailbox.last("reset")
    yield stranger.get(f"reset-password/{reset.token}?callbackURL=/new")
    yield stranger.get("reset-password/x?callbackURL=https://evil.example")
    yield stranger.post("reset-password", {"newPassword": PASSWORD + "2", "token": "x"})
    yield stranger.post("reset-password", {"newPassword": PASSWORD + "2", "token": reset.token})
    yield ada.sign_in(password=PASSWORD + "2")
    for guess in ("wrong wrong", PASSWORD + "2"):
        yield ada.post("verify-password", {"password": guess})
        yield ada.post("change-password", {"currentPassword": guess, "newPassword": PASSWORD})
    yield ada.post("unlink-account", {"accountId": "x"})
    yield from _call_email_otp_endpoints(mailbox, stranger, ada)
    yield from _call_two_factor_endpoints(mailbox, stranger, ada)
    yield from _call_passkey_endpoints(stranger, ada)
    for visitor in (stranger, ada):
        token = visitor.get("one-time-token/generate")
        yield from (token, stranger.post("one-time-token/verify", token.json()))


def _call_email_otp_endpoints(mailbox, stranger: Visitor, ada: Visitor):
    code = {"email": ADA, "otp": "x"}
    for body in ({"email": ADA, "type": "email-verification"}, {"email": "x", "type": "sign-in"}):
        yield stranger.post("email-otp/send-verification-otp", body)
    yield stranger.post("email-otp/send-verification-otp", {"email": ADA, "type": "change-email"})
    check = {**code, "type": "email-verification"}
    yield stranger.post("email-otp/check-verification-otp", check)
    verifying = {"email": ADA, "otp": mailbox.last("code").code}
    yield stranger.post("email-otp/check-verification-otp", {**check, **verifying})
    yield stranger.post("email-otp/verify-email", verifying)
    yield stranger.post("email-otp/verify-email", verifying)
    yield stranger.post("email-otp/request-password-reset", {"email": ADA})
    yield stranger.post("forget-password/email-otp", {"email": ADA})
    resetting = {"email": ADA, "otp": mailbox.last("code").code, "password": PASSWORD}
    for body in ({**resetting, "otp": "x"}, {**resetting, "password": "x"}, resetting):
        yield stranger.post("email-otp/reset-password", body)
    ada.sign_in()
    yield ada.post("email-otp/request-email-change", {"newEmail": ADA})
    yield ada.post("email-otp/request-email-change", {"newEmail": "other@example.com"})
    yield stranger.post("email-otp/request-email-change", {"newEmail": "other@example.com"})
    yield ada.post("email-otp/change-email", {"newEmail": "other@example.com", "otp": "x"})
    stranger.post("email-otp/send-verification-otp", {"email": ADA, "type": "sign-in"})
    for otp in ("x", "x", "x", "x", "x"):
        yield stranger.post("sign-in/email-otp", {**code, "otp": otp})
    stranger.post("email-otp/send-verification-otp", {"email": ADA, "type": "sign-in"})
    signing_in = {"email": ADA, "otp": mailbox.last("code").code}
    yield stranger.post("sign-in/email-otp", signing_in)
    stranger.cookies.clear()


def _call_two_factor_endpoints(mailbox, stranger: Visitor, ada: Visitor):
    for password in ("wrong wrong", PASSWORD):
        for path in ("get-totp-uri", "enable", "disable", "generate-backup-codes"):
            yield ada.post(f"two-factor/{path}", {"password": password})
            yield stranger.post(f"two-factor/{path}", {"password": password})
    for path in ("verify-totp", "verify-otp", "verify-backup-code"):
        yield stranger.post(f"two-factor/{path}", {"code": "123456"})
        yield ada.post(f"two-factor/{path}", {"code": "123456"})
    yield stranger.post("two-factor/send-otp")
    yield ada.post("two-factor/send-otp", {})
    yield ada.post("two-factor/verify-otp", {"code": mailbox.last("code").code})
    yield stranger.sign_in()
    yield stranger.post("two-factor/send-otp")
    for _ in range(6):
        yield stranger.post("two-factor/verify-backup-code", {"code": "x"})
    yield ada.post("two-factor/disable", {"password": PASSWORD})


def _call_passkey_endpoints(stranger: Visitor, ada: Visitor):
    device, broken = Authenticator(), Authenticator(origin="https://evil.example")
    for visitor in (stranger, ada):
        yield visitor.post("passkey/verify-registration", {"response": {}})
        yield visitor.post("passkey/verify-authentication", {"response": {}})
        yield visitor.get("passkey/generate-register-options?name=Phone")
        yield visitor.get("passkey/generate-authenticate-options")
        yield visitor.get("passkey/list-user-passkeys")
    yield try_to_add(ada, broken)
    passkey = try_to_add(ada, device)
    yield passkey
    yield ada.get("passkey/generate-register-options")
    yield ada.get("passkey/generate-authenticate-options")
    yield ada.get("passkey/list-user-passkeys")
    yield sign_in_with(broken, stranger)
    yield sign_in_with(device, stranger)
    for passkey_id in ("", "x", passkey.json()["id"]):
        for visitor in (stranger, ada):
            yield visitor.post("passkey/update-passkey", {"id": passkey_id, "name": "Phone"})
            yield visitor.post("passkey/delete-passkey", {"id": passkey_id})
    stranger.cookies.clear()


def _call_provider_endpoints(gatehouse: Gatehouse, stranger: Visitor, ada: Visitor):
    at_provider.give_account(gatehouse, ADA)
    for path in ("sign-in/social", "link-social"):
        for body in ({}, {"provider": "x"}, {"provider": at_provider.PROVIDER}):
            yield from (visitor.post(path, body) for visitor in (stranger, ada))
        for provider in ("x", at_provider.PROVIDER):
            body = {"provider": provider, "idToken": {"token": "x"}}
            yield ada.post(path, body)
    for query in ("", "?authorizationURL=x", "?authorizationURL=https://provider.example/"):
        yield stranger.get(f"expo-authorization-proxy{query}")
    yield stranger.get("callback/x")
    yield stranger.post("callback/x", {"state": "x"})
    yield at_provider.sign_in_at(stranger)
    stranger.cookies.clear()
    ada.sign_in()
    for account_id in ("x", ada.get("list-accounts").json()[-1]["id"]):
        for visitor in (stranger, ada):
            for path in ("get-access-token", "refresh-token", "unlink-account"):
                yield visitor.post(path, {"accountId": account_id})
            yield visitor.get(f"account-info?accountId={account_id}")


def _call_magic_link_endpoints(mailbox, stranger: Visitor):
    paths = []
    for target in ("/in", "https://evil.example"):
        yield stranger.post("sign-in/magic-link", {"email": NEW["email"], "callbackURL": target})
        paths.append(mailbox.last("magic-link", NEW["email"]).path)
    yield stranger.post("sign-in/magic-link", {"email": "x"})
    yield stranger.post(paths[0].partition("?")[0])
    for path in ("verify", "verify?token=x", "verify?token=x&callbackURL=https://evil.example"):
        yield stranger.get(f"magic-link/{path}")
        yield stranger.post(f"magic-link/{path}")
    yield stranger.get(paths[0].partition("&")[0])
    yield stranger.post(paths[0])


def _call_username_endpoints(stranger: Visitor, ada: Visitor):
    for username in ("x", "Ada_L", None):
        yield stranger.post("sign-up/email", {**NEW, "email": "x", "username": username})
        yield ada.post("update-user", {"username": username, "displayUsername": username})
        yield stranger.post("is-username-available", {"username": username})
    yield ada.post("update-user", {"username": "Ada_L"})
    for username, password in (("x", PASSWORD), ("ada_l", "wrong wrong"), ("ada_l", PASSWORD)):
        body = {"username": username, "password": password, "callbackURL": "/chat"}
        yield stranger.post("sign-in/username", body)
    stranger.cookies.clear()


def _call_admin_endpoints(
    gatehouse, stranger: Visitor, root: Visitor, ada: Visitor, ids: dict[str, str]
):
    nobody = {"userId": "01a203c2-7c93-7407-ab15-d32628a133b6"}
    yield root.get(f"admin/get-user?id={ids['userId']}")
    yield root.get("admin/get-user?id=x")
    yield root.get("admin/list-users?filterField=createdAt&filterValue=x")
    new = {"email": "made@example.com", "name": "", "password": PASSWORD, "role": "user"}
    bodies: dict[str, Any] = {
        "create-user": new,
        "update-user": {**ids, "data": {"name": "Ada"}},
        "set-role": {**ids, "role": ["user"]},
        "set-user-password": {**ids, "newPassword": PASSWORD},
        "list-user-sessions": ids,
        "revoke-user-session": {"sessionToken": "x"},
        "has-permission": {"permissions": {"user": ["list"]}},
        "ban-user": {**ids, "banExpiresIn": 60},
        "unban-user": ids,
        "revoke-user-sessions": ids,
        "remove-user": nobody,
    }
    for path, body in bodies.items():
        for visitor in (stranger, ada, root):
            yield visitor.post(f"admin/{path}", body)
        yield root.post(f"admin/{path}", {})
        if "userId" in body:
            yield root.post(f"admin/{path}", {**body, **nobody})
    for seconds in (-1, 3_153_600_001):
        yield root.post("admin/ban-user", {**ids, "banExpiresIn": seconds})
    yield root.post("admin/ban-user", {"userId": user_id_of(gatehouse, ROOT)})
    yield root.post("/api/admin/send-reset", ids)
    yield root.post("/api/admin/send-reset", nobody)
    yield stranger.post("/api/admin/send-reset", ids)
    yield root.get(f"/api/admin/second-factors?userId={ids['userId']}")
    give_passkey(gatehouse, ADA, Authenticator())
    for user in (ids, nobody):
        yield root.get(f"/api/admin/passkeys?userId={user['userId']}")
        yield root.post("/api/admin/remove-passkeys", user)
        yield root.post("/api/admin/check-provider", {"provider": "nobody's"})
        yield root.get("/api/admin/providers")
        yield root.get(f"/api/admin/accounts?userId={user['userId']}")
        yield root.post("/api/admin/unlink-account", {**user, "accountId": "x"})
    yield root.post("/api/admin/remove-passkeys", ids)
    for body in (ids, nobody, {}, {"userId": user_id_of(gatehouse, ROOT)}):
        yield root.post("/api/admin/remove-two-factor", body)
    yield stranger.post("/api/admin/remove-two-factor", ids)
    yield root.post("admin/stop-impersonating", {})
    yield stranger.post("admin/stop-impersonating")
    yield root.post("admin/impersonate-user", ids)
    yield root.post("admin/stop-impersonating", {})


def _call_ending_endpoints(mailbox, stranger: Visitor, ada: Visitor):
    ada.sign_in()
    for path in ("revoke-session", "revoke-other-sessions", "revoke-sessions", "delete-user"):
        yield stranger.post(path, {"token": "x"})
    yield ada.post("revoke-session", {"token": "x"})
    yield ada.post("revoke-session", {})
    yield ada.post("revoke-other-sessions")
    yield ada.get("delete-user/callback?token=x")
    yield stranger.get("delete-user/callback?token=x")
    yield ada.post("delete-user", {"password": "wrong wrong"})
    yield ada.post("delete-user", {"token": "x"})
    yield ada.post("revoke-sessions")
    ada.sign_in()
    yield ada.post("sign-out", raw=b"null")
    yield ada.post("sign-out")
    ada.sign_in()
    yield ada.post("delete-user", {"password": PASSWORD})


def test_every_answer_is_one_that_the_document_describes(mailing_gatehouse, mailbox, document):
    root, ada = make_admin(mailing_gatehouse), mailing_gatehouse.member(ADA, address="198.51.100.1")
    for answer in call_all_endpoints(mailing_gatehouse, mailbox, root, ada):
        document.check(answer)
    every = {
        (method.upper(), path)
        for path, methods in document.openapi["paths"].items()
        for method in methods
    }
    assert every == document.checked


def test_who_must_wait_is_told_how_long(start):
    limited = start(rate_limits=True)
    document, visitor = Document(limited), limited.visitor()
    answers = [visitor.sign_in("nobody@example.com") for _ in range(4)]
    assert answers[-1].status_code == 429
    document.check(answers[-1])
    for path, methods in document.openapi["paths"].items():
        for operation in methods.values():
            responses = operation["responses"]
            for status in {"429", "503"} & responses.keys() - {path == "/ready" and "503"}:
                assert "retry-after" in responses[status]["headers"], (path, status)


def test_no_body_and_no_parameter_may_be_null_where_null_is_refused(mailing_gatehouse, document):
    for path, methods in document.openapi["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", []):
                assert "null" not in json.dumps(parameter["schema"]), (path, parameter["name"])
            if "requestBody" not in operation:
                continue
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            assert document.find_problem(None, schema), path
            answer = mailing_gatehouse.visitor().send(method.upper(), path, raw=b"null")
            assert answer.status_code in {400, 401, 405}, (path, answer.text)


def test_bounds_are_in_the_document(document):
    def find_field(model: str, name: str) -> Any:
        return document.openapi["components"]["schemas"][model]["properties"][name]

    assert find_field("SignUp", "name")["maxLength"] == 500
    assert find_field("SignUp", "image")["maxLength"] == 2048
    assert (
        find_field("BanUser", "banExpiresIn")["minimum"],
        find_field("BanUser", "banExpiresIn")["maximum"],
    ) == (0, 3_153_600_000)
    assert "PASSWORD_MAX" in find_field("SignUp", "password")["description"]
