"""Texts of the Tester's journeys."""

from collections.abc import Mapping

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
MAGIC_LINK = "Sign in with a mailed link"
EMAIL_CODE = "Sign in with a mailed code"
PASSKEY = "Sign in with a passkey"
PROVIDER = "Sign in with a provider"
SEVERAL = "Several accounts in one browser"
ANONYMOUS = "Try the app without an account"

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
ASK_LINK = ("Ask for a link to sign in", "The response reveals nothing about the account.")
LINK_OPENS = ("Open it in the browser that asked", "It signs in and goes on to the app.")
ASK_CODE = ("Ask for a code to sign in", "The response reveals nothing about the account.")
FIND_CODE = ("Find the mailed code in the outbox", "The mail was written.")
MAILED_CODE = ("Send the mailed code", "It signs in.")
CODE_ONCE = ("Use the code a second time", "It works only once.")
ADD_PASSKEY = ("Add a passkey", "An authenticator in software makes one.")
USE_PASSKEY = ("Sign in with it on the second device", "No password is sent.")
SIGNED_ONCE = ("Send the same signature again", "Each signature counts once.")
FOREIGN_PASSKEY = ("Sign for a page of another site", "A copied page gets nowhere.")
REMOVE_PASSKEY = ("Remove the passkey on the first device", "One request is enough.")
REMOVED_PASSKEY = ("Sign in with it again", "It no longer works.")
FIND_PROVIDER = ("Ask which providers there are", "A page shows a button for each.")
BEGIN_AT_PROVIDER = (
    "Begin with the first on the second device",
    "The browser gets a cookie, and the address to go to.",
)
ANSWER_ELSEWHERE = (
    "Bring an answer in another browser",
    "It gets nothing: the state belongs to the browser that began.",
)
CANCEL_AT_PROVIDER = (
    "Come back as if it had been cancelled there",
    "The page that began is told, and nobody is signed in.",
)
ANSWER_ONCE = ("Bring the same answer again", "The state counts once.")
LIST_ACCOUNTS = ("List the ways in", "The test user has a password alone.")
LAST_WAY_IN = ("Remove the last of them", "It is refused: nobody could come back.")
MAKE_OTHER = ("Create a second account", "It is deleted at the end as well.")
SIGN_IN_OTHER = ("Sign in to it in the same browser", "The first session stays.")
BOTH_LISTED = ("List the accounts of this browser", "It has both.")
ACTIVATE = ("Go back to the first account", "Its password is not asked for again.")
IS_FIRST = ("Read the session", "It is that of the first account.")
REVOKE_FIRST = ("Sign the first account out", "Only its session ends.")
IS_OTHER = ("Read the session again", "The second account goes on.")
TRY = ("Sign in without an account", "The server makes an anonymous user.")
TRY_ONCE = ("Do it again", "Whoever has one gets no second one.")
LINK_ACCOUNT = ("Sign in to the account", "What was tried out becomes part of it.")
TRIAL_GONE = ("Look for the anonymous user", "It is gone.")
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
NO_MAGIC_LINK = "Mailed links are disabled on this server (MAGIC_LINK=off), which answers 404."
NO_EMAIL_CODE = "Mailed codes are disabled on this server (EMAIL_CODE=off), which answers 404."
NO_PASSKEYS = "This server has no passkeys (PASSKEYS=off, or no domain), which it answers with 404."
NO_PROVIDERS = "The settings name no provider (OIDC_PROVIDERS)."
FIRST_PROVIDER = "The first is {}."
NO_MULTI_SESSION = "MULTI_SESSION is off on this server, which answers 404."
NO_ANONYMOUS = "ANONYMOUS_SIGN_IN is off on this server, which answers 404."
STILL_THERE = "The anonymous user is still there."
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


def explain_url(host: str, query: Mapping[str, str]) -> str:
    """Say what the address at the provider asks for."""
    proof = "with" if query.get("code_challenge_method") == "S256" else "without"
    return (
        f"It leads to {host}, asks for {query.get('scope', 'nothing')}, comes back to "
        f"{query['redirect_uri']}, and protects the code {proof} PKCE (S256)."
    )


def came_back_with(expected: str, actual: str) -> str:
    """Say with which error the browser was sent back."""
    if actual == expected:
        return f"Sent back with {actual}, as expected."
    return f"Expected {expected}, but was sent back with {actual or 'no error'}."


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
