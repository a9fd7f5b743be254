"""What the Tester says."""

from datetime import datetime

from panel.quantities import count

TITLE = "Tester"
LEAD = (
    "Use the API as a browser would. Each test browser keeps its own cookies on the server; "
    "your own session is not used."
)

# ---- browsers
BROWSER = "Browser"
EMPTY_BROWSER, ADD_BROWSER = "Empty this browser", "Add a browser"
HELD_COOKIES = "Cookies in this browser"
IMPERSONATED = "impersonated"
NO_COOKIES = "This browser has no cookies."
ORIGIN = "Send as a page of"
ORIGIN_HINT = "Empty: a page of this server. Such as https://another-site.example"
ELSEWHERE = "Pretend to be another site"
REVEAL = "Show secrets"

# ---- ways to send
QUICK, ENDPOINTS, BY_HAND, JOURNEYS, HISTORY = (
    "Steps",
    "Endpoints",
    "By hand",
    "Journeys",
    "History",
)
NAME, EMAIL, PASSWORD = "Name", "E-mail", "Password"
NEW_PERSON, REMEMBER = "New person", "Remember me"
SIGN_UP, SIGN_IN, READ_SESSION, CALL_ME = "Sign up", "Sign in", "Read session", "Call /api/me"
LIST_SESSIONS, SIGN_OUT, WATCH_STREAM = "List sessions", "Sign out", "Watch a stream"
GROUP, EVERY_GROUP = "Group", "Every group"
ENDPOINT = "Endpoint (write a part of its name to find it)"
NEEDS_SESSION = "needs a session"
MEANS = "What it answers"
NO_FIELDS = "It needs nothing more. Press Send."
NO_ENDPOINT = "Choose an endpoint first."
EDIT_BY_HAND = "Edit by hand"
EMPTY_CHOICE = "(not sent)"
METHOD, PATH, HEADERS, BODY, SEND = "Method", "Path", "More headers", "Body", "Send"
HEADERS_HINT = "One on each line, such as Authorization: Bearer …"
KEPT = "The last 50 requests of this visit. Choose one to see it again."
SENT_BEFORE = "Sent before, the newest first"
SEND_AGAIN = "Send it again, from the same browser"
CHOOSE_ONE = "Choose one from the list first."
FORGOTTEN = "This one has been forgotten: only the last 50 are kept."

# ---- what came
TABS = ("Answer", "Raw", "Cookies", "Headers", "Request", "Copy")
NOTHING_YET = "Nothing sent yet. Choose a step; “Sign up” is a good first one."
STATUS, TIME, SIZE = "Status", "Time", "Body size"
NO_COOKIES_SET = "This answer set no cookies."
NO_BODY = "(no body)"
CUT = "… the rest is not shown"
COPY_AS = "Copy as"
MASKED = "Secrets are masked while “Show secrets” is off. What is to run needs them."
PREFLIGHT = "Asked before (preflight)"
ANSWERED = "Answered"
IN_A_PAGE = "In a page the browser says Origin and Cookie itself: leave them out there."
NOT_FOR_THE_CLIENT = "Better Auth's client speaks to /api/auth only; this is fetch."
PREFLIGHT_ALLOWS = "A browser asks before it lets this page send: the server allowed it."
PREFLIGHT_REFUSES = (
    "A browser would stop here: the server did not allow this page to send (the preflight). It was "
    "sent all the same, to see whether the server refuses by itself."
)

_STATUS = {
    200: "It worked.",
    201: "Created.",
    204: "It worked; there is no response body.",
    302: "The server sends the browser to another page; the Tester does not follow.",
    303: "The server sends the browser to another page; the Tester does not follow.",
    400: "The request is invalid.",
    401: "Refused: nobody is signed in, or the e-mail address and password do not match.",
    403: "Refused: this is not allowed, signed in or not.",
    404: "There is nothing at this path, or not for this method.",
    405: "This path exists, but not for this method.",
    413: "The body is too large.",
    415: "The server does not read this kind of body.",
    422: "Refused: the account cannot be made with this.",
    429: "Refused: too many requests.",
    500: "The server failed; see its log.",
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
NO_SESSION = "Nobody is signed in, so the response is null."
STREAM_FLOWS = "Each event came as it was sent: nothing in this server holds a stream back."
STREAM_AT_ONCE = "All of it came at once."
STREAM_RUNS = "The stream is open; events are shown as they come."

# ---- to be filled in
ACTING_AS = "An administrator acting as {}. What you send here is done in their name."
AS_A_PAGE_OF = "as a page of {}"
PATH_NEEDS = "Fill in {}: it is a part of the path."
NO_JSON = "{} is not valid JSON. A list is written as [1, 2], an object as {{}}."


def outcome(path: str, status: int, message: str, wait_for: str) -> str:
    """Say in a sentence or two what an answer means, with the server's own message."""
    sentence = _OUTCOMES.get((path, status)) or _STATUS.get(status, "")
    if status == 429 and wait_for.isdecimal():
        sentence = f"Refused: too many requests. Wait {count(int(wait_for), 'second')}."
    return f"{sentence} The server says: “{message.rstrip('.')}”." if message else sentence


def browser_state(who: str | None, number: int) -> str:
    """Say what a browser holds."""
    if who:
        return f"Signed in as {who}"
    return f"Nobody is signed in; {count(number, 'cookie')}" if number else "No cookies yet"


def limited(path: str, until: datetime, seconds: int) -> str:
    """Say that the server refuses a path for a while."""
    wait = count(seconds, "second")
    return f"Rate limited: {path} is refused for {wait}, until {until:%H:%M:%S} UTC."


def withheld_cookies(names: tuple[str, ...]) -> str:
    """Say which cookies a browser would not have sent from a page of another site."""
    which = ", ".join(names)
    return (
        f"A browser would have kept back {which} (SameSite). Sent here all the same, to see more."
    )


def field(name: str, place: str, *, required: bool) -> str:
    """Name a field. Never the bare name: Gradio would translate one such as “image”."""
    return f"{name} * ({place})" if required else f"{name} ({place})"


def too_many_fields(number: int) -> str:
    """Say that some fields have no place in the form."""
    return f"{count(number, 'more field')} can be sent by hand."


def bytes_of(number: int, kind: str) -> str:
    """Head a body that is no text."""
    return f"{count(number, 'byte')} of {kind or 'no stated kind'}, which is no text:"
