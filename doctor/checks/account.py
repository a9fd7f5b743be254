"""A whole life of an account: made, signed in, seen, listed, revoked, signed out."""

from typing import Any

from doctor.account import GET_SESSION, SIGN_OUT, id_of, session_of
from doctor.browser import Browser, Reply
from doctor.check import check
from doctor.examination import Examination
from doctor.findings import CannotTell, Outcome, Verdict, failed, passed

_ASKED = 6  # times; of two servers that take turns both are heard
_CACHED = (
    "Something between keeps answers about sessions: a proxy's or CDN's cache, or a server that "
    "trusts its own copy for a while. Nothing below /api may be cached."
)


@check("account.sign-up", "A visitor can make an account", "reach.ready", "reach.api")
def sign_up(exam: Examination) -> Outcome:
    """Most of what follows is done with this throw-away account."""
    before = exam.clock.now()
    try:
        return _signed_up(exam)
    finally:
        exam.seen["session made between"] = before, exam.clock.now()


def _signed_up(exam: Examination) -> Outcome:
    exam.seen["signed up"] = reply = exam.account.sign_up(exam.visitor)
    if reply.status == 200 and reply.field("token"):
        return passed(f"{exam.account.email}, deleted at the end")
    if reply.status == 200:
        return _verified_by_admin(exam)
    code = reply.field("code")
    if code == "EMAIL_PASSWORD_SIGN_UP_DISABLED":
        return _made_by_admin(exam)
    if code in {"INVALID_ORIGIN", "MISSING_OR_NULL_ORIGIN"}:
        return failed(
            f"{reply.told}: the server does not take {exam.deployment.url} for its own address",
            f"Set PUBLIC_URL={exam.deployment.url} at the server, or run the doctor with the "
            "address that is set there.",
        )
    return failed(reply.told, "Read the message; the server's log at this moment says more.")


@check("account.sign-in", "It can sign in from another device", "account.sign-up", "cookies.set")
def sign_in(exam: Examination) -> Outcome:
    """The second device is the one that is thrown out later."""
    browser = exam.stranger()
    reply = exam.account.sign_in(browser)
    if reply.status == 401:
        return failed(
            f"{reply.told}: the account that was just made is not known",
            "Several servers answer here, each with a database of its own, or a proxy changes "
            "what is sent. Give all servers the same DATABASE_URL.",
        )
    if reply.status != 200:
        return failed(reply.told, "Read the message; the server's log at this moment says more.")
    exam.seen["second device"] = browser
    return passed("200, a second session")


@check("session.read", "The session is known again", "account.sign-in")
def read(exam: Examination) -> Outcome:
    """get-session is what every page of the app asks first."""
    # Where the session was not even known when it was made, another would not be either.
    browser = exam.signed_in() if exam.visitor.session_ends else exam.visitor
    # On new connections, as a balancer chooses anew for each; the first null takes the cookie away.
    found = [session_of(browser.copy(), connection="close") for _ in range(_ASKED)]
    known = [each for each in found if each is not None]
    if any(each["user"].get("email") != exam.account.email for each in known):
        return failed("get-session names somebody else", _CACHED)
    if len(known) == _ASKED:
        return _nobody_else(exam, f"signed in until {known[0]['session']['expiresAt']}")
    if not known and exam.verdicts.get("cookies.name") is Verdict.FAIL:
        raise CannotTell("it needs cookies.name: under that name the cookie is not recognised")
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
def protected_call(exam: Examination) -> Outcome:
    """GET /api/me stands for the app's own endpoints."""
    reply = exam.signed_in().get("/api/me")
    user = reply.field("user")
    if reply.status == 200 and isinstance(user, dict) and user.get("email") == exam.account.email:
        return passed("GET /api/me answered 200 and the right user")
    return failed(f"GET /api/me answered {reply.told}", "Read the server's log at this moment.")


@check("session.write", "With a session, the deployment's own pages may write", "session.read")
def write(exam: Examination) -> Outcome:
    """The server asks which page a write comes from, and the browser says it in Origin."""
    reply = exam.signed_in().post("/api/auth/update-user", {"name": "Gatehouse doctor"})
    if reply.status == 200:
        return passed(f"update-user answered 200 to {exam.deployment.url}")
    return failed(
        f"update-user answered {reply.told}",
        "If it is about the origin: a proxy drops or changes the Origin header, which it must "
        f"pass on as it came, or PUBLIC_URL is not {exam.deployment.url}.",
    )


