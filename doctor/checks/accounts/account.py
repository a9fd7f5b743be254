"""A whole life of an account: made, signed in, seen, listed, revoked, signed out."""

from typing import Any

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.simulated_browser import Reply, SimulatedBrowser
from doctor.client.throwaway_account import GET_SESSION, SIGN_OUT, fetch_session, user_id_in
from doctor.findings import CheckResult, CheckSkipped, Verdict, failed, passed

_ASKED = 6  # times; of two servers that take turns both are heard
_CACHED = (
    "Something between keeps answers about sessions: a proxy's or CDN's cache, or a server that "
    "trusts its own copy for a while. Nothing below /api may be cached."
)


@check("account.sign-up", "A visitor can make an account", "reach.ready", "reach.api")
def sign_up(context: CheckContext) -> CheckResult:
    """Most of what follows is done with this throw-away account."""
    before = context.clock.now()
    try:
        return _signed_up(context)
    finally:
        context.shared["session made between"] = before, context.clock.now()


def _signed_up(context: CheckContext) -> CheckResult:
    context.shared["signed up"] = reply = context.account.sign_up(context.visitor)
    if reply.status == 200 and reply.field("token"):
        return passed(f"{context.account.email}, deleted at the end")
    if reply.status == 200:
        return _verified_by_admin(context)
    code = reply.field("code")
    if code == "EMAIL_PASSWORD_SIGN_UP_DISABLED":
        return _made_by_admin(context)
    if code in {"INVALID_ORIGIN", "MISSING_OR_NULL_ORIGIN"}:
        return failed(
            f"{reply.summary}: the server does not recognise {context.deployment.url} as its own "
            "address",
            f"Set PUBLIC_URL={context.deployment.url} at the server, or run the doctor with the "
            "address that is set there.",
        )
    return failed(reply.summary, "Read the message; the server's log at this moment says more.")


@check("account.sign-in", "It can sign in from another device", "account.sign-up", "cookies.set")
def sign_in(context: CheckContext) -> CheckResult:
    """The second device is the one that is thrown out later."""
    browser = context.anonymous_browser()
    reply = context.account.sign_in(browser)
    if reply.status == 401:
        return failed(
            f"{reply.summary}: the account that was just made is not known",
            "Several servers answer here, each with a database of its own, or a proxy changes "
            "what is sent. Give all servers the same DATABASE_URL.",
        )
    if reply.status != 200:
        return failed(reply.summary, "Read the message; the server's log at this moment says more.")
    context.shared["second device"] = browser
    return passed("200, a second session")


@check("session.read", "The session is known again", "account.sign-in")
def read(context: CheckContext) -> CheckResult:
    """get-session is what every page of the app asks first."""
    # Where the session was not even known when it was made, another would not be either.
    browser = context.signed_in_browser() if context.visitor.session_ends else context.visitor
    # On new connections, as a balancer chooses anew for each; the first null takes the cookie away.
    found = [fetch_session(browser.copy(), connection="close") for _ in range(_ASKED)]
    known = [each for each in found if each is not None]
    if any(each["user"].get("email") != context.account.email for each in known):
        return failed("get-session names somebody else", _CACHED)
    if len(known) == _ASKED:
        return _nobody_else(context, f"signed in until {known[0]['session']['expiresAt']}")
    if not known and context.verdicts.get("cookies.name") is Verdict.FAIL:
        raise CheckSkipped("it needs cookies.name: under that name the cookie is not recognised")
    if not known:
        return failed(
            "get-session answered null right after the sign-in",
            "The cookie that was set is not recognised when it comes back. Does a proxy change or "
            "drop cookies on their way to the server?",
        )
    return failed(
        f"get-session knew the session {len(known)} times of {_ASKED}",
        "Several servers answer here. They need the same SECRET_KEY and the same DATABASE_URL.",
    )


@check("session.protected-call", "With a session, the protected endpoint lets in", "session.read")
def protected_call(context: CheckContext) -> CheckResult:
    """GET /api/me stands for the app's own endpoints."""
    reply = context.signed_in_browser().get("/api/me")
    user = reply.field("user")
    if (
        reply.status == 200
        and isinstance(user, dict)
        and user.get("email") == context.account.email
    ):
        return passed("GET /api/me answered 200 and the right user")
    return failed(f"GET /api/me answered {reply.summary}", "Read the server's log at this moment.")


@check("session.write", "With a session, the deployment's own pages may write", "session.read")
def write(context: CheckContext) -> CheckResult:
    """The server asks which page a write comes from, and the browser says it in Origin."""
    reply = context.signed_in_browser().post("/api/auth/update-user", {"name": "Gatehouse doctor"})
    if reply.status == 200:
        return passed(f"update-user answered 200 to {context.deployment.url}")
    return failed(
        f"update-user answered {reply.summary}",
        "If it is about the origin: a proxy drops or changes the Origin header, which it must "
        f"pass on as it came, or PUBLIC_URL is not {context.deployment.url}.",
    )


