"""The life of an account: created, signed in, read, listed, revoked, signed out."""

from urllib.parse import unquote

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.checks.accounts import captcha, second_factor
from doctor.client.browser import Reply, SimulatedBrowser
from doctor.client.throwaway_account import GET_SESSION, SIGN_OUT, fetch_session, user_id_in
from doctor.clock import random_hex
from doctor.findings import CheckResult, CheckSkipped, Verdict, failed, passed

_READS = 6  # enough to reach both of two servers that take turns
_NOT_CACHED = "Switch off caching below /api: a proxy or CDN caches session responses."
_READ_LOG = "Read the server's log for this time."


@check("account.sign-up", "A visitor can create an account", "reach.ready", "reach.api")
def sign_up(context: CheckContext) -> CheckResult:
    """Most of the other checks use this throw-away account."""
    before = context.clock.now()
    try:
        result = _attempt_sign_up(context)
        if result.verdict is Verdict.PASS and second_factor.is_required(context):
            enrolled = second_factor.enrol(context, context.visitor)
            return result if enrolled.verdict is Verdict.PASS else enrolled
        return result
    finally:
        context.shared["session created between"] = before, context.clock.now()


def _attempt_sign_up(context: CheckContext) -> CheckResult:
    context.shared["sign-up reply"] = reply = context.account.sign_up(context.visitor)
    if reply.status == 200 and reply.field("token"):
        return passed(f"{context.account.email}, deleted at the end")
    if reply.status == 200:
        return _sign_in_apart(context)
    code = reply.field("code")
    if code == "EMAIL_PASSWORD_SIGN_UP_DISABLED":
        return _create_by_admin(context)
    if code in captcha.CODES:
        return captcha.explain(reply)
    if code in {"INVALID_ORIGIN", "MISSING_OR_NULL_ORIGIN"}:
        return failed(
            f"{reply.summary}: the server does not accept {context.deployment.url} as its own "
            "origin",
            f"Set PUBLIC_URL={context.deployment.url} on the server, or run the doctor with the "
            "address in PUBLIC_URL.",
        )
    return failed(reply.summary, _remedy(reply))


@check(
    "account.sign-in",
    "The account can sign in from a second device",
    "account.sign-up",
    "cookies.set",
)
def sign_in(context: CheckContext) -> CheckResult:
    """`session.revoked-at-once` revokes the session of this second device."""
    browser = context.anonymous_browser()
    reply = context.account.sign_in(browser)
    if reply.status == 401:
        return failed(
            f"{reply.summary}: the server does not know the account it has just created",
            "Set the same DATABASE_URL on all replicas. If there is only one, a proxy changes the "
            "request body.",
        )
    if reply.status != 200:
        return failed(reply.summary, _READ_LOG)
    context.shared["second device"] = browser
    return passed("200, second session created")


@check("session.read", "get-session returns the session", "account.sign-in")
def read_session(context: CheckContext) -> CheckResult:
    """Every page of the app calls get-session first."""
    # If get-session did not know the first session, it will not know a new one either.
    browser = context.signed_in_browser() if context.visitor.session_ends else context.visitor
    # A new connection each time lets a load balancer choose another server; each read uses a copy
    # because a null response deletes the cookie.
    sessions = [fetch_session(browser.copy(), connection="close") for _ in range(_READS)]
    known = [each for each in sessions if each is not None]
    if any(each["user"].get("email") != context.account.email for each in known):
        return failed("get-session returns another user", _NOT_CACHED)
    if len(known) == _READS:
        return _check_anonymous(context, f"signed in until {known[0]['session']['expiresAt']}")
    if not known and context.verdicts.get("cookies.name") is Verdict.FAIL:
        raise CheckSkipped("needs cookies.name: the server does not read a cookie of that name")
    if not known:
        return _explain_unknown_session(context, browser)
    return failed(
        f"get-session returned the session {len(known)} of {_READS} times",
        "Set the same SECRET_KEY and the same DATABASE_URL on all replicas.",
    )


