"""What the Tester's journeys say."""

from panel.quantities import count

LEAD = (
    "Each plays a whole story against this very server, with a test person of its own who is "
    "deleted at the end. Its requests come from an address made for tests: limits never bite you."
)
STORY, START = "Story", "Start"
FIRST, SECOND = "Journey, first device", "Journey, second device"
FOREIGN = "https://another-site.example"
OPENS = "Open a line to see what was sent and what came."
WAITING, NOT_RUN, RUNNING = "waiting", "not run", "running"
DONE, FAILED = "passed", "failed"
REQUEST, ANSWER = "Request", "Answer"
NOTHING_SENT = "Done through the panel's own session; no test browser sent anything."

ROUND_TRIP = "Sign up, sign in, sign out"
DEVICES = "A second device is revoked"
RESET = "A forgotten password"
LIMIT = "A wrong password, again and again"
ORIGIN = "A page of another site"

MAKE_ACCOUNT = ("An account is made", "You, as an administrator, can make one.")
CLEAN_UP = ("The test person is deleted", "Nothing is left behind.")
SIGN_UP = ("Sign up", "The account exists.")
VERIFY = ("The address counts as verified", "Where that is required, sign-in waits for it.")
SIGN_IN = ("Sign in", "The password is right, and a cookie holds the session.")
ME = ("Call the protected endpoint", "The session opens it.")
SIGN_OUT = ("Sign out", "The session ends and its cookie is deleted.")
ME_AFTER = ("Call the protected endpoint again", "Without a session it stays shut.")
OLD_COOKIE = ("Try the old cookie once more", "A copied cookie is worth nothing after sign-out.")
SIGN_IN_FIRST = ("Sign in on the first device", "One session.")
SIGN_IN_SECOND = ("Sign in on the second device", "Another session.")
LISTED = ("The first device lists the sessions", "It sees both.")
REVOKED = ("The first device ends all others", "One request is enough.")
SECOND_OUT = ("The second device asks", "It is out at once.")
FIRST_IN = ("The first device asks", "It is still in.")
ASK_RESET = ("Ask for a new password", "The answer tells a stranger nothing.")
FIND_LINK = ("Find the mailed link in the outbox", "The mail was written.")
OPEN_LINK = ("Open the link", "It leads on to the page for a new password.")
SET_NEW = ("Choose a new password", "The link is good for that.")
OLD_FAILS = ("Sign in with the old password", "It no longer works.")
NEW_WORKS = ("Sign in with the new password", "It works.")
LINK_ONCE = ("Use the link a second time", "It works once only.")
WRONG = ("Try wrong passwords until it is too often", "Guessing is stopped.")
WAIT_TOLD = ("Read how long to wait", "The answer says when to try again.")
PREFLIGHT = (
    "The other site's page asks to change the name",
    "A browser stops it before it starts.",
)
REFUSED = ("It sends the change anyway, cookie and all", "The server refuses by itself.")
UNCHANGED = ("Read the account", "The name is as it was.")
OWN_PAGE = ("Our own page sends the same change", "What is allowed still works.")

SENDS_MAIL = (
    "This server really sends mail, so this journey would write to an address that is nobody's. It "
    "runs where no mailer is set and mails stay in the outbox."
)
NO_MAIL = "No mail to the test person is in the outbox."
SIGN_UP_OFF = "Sign-up is switched off on this server (SIGN_UP=off), as an answer of 400 says."
ALREADY = "Nothing to do: it is not required here, or the person is signed in already."
LIMITS_OFF = "All attempts were let through: limits are switched off (RATE_LIMITS=off)."
NOT_TOLD = "The answer does not say how long to wait."
STOPPED = "The preflight got no permission, so a browser would not send the request."
NOT_STOPPED = "The preflight was allowed: that page's origin is one of FRONTEND_URL."

# ---- to be filled in
BIT_AFTER = "Attempt {} was refused as one too many."
TRY_AGAIN_IN = "Retry-After says: {} seconds."


def status_was(expected: tuple[int, ...], actual: int) -> str:
    """Say which status came, and which should have."""
    if actual in expected:
        return f"{actual}, as it should be."
    return f"{actual} came, where {' or '.join(map(str, expected))} should have."


def sessions_seen(number: int) -> str:
    """Say how many sessions a list shows."""
    return f"{count(number, 'session')} on the list."


def verdict(passed: int, steps: int, failed: bool) -> str:
    """Say how far a journey has got."""
    if failed:
        return (
            f"Stopped: step {passed + 1} of {steps} was not as it should be. The test person is "
            "deleted all the same."
        )
    if passed < steps:
        return f"Step {passed + 1} of {steps} is running."
    return f"All {steps} steps were as they should be."