@check("session.list", "One's own sessions are listed", "session.read")
def listed(exam: Examination) -> Outcome:
    """People look here for devices they do not know."""
    reply = exam.signed_in().get("/api/auth/list-sessions")
    found = reply.json()
    if reply.status == 200 and isinstance(found, list) and len(found) >= 2:
        return passed(f"{len(found)} sessions")
    return failed(f"list-sessions answered {reply.told}", "Read the server's log at this moment.")


@check(
    "session.revoked-at-once",
    "A revoked session is refused at once",
    "session.protected-call",
    "session.list",
    "session.write",
)
def revoked_at_once(exam: Examination) -> Outcome:
    """Whoever throws a thief out must not wait until a cache has forgotten him."""
    thief: Browser = exam.seen["second device"]
    if not all(_lets_in(reply) for reply in _asked(thief).values()):
        raise CannotTell("the second session had already ended")
    reply = exam.signed_in().post("/api/auth/revoke-other-sessions", {})
    if reply.status != 200:
        return failed(f"revoke-other-sessions answered {reply.told}", "Read the server's log.")
    return _refused(thief, "revoked from the first device, and refused in the next request")


@check("session.sign-out", "After signing out the cookie opens nothing", "session.revoked-at-once")
def signed_out(exam: Examination) -> Outcome:
    """The cookie may have been copied before."""
    # Each sign-in more may cost ten seconds of waiting: the check of the address has made one.
    browser: Browser = exam.seen.pop("third device", None) or exam.another_device()
    copied = browser.copy()
    _asked(copied)
    reply = browser.post(SIGN_OUT, {})
    if reply.status != 200:
        return failed(f"sign-out answered {reply.told}", "Read the server's log at this moment.")
    if browser.session_cookie() is not None:
        return failed(
            "sign-out did not clear the cookie",
            "Does a proxy drop Set-Cookie headers that delete a cookie?",
        )
    exam.seen["signed-out"] = copied
    return _refused(copied, "the copied cookie is refused, and the browser's is deleted")


def _refused(browser: Browser, evidence: str) -> Outcome:
    open_paths = [path for path, reply in _asked(browser).items() if _lets_in(reply)]
    if not open_paths:
        return passed(evidence)
    return failed(f"still let in by {', '.join(open_paths)}", _CACHED)


def _asked(browser: Browser) -> dict[str, Reply]:
    """Ask who this is; before and after the end, so that what a cache keeps shows.

    Each with a copy of the cookies: the first refusal takes them away.
    """
    return {path: browser.copy().send("GET", path) for path in (GET_SESSION, "/api/me")}


def _nobody_else(exam: Examination, evidence: str) -> Outcome:
    if session_of(exam.stranger()) is None:
        return passed(evidence)
    return failed("get-session names a user to a visitor without a cookie", _CACHED)


def _lets_in(reply: Reply) -> bool:
    return reply.status == 200 and reply.field("user") is not None


def _verified_by_admin(exam: Examination) -> Outcome:
    """Let the admin verify the new address; mail to it reaches nobody."""
    if exam.deployment.admin is None:
        raise CannotTell(
            "this deployment wants addresses verified by mail; give the doctor an admin (--email), "
            "who can verify the throw-away one"
        )
    said = {"userId": exam.account.id, "data": {"emailVerified": True}}
    return _signed_in_after(exam, exam.admin().post("/api/auth/admin/update-user", said))


def _made_by_admin(exam: Examination) -> Outcome:
    if exam.deployment.admin is None:
        raise CannotTell(
            "nobody may sign up here (SIGN_UP=off); give the doctor an admin (--email)"
        )
    account = exam.account
    said: dict[str, Any] = {
        "email": account.email,
        "name": "Gatehouse doctor",
        "password": account.password.reveal(),
        "data": {"emailVerified": True},
    }
    admin = exam.admin()
    account.asked_for = True
    reply = admin.post("/api/auth/admin/create-user", said)
    account.id = id_of(reply)
    return _signed_in_after(exam, reply)


def _signed_in_after(exam: Examination, reply: Reply) -> Outcome:
    if reply.status != 200:
        return failed(f"the admin was answered {reply.told}", "Read the server's log.")
    exam.seen["signed up"] = signed_in = exam.account.sign_in(exam.visitor)
    if signed_in.status != 200:
        return failed(f"signing in answered {signed_in.told}", "Read the server's log.")
    return passed(f"{exam.account.email}, made ready by the admin and deleted at the end")


CHECKS = (sign_up,)
SESSIONS = (sign_in, read, protected_call, write, listed, revoked_at_once)
SIGNED_OUT = (signed_out,)