@check("session.list", "One's own sessions are listed", "session.read")
def listed(context: CheckContext) -> CheckResult:
    """People look here for devices they do not know."""
    reply = context.signed_in_browser().get("/api/auth/list-sessions")
    found = reply.json()
    if reply.status == 200 and isinstance(found, list) and len(found) >= 2:
        return passed(f"{len(found)} sessions")
    return failed(
        f"list-sessions answered {reply.summary}", "Read the server's log at this moment."
    )


@check(
    "session.revoked-at-once",
    "A revoked session is refused at once",
    "session.protected-call",
    "session.list",
    "session.write",
)
def revoked_at_once(context: CheckContext) -> CheckResult:
    """Whoever throws a thief out must not wait until a cache has forgotten him."""
    thief: SimulatedBrowser = context.shared["second device"]
    if not all(_lets_in(reply) for reply in _asked(thief).values()):
        raise CheckSkipped("the second session had already ended")
    reply = context.signed_in_browser().post("/api/auth/revoke-other-sessions", {})
    if reply.status != 200:
        return failed(f"revoke-other-sessions answered {reply.summary}", "Read the server's log.")
    return _refused(thief, "revoked from the first device, and refused in the next request")


@check("session.sign-out", "After signing out the cookie opens nothing", "session.revoked-at-once")
def signed_out(context: CheckContext) -> CheckResult:
    """The cookie may have been copied before."""
    # Each sign-in more may cost ten seconds of waiting: the check of the address has made one.
    browser: SimulatedBrowser = (
        context.shared.pop("third device", None) or context.new_signed_in_browser()
    )
    copied = browser.copy()
    _asked(copied)
    reply = browser.post(SIGN_OUT, {})
    if reply.status != 200:
        return failed(f"sign-out answered {reply.summary}", "Read the server's log at this moment.")
    if browser.session_cookie() is not None:
        return failed(
            "sign-out did not clear the cookie",
            "Does a proxy drop Set-Cookie headers that delete a cookie?",
        )
    context.shared["signed-out"] = copied
    return _refused(copied, "the copied cookie is refused, and the browser's is deleted")


def _refused(browser: SimulatedBrowser, evidence: str) -> CheckResult:
    open_paths = [path for path, reply in _asked(browser).items() if _lets_in(reply)]
    if not open_paths:
        return passed(evidence)
    return failed(f"still let in by {', '.join(open_paths)}", _CACHED)


def _asked(browser: SimulatedBrowser) -> dict[str, Reply]:
    """Ask who this is; before and after the end, so that what a cache keeps shows.

    Each with a copy of the cookies: the first refusal takes them away.
    """
    return {path: browser.copy().send("GET", path) for path in (GET_SESSION, "/api/me")}


def _nobody_else(context: CheckContext, evidence: str) -> CheckResult:
    if fetch_session(context.anonymous_browser()) is None:
        return passed(evidence)
    return failed("get-session names a user to a visitor without a cookie", _CACHED)


def _lets_in(reply: Reply) -> bool:
    return reply.status == 200 and reply.field("user") is not None


def _verified_by_admin(context: CheckContext) -> CheckResult:
    """Let the admin verify the new address; mail to it reaches nobody."""
    if context.deployment.admin is None:
        raise CheckSkipped(
            "this deployment wants addresses verified by mail; give the doctor an admin (--email), "
            "who can verify the throw-away one"
        )
    said = {"userId": context.account.id, "data": {"emailVerified": True}}
    return _signed_in_after(
        context, context.admin_browser().post("/api/auth/admin/update-user", said)
    )


def _made_by_admin(context: CheckContext) -> CheckResult:
    if context.deployment.admin is None:
        raise CheckSkipped(
            "nobody may sign up here (SIGN_UP=off); give the doctor an admin (--email)"
        )
    account = context.account
    said: dict[str, Any] = {
        "email": account.email,
        "name": "Gatehouse doctor",
        "password": account.password.reveal(),
        "data": {"emailVerified": True},
    }
    admin = context.admin_browser()
    account.sign_up_attempted = True
    reply = admin.post("/api/auth/admin/create-user", said)
    account.id = user_id_in(reply)
    return _signed_in_after(context, reply)


def _signed_in_after(context: CheckContext, reply: Reply) -> CheckResult:
    if reply.status != 200:
        return failed(f"the admin was answered {reply.summary}", "Read the server's log.")
    context.shared["signed up"] = signed_in = context.account.sign_in(context.visitor)
    if signed_in.status != 200:
        return failed(f"signing in answered {signed_in.summary}", "Read the server's log.")
    return passed(f"{context.account.email}, made ready by the admin and deleted at the end")


CHECKS = (sign_up,)
SESSIONS = (sign_in, read, protected_call, write, listed, revoked_at_once)
SIGNED_OUT = (signed_out,)
