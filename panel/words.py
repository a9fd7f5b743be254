"""Every word the panel says."""

NOT_FOUND = "There is nothing here."
FROM_ANOTHER_SITE = "This request comes from another site, so it was not carried out."
NOT_SIGNED_IN = "Sign in first."
FORM_UNREADABLE = "This is not the sign-in form."

# ---- the sign-in page, keyed by what may stand in its address as ?why=
WHY = {
    "refused": "This e-mail address and password do not open the panel.",
    "ended": "Your session has ended. Please sign in again.",
    "out": "You are signed out.",
    "unfinished": "This account asks for a second step, which the panel cannot do yet.",
    "failed": "The sign-in did not work, and the reason is in the server's log. Please try again.",
    "no-cookie": "Your browser did not keep the cookie, so nobody is signed in.",
}
CALM = {"ended", "out"}  # no mistake was made
SIGN_IN = "Sign in"
EMAIL, PASSWORD = "E-mail", "Password"
LEAD = "The panel is for administrators."
OWN_TAB = "Open the panel in its own tab"
DROPPED_IN_FRAME = "It does not allow cookies inside this frame."
DROPPED_DIRECT = (
    "This deployment's cookies are for https only: open the panel by its https address, or let the "
    "browser store cookies for this site."
)
FIRST_ADMIN_TITLE = "No administrator yet?"
FIRST_ADMIN = (
    "Set ADMIN_EMAIL and ADMIN_PASSWORD and restart: the server then makes that account. On "
    "Hugging Face add both as secrets in the Space's Settings; elsewhere they go into the "
    "environment or the file .env."
)
NO_KEY = "SECRET_KEY is not set."
GENERATED_KEY = (
    "The server made a key of its own, which is lost with the disk: after a "
    "restart everybody is signed out. Add SECRET_KEY to the Space's secrets."
)
LATER_TITLE = "Not now"
STARTING_TITLE, STARTING = "The panel is starting", "This page opens by itself in a few seconds."
BROKEN_TITLE = "The panel could not start"
BROKEN = "The reason is in the server's log. The API is not affected."


def later(status: int, seconds: int) -> str:
    """Say why not now (429 or 503), and when."""
    why = "Too many attempts" if status == 429 else "The server is busy or its database is away"
    return f"{why}. Try again in {count(seconds, 'second')}."


def count(number: int, thing: str) -> str:
    """Return a number and its noun."""
    return f"{number} {thing}" if number == 1 else f"{number:,} {thing}s"


def duration(seconds: int) -> str:
    """Return a length of time as people say it."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return count(seconds // size, name)
    return count(seconds, "second")


# ---- the frame around every page
LEAVE = "Sign out of panel"

# ---- the Tester
TESTER_LEAD = (
    "Use the API as a browser would. Three test browsers keep cookies of their own here on the "
    "server; your own session stays out of it."
)
BROWSER, NAME = "Browser", "Name"
NEW_PERSON = "New person"
REMEMBER = "Remember me"
EMPTY_BROWSER = "Empty this browser"
ANY_REQUEST, METHOD, PATH, BODY, SEND = "Any request", "Method", "Path", "Body", "Send"
SIGN_UP, READ_SESSION, CALL_ME = "Sign up", "Read session", "Call /api/me"
LIST_SESSIONS, SIGN_OUT = "List sessions", "Sign out"
TABS = ("Answer", "Cookies", "Headers", "Request")
NOTHING_YET = "Nothing sent yet. Choose a step; “Sign up” is a good first one."
STATUS, TIME, SIZE = "Status", "Time", "Body size"
NO_COOKIES_SET = "This answer set no cookies."
NO_BODY = "(no body)"
CUT = "… the rest is not shown"
PATH_WITHOUT_SLASH = "The path must begin with a slash, such as /api/me."
PATH_WITH_ODD_CHARACTERS = (
    "The path may hold at most 2,000 characters, without spaces and #; write what is not ASCII "
    "as %XX."
)
NO_ANSWER_IN_TIME = "The server did not answer within 20 seconds."
DELETED, SET = "deleted", "set"

_STATUS = {
    200: "It worked.",
    201: "It was made.",
    204: "It worked, and there is nothing to say.",
    302: "The server sends the browser to another page; the Tester does not follow.",
    303: "The server sends the browser to another page; the Tester does not follow.",
    400: "The server understood the request, but not what it says.",
    401: "Refused: nobody is signed in, or the e-mail address and password do not match.",
    403: "Refused: this is not allowed, signed in or not.",
    404: "There is nothing at this path, or not for this method.",
    405: "This path exists, but not for this method.",
    413: "The body is too large.",
    415: "The server does not read this kind of body.",
    422: "Refused: the account cannot be made with this.",
    429: "Refused: too often.",
    500: "The server made a mistake; its log says which.",
    503: "The server is busy or its database is away.",
}


_OUTCOMES = {
    ("/api/auth/sign-up/email", 200): "The account exists, and this browser is signed in to it.",
    ("/api/auth/sign-in/email", 200): "Signed in: this browser holds the session's cookie now.",
    ("/api/auth/get-session", 200): "The session is alive, and the server knows whose it is.",
    ("/api/auth/list-sessions", 200): "These are the live sessions of this account.",
    ("/api/auth/sign-out", 200): "Signed out: the session is over and its cookie deleted.",
    ("/api/me", 200): "The protected endpoint let this browser in.",
    ("/api/me", 401): "The protected endpoint let nobody in: this browser is not signed in.",
}
NO_SESSION = "Nobody is signed in, so the answer is null."


def no_answer(where: str, error: Exception) -> str:
    """Say that no answer came from this server."""
    return f"No answer came from {where}: {str(error) or type(error).__name__}."


def outcome(path: str, status: int, message: str, wait_for: str) -> str:
    """Say in a sentence or two what an answer means, with the server's own message."""
    said = _OUTCOMES.get((path, status)) or _STATUS.get(status, "")
    if status == 429 and wait_for.isdecimal():
        said = f"Refused: too often. Wait {count(int(wait_for), 'second')}."
    return f"{said} The server says: “{message}”." if message else said


def held(who: str | None, number: int) -> str:
    """Say what a browser holds."""
    if who:
        return f"Signed in as {who}"
    return f"Nobody is signed in; {count(number, 'cookie')}" if number else "No cookies yet"


# ---- what the parts of a Set-Cookie line mean
PREFIXES = {
    "__Host-": "accepted only over https, for this host alone and the path /",
    "__Secure-": "accepted only over https",
}
HTTP_ONLY = ("HttpOnly", "scripts in a page cannot read it", "scripts in a page can read it")
SECURE = ("Secure", "sent over https only", "sent over plain http too")
SAME_SITE = {
    "strict": "never sent with a request that began on another site",
    "lax": "from another site it comes along only when somebody follows a link here",
    "none": "sent with every request, also those that other sites make",
}
PARTITIONED = "kept apart for each site that shows this one in a frame"
DOMAIN = "sent to that domain and everything below it"
NO_DOMAIN = "sent to this host only, not to its subdomains"
PATH_ROOT, PATH_BELOW = "sent to every path", "sent only to this path and below"
SESSION_COOKIE = "forgotten when the browser is closed"
COOKIE_DELETED = "the end lies in the past: the browser deletes the cookie"


def kept(how_long: str) -> str:
    """Say how long a cookie is kept."""
    return f"kept {how_long}, also when the browser is closed"