def _explain_unknown_session(context: CheckContext, browser: SimulatedBrowser) -> CheckResult:
    evidence = "get-session returned null right after sign-in"
    unique = f"{GET_SESSION}?disableRefresh=true&doctor={random_hex(8)}"
    for path in ("/api/me", unique):
        if _is_accepted(browser.copy().send("GET", path)):
            return failed(f"{evidence}, but {path} accepts the cookie", _NOT_CACHED)
    token, _, _ = unquote(context.session_cookie().value).rpartition(".")
    if token not in {each.reveal() for each in context.account.tokens}:
        return failed(
            f"{evidence}: the cookie holds another token than the response's body",
            "Let the proxy pass Set-Cookie on unchanged: it changes the cookie's value.",
        )
    return failed(
        f"{evidence}: the server does not accept the cookie it has set",
        "Let the proxy pass the Cookie header on unchanged. With several replicas set the same "
        "SECRET_KEY and DATABASE_URL on all.",
    )


@check("session.protected-call", "A protected endpoint accepts the session", "session.read")
def protected_call(context: CheckContext) -> CheckResult:
    """GET /api/me stands in for the app's own endpoints."""
    reply = context.signed_in_browser().get("/api/me")
    user = reply.field("user")
    email = user.get("email") if isinstance(user, dict) else None
    if reply.status == 200 and email == context.account.email:
        return passed("GET /api/me answered 200 with the right user")
    return failed(f"GET /api/me answered {reply.summary}", _remedy(reply))


@check("session.bearer", "A bearer token is accepted", "session.protected-call")
def bearer(context: CheckContext) -> CheckResult:
    """Mobile apps and scripts send the session in the Authorization header."""
    if not context.account.tokens:
        raise CheckSkipped("no response had a token")
    browser = context.anonymous_browser()
    browser.bearer = context.account.tokens[-1]
    reply = browser.get("/api/me")
    if _is_accepted(reply):
        return passed("GET /api/me answered 200 to a token, as to the cookie")
    return failed(
        f"GET /api/me answered {reply.summary} to a token, and 200 to the cookie",
        "Let the proxy pass the Authorization header on: one that checks passwords of its own, or "
        "a CGI gateway, takes it away.",
    )


@check("session.write", "The deployment's own pages may change data", "session.read")
def update_user(context: CheckContext) -> CheckResult:
    """The server checks the Origin header of every write."""
    reply = context.signed_in_browser().post("/api/auth/update-user", {"name": "Gatehouse doctor"})
    if reply.status == 200:
        return passed(f"update-user answered 200 with Origin: {context.deployment.url}")
    answered = f"update-user answered {reply.summary} to Origin: {context.deployment.url}"
    if reply.field("code") == "MISSING_OR_NULL_ORIGIN":
        return failed(
            answered,
            "Let the proxy pass the Origin header on: it takes it away, and the server rejects "
            "writes without it.",
        )
    if reply.field("code") == "INVALID_ORIGIN":
        return failed(
            answered,
            f"Let the proxy pass the Origin header on unchanged, and set "
            f"PUBLIC_URL={context.deployment.url} on the server.",
        )
    return failed(answered, _remedy(reply))


@check("session.list", "Users can list their sessions", "session.read")
def list_sessions(context: CheckContext) -> CheckResult:
    """Users look here for devices they do not recognise."""
    reply = context.signed_in_browser().get("/api/auth/list-sessions")
    sessions = reply.json()
    if reply.status == 200 and isinstance(sessions, list) and len(sessions) >= 2:
        return passed(f"{len(sessions)} sessions")
    return failed(f"list-sessions answered {reply.summary}", _remedy(reply))


@check(
    "session.revoked-at-once",
    "A revoked session is rejected at once",
    "session.protected-call",
    "session.list",
    "session.write",
)
def revoke(context: CheckContext) -> CheckResult:
    """No cache may keep a revoked session alive."""
    second_device: SimulatedBrowser = context.shared["second device"]
    if not all(_is_accepted(reply) for reply in _fetch_identity(second_device).values()):
        raise CheckSkipped("the second session had already ended")
    reply = context.signed_in_browser().post("/api/auth/revoke-other-sessions", {})
    if reply.status != 200:
        return failed(f"revoke-other-sessions answered {reply.summary}", _READ_LOG)
    return _check_rejected(
        second_device, "revoked from the first device, rejected in the next request"
    )


