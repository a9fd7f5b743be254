"""Texts of the Tester."""

from datetime import datetime

from panel.quantities import pluralize

TITLE = "Tester"
LEAD = (
    "Use the API as a browser would. Each test browser has its own cookies, kept on the "
    "server; your own session is not used."
)

# ---- browsers
BROWSER = "Browser"
EMPTY_BROWSER, ADD_BROWSER = "Clear this browser", "Add a browser"
HELD_COOKIES = "Cookies in this browser"
IMPERSONATED = "impersonated"
NO_COOKIES = "This browser has no cookies."
ORIGIN = "Origin of the page"
ORIGIN_HINT = "Empty for a page of this server; for example https://another-site.example"
ELSEWHERE = "Send from another site"
REVEAL = "Show secrets"

# ---- ways to send
QUICK, ENDPOINTS, CUSTOM, JOURNEYS, HISTORY = (
    "Quick",
    "Endpoints",
    "Custom",
    "Journeys",
    "History",
)
NAME, EMAIL, PASSWORD = "Name", "E-mail", "Password"
NEW_PERSON, REMEMBER = "New test user", "Remember me"
SIGN_UP, SIGN_IN, READ_SESSION, CALL_ME = "Sign up", "Sign in", "Read session", "Call /api/me"
LIST_SESSIONS, SIGN_OUT, WATCH_STREAM = "List sessions", "Sign out", "Watch a stream"
GROUP, EVERY_GROUP = "Group", "Every group"
ENDPOINT = "Endpoint (type to search)"
NEEDS_SESSION = "needs a session"
RESPONSES = "Responses"
NO_FIELDS = "It has no parameters. Press Send."
NO_ENDPOINT = "Choose an endpoint first."
EDIT_AS_CUSTOM = "Edit as a custom request"
EMPTY_CHOICE = "(not sent)"
METHOD, PATH, HEADERS, BODY, SEND = "Method", "Path", "Extra headers", "Body", "Send"
HEADERS_HINT = "One per line, such as Authorization: Bearer …"
KEPT = "The last 50 requests of this session. Choose one to see it again."
SENT_BEFORE = "Sent requests, newest first"
SEND_AGAIN = "Send again from the same browser"
CHOOSE_ONE = "Choose a request from the list first."
FORGOTTEN = "This request is gone: only the last 50 are kept."

# ---- results
TABS = ("Response", "Raw", "Cookies", "Headers", "Request", "Code")
NOTHING_YET = "Nothing sent yet. “Sign up” is a good start."
STATUS, TIME, SIZE = "Status", "Time", "Body size"
NO_COOKIES_SET = "This response set no cookies."
NO_BODY = "(no body)"
CUT = "… truncated"
COPY_AS = "Copy as"
MASKED = "Secrets are masked while “Show secrets” is off. Code needs them to run."
PREFLIGHT = "Preflight"
ANSWERED = "Response to the preflight"
IN_A_PAGE = "In a page, the browser sets Origin and Cookie itself: leave them out there."
NOT_FOR_THE_CLIENT = "Better Auth's client only calls /api/auth; this is fetch."
PREFLIGHT_ALLOWS = "The preflight was allowed: a browser would let this page send the request."
PREFLIGHT_REFUSES = (
    "The preflight was refused: a browser would stop here. The request was sent anyway, to see "
    "whether the server refuses it itself."
)

_STATUS = {
    200: "Success.",
    201: "Created.",
    204: "Success, without a response body.",
    302: "A redirect to another page; the Tester does not follow it.",
    303: "A redirect to another page; the Tester does not follow it.",
    400: "The request is invalid.",
    401: "Refused: not signed in, or wrong e-mail or password.",
    403: "Refused: this is not allowed.",
    404: "Not found: an unknown path, or not with this method.",
    405: "This path exists, but not with this method.",
    413: "The body is too large.",
    415: "The server does not accept this content type.",
    422: "Refused: the account cannot be created like this.",
    429: "Refused: too many requests.",
    500: "The server failed; see its log.",
    503: "The server is busy or its database is unavailable.",
}
_OUTCOMES = {
    ("/api/auth/sign-up/email", 200): "Account created, and this browser is signed in.",
    ("/api/auth/sign-in/email", 200): "Signed in: this browser has the session cookie now.",
    ("/api/auth/get-session", 200): "The session is valid, and the server knows whose it is.",
    ("/api/auth/list-sessions", 200): "These are the live sessions of this account.",
    ("/api/auth/sign-out", 200): "Signed out: the session has ended, and its cookie is deleted.",
    ("/api/me", 200): "The protected endpoint let this browser in.",
    ("/api/me", 401): "The protected endpoint refused: this browser is not signed in.",
}
NO_SESSION = "Not signed in, so the response is null."
STREAM_FLOWS = (
    "Events arrived one by one as they were sent: this server does not hold a stream back."
)
STREAM_AT_ONCE = "All events arrived at once."
STREAM_RUNS = "The stream is open; events appear as they arrive."

# ---- to be filled in
ACTING_AS = "This browser impersonates {}. Requests sent from it act as that user."
AS_A_PAGE_OF = "from a page of {}"
PATH_NEEDS = "Fill in {}: it is part of the path."
NO_JSON = "{} is not valid JSON. Write a list as [1, 2] and an object as {{}}."


def outcome(path: str, status: int, message: str, wait_for: str) -> str:
    """Explain a response in a sentence or two, with the server's own message."""
    sentence = _OUTCOMES.get((path, status)) or _STATUS.get(status, "")
    if status == 429 and wait_for.isdecimal():
        sentence = f"Refused: too many requests. Wait {pluralize(int(wait_for), 'second')}."
    return f"{sentence} The server says: “{message.rstrip('.')}”." if message else sentence


def browser_state(user: str | None, number: int) -> str:
    """Return who is signed in to a browser, or how many cookies it has."""
    if user:
        return f"Signed in as {user}"
    return f"Not signed in; {pluralize(number, 'cookie')}" if number else "No cookies yet"


def limited(path: str, until: datetime, seconds: int) -> str:
    """Say that a path is rate limited for a while."""
    wait = pluralize(seconds, "second")
    return f"Rate limited: {path} is refused for {wait}, until {until:%H:%M:%S} UTC."


def withheld_cookies(names: tuple[str, ...]) -> str:
    """Say which cookies a browser would not send from a page of another site."""
    which = ", ".join(names)
    return f"A browser would not send {which} (SameSite). Sent here anyway, to test the server."


def field(name: str, place: str, *, required: bool) -> str:
    """Return a field's label. Never the bare name: Gradio would translate one such as “image”."""
    return f"{name} * ({place})" if required else f"{name} ({place})"


def too_many_fields(number: int) -> str:
    """Say that some fields do not fit into the form."""
    return f"For {pluralize(number, 'more field')}, edit it as a custom request."


def bytes_of(number: int, kind: str) -> str:
    """Return the heading of a binary body."""
    return f"{pluralize(number, 'byte')} of {kind or 'unknown type'}, not text:"
