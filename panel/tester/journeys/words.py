"""Texts of the Tester's journeys."""

from panel.quantities import pluralize

LEAD = (
    "Each journey plays through a scenario on this server with its own test user, who is "
    "deleted at the end. Its requests use an address reserved for tests, so its rate limits do "
    "not affect you."
)
JOURNEY, START = "Journey", "Run"
FIRST, SECOND = "Journey, first device", "Journey, second device"
FOREIGN = "https://another-site.example"
OPENS = "Open a step to see its requests and responses."
WAITING, NOT_RUN, RUNNING = "pending", "not run", "running"
DONE, FAILED = "passed", "failed"
REQUEST, RESPONSE = "Request", "Response"
NOTHING_SENT = "Done with the panel's own session; no test browser sent anything."

ROUND_TRIP = "Sign up, sign in, sign out"
DEVICES = "Revoke a second device"
RESET = "Reset a forgotten password"
LIMIT = "Too many wrong passwords"
ORIGIN = "A request from another site"
TWO_FACTOR = "Sign in with a second factor"
USER_NAME = "Sign in with a user name"

MAKE_ACCOUNT = ("Create an account", "Administrators can create one.")
CLEAN_UP = ("Delete the test user", "Nothing is left behind.")
SIGN_UP = ("Sign up", "The account exists.")
VERIFY = ("Mark the address as verified", "Where verification is required, sign-in needs it.")
SIGN_IN = ("Sign in", "The password is right, and a cookie holds the session.")
ME = ("Call the protected endpoint", "The session gives access.")
SIGN_OUT = ("Sign out", "The session ends and its cookie is deleted.")
ME_AFTER = ("Call the protected endpoint again", "Without a session there is no access.")
OLD_COOKIE = ("Try the old cookie again", "A copied cookie is useless after sign-out.")
SIGN_IN_FIRST = ("Sign in on the first device", "One session.")
SIGN_IN_SECOND = ("Sign in on the second device", "Another session.")
LISTED = ("List the sessions on the first device", "It sees both.")
REVOKED = ("End all others from the first device", "One request is enough.")
SECOND_OUT = ("Call the endpoint on the second device", "It is signed out at once.")
FIRST_IN = ("Call the endpoint on the first device", "It is still signed in.")
ASK_RESET = ("Request a password reset", "The response reveals nothing about the account.")
FIND_LINK = ("Find the mailed link in the outbox", "The mail was written.")
OPEN_LINK = ("Open the link", "It redirects to the page for a new password.")
SET_NEW = ("Set a new password", "The link allows it.")
OLD_FAILS = ("Sign in with the old password", "It no longer works.")
NEW_WORKS = ("Sign in with the new password", "It works.")
LINK_ONCE = ("Use the link a second time", "It works only once.")
WRONG = ("Try wrong passwords until the limit", "Guessing is stopped.")
WAIT_TOLD = ("Read how long to wait", "The response says when to try again.")
NAME_FREE = ("Ask whether a user name is free", "Nobody has it.")
CHOOSE_NAME = ("Choose it", "It belongs to the account.")
NAME_TAKEN = ("Ask again", "It is taken now.")
NAME_WORKS = ("Sign in with it, in capitals", "Capitals make no difference.")
NOT_AN_ADDRESS = ("Use it in place of an address", "It is never taken for one.")
PREFLIGHT = (
    "Change the name from the other site",
    "The preflight stops a browser.",
)
REFUSED = ("Send the change anyway, with the cookie", "The server itself refuses it.")
UNCHANGED = ("Read the account", "The name is unchanged.")
OWN_PAGE = ("Send the same change from our own page", "What is allowed still works.")

BEGIN_FACTOR = (
    "Begin with an authenticator app",
    "The password confirms it; a secret and ten backup codes come once.",
)
FIRST_CODE = ("Send the app's first code", "From now on the app is asked for.")
CHALLENGED = ("Sign in on the second device", "The password is right, and a code is asked for.")
NO_SESSION_YET = ("Call the endpoint there", "The password alone opens nothing.")
WRONG_CODE = ("Send a wrong code", "It is refused.")
RIGHT_CODE = ("Send the code of the app", "It completes the sign-in.")
SECOND_IN = ("Call the endpoint again", "The second device is signed in.")
CHALLENGED_AGAIN = ("Sign in there once more", "The code is asked for each time.")
BACKUP_CODE = ("Send a backup code", "It completes a sign-in without the app.")
REMOVE_FACTOR = ("Remove the second factor", "The password confirms it.")
FACTOR_GONE = ("Read the session", "The account has no second factor any more.")

TWO_FACTOR_OFF = "Second factors are disabled on this server (TWO_FACTOR=off), which answers 404."
NOT_CHALLENGED = "No code was asked for."
SENDS_MAIL = (
    "This server sends real mail, and the test user's address does not exist. This journey "
    "runs only where no mailer is configured and mails stay in the Outbox."
)
NO_MAIL = "The outbox has no mail to the test user."
SIGN_UP_OFF = "Sign-up is disabled on this server (SIGN_UP=off), which it answers with 400."
NO_USER_NAMES = "User names are disabled on this server (USERNAME=off), which it answers with 404."
ALREADY = "Nothing to do: verification is not required, or the user is already signed in."
LIMITS_OFF = "All attempts were let through: rate limits are off (RATE_LIMITS=off)."
NOT_TOLD = "The response does not say how long to wait."
STOPPED = "The preflight was refused, so a browser would not send the request."
NOT_STOPPED = "The preflight was allowed: this origin is in FRONTEND_URL."

# ---- to be filled in
BIT_AFTER = "Attempt {} was refused."
TRY_AGAIN_IN = "Retry-After: {} seconds."


def status_was(expected: tuple[int, ...], actual: int) -> str:
    """Say which status came, and whether it was expected."""
    if actual in expected:
        return f"{actual}, as expected."
    return f"Expected {' or '.join(map(str, expected))}, but got {actual}."


def sessions_seen(number: int) -> str:
    """Say how many sessions are listed."""
    return f"{pluralize(number, 'session')} listed."


def verdict(passed: int, steps: int, failed: bool) -> str:
    """Say how far a journey has got."""
    if failed:
        return f"Failed at step {passed + 1} of {steps}. The test user is deleted anyway."
    if passed < steps:
        return f"Step {passed + 1} of {steps} is running."
    return f"All {steps} steps passed."