@check("session.sign-out", "After sign-out the cookie is rejected", "session.revoked-at-once")
def sign_out(context: CheckContext) -> CheckResult:
    """Somebody may have copied the cookie before."""
    # Reuse the sign-in of `address.true`: another one may have to wait ten seconds.
    signed_in: SimulatedBrowser | None = context.shared.pop("third device", None)
    browser = signed_in or context.new_signed_in_browser()
    copied = browser.copy()
    _fetch_identity(copied)
    reply = browser.post(SIGN_OUT, {})
    if reply.status != 200:
        return failed(f"sign-out answered {reply.summary}", _READ_LOG)
    if browser.session_cookie() is not None:
        return failed(
            "sign-out did not clear the cookie",
            "Let the proxy pass on Set-Cookie headers that delete a cookie.",
        )
    context.shared["signed-out"] = copied
    return _check_rejected(copied, "the copied cookie is rejected, and the browser's is deleted")


def _check_rejected(browser: SimulatedBrowser, evidence: str) -> CheckResult:
    open_paths = [path for path, reply in _fetch_identity(browser).items() if _is_accepted(reply)]
    if not open_paths:
        return passed(evidence)
    return failed(f"still accepted by {', '.join(open_paths)}", _NOT_CACHED)


def _fetch_identity(browser: SimulatedBrowser) -> dict[str, Reply]:
    """Request the user's identity from each endpoint, with a copy of the cookies.

    Called before and after a session ends: a cache in between would repeat its first response. A
    rejection deletes the cookies, hence the copies.
    """
    return {path: browser.copy().send("GET", path) for path in (GET_SESSION, "/api/me")}


def _check_anonymous(context: CheckContext, evidence: str) -> CheckResult:
    if fetch_session(context.anonymous_browser()) is None:
        return passed(evidence)
    return failed("get-session returns a user to a visitor without a cookie", _NOT_CACHED)


def _remedy(reply: Reply) -> str:
    """Name who answered: the server's errors are JSON, those of proxies and firewalls are not."""
    if reply.json() is None and reply.body:
        return (
            f"Let the proxy or firewall pass this request on: a response of {reply.content_type} "
            "is not the server's."
        )
    return _READ_LOG


def _is_accepted(reply: Reply) -> bool:
    return reply.status == 200 and reply.field("user") is not None


def _sign_in_apart(context: CheckContext) -> CheckResult:
    """Sign in where signing up gave no session (SIGN_IN_AFTER_SIGN_UP, REQUIRE_VERIFIED_EMAIL)."""
    reply = context.account.sign_in(context.visitor)
    if reply.field("code") == "EMAIL_NOT_VERIFIED":
        return _verify_by_admin(context)
    if reply.status != 200:
        return failed(f"signing in after signing up answered {reply.summary}", _remedy(reply))
    context.shared["sign-up reply"] = reply
    return passed(f"{context.account.email}, signed in apart and deleted at the end")


def _verify_by_admin(context: CheckContext) -> CheckResult:
    """Let the admin verify the address, to which no mail can be delivered."""
    if context.deployment.admin is None:
        raise CheckSkipped(
            "REQUIRE_VERIFIED_EMAIL=on: give the doctor an admin (--email) who can verify the "
            "throw-away account"
        )
    payload = {"userId": context.account.id, "data": {"emailVerified": True}}
    reply = context.admin_browser().post("/api/auth/admin/update-user", payload)
    return _sign_in_after(context, reply)


def _create_by_admin(context: CheckContext) -> CheckResult:
    if context.deployment.admin is None:
        raise CheckSkipped("SIGN_UP=off: give the doctor an admin (--email) to create an account")
    account = context.account
    verified = {"data": {"emailVerified": True}}
    payload = {"name": "Gatehouse doctor", **account.credentials, **verified}
    admin = context.admin_browser()
    account.sign_up_attempted = True
    reply = admin.post("/api/auth/admin/create-user", payload)
    account.id = user_id_in(reply)
    return _sign_in_after(context, reply)


def _sign_in_after(context: CheckContext, reply: Reply) -> CheckResult:
    if reply.status != 200:
        return failed(f"the admin's request answered {reply.summary}", _READ_LOG)
    context.shared["sign-up reply"] = signed_in = context.account.sign_in(context.visitor)
    if signed_in.status != 200:
        return failed(f"signing in answered {signed_in.summary}", _READ_LOG)
    return passed(f"{context.account.email}, prepared by the admin and deleted at the end")


CHECKS = (sign_up,)
SESSIONS = (sign_in, read_session, protected_call, bearer, update_user, list_sessions, revoke)
SIGNED_OUT = (sign_out,)
