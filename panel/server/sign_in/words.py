"""Texts of the sign-in page and of the pages shown while the panel starts."""

FORM_UNREADABLE = "This is not the sign-in form."

# ---- by the value of ?why= in the page's address
MESSAGES = {
    "refused": "Wrong e-mail or password, or this account is not an administrator.",
    "ended": "Your session has ended. Sign in again.",
    "out": "You are signed out.",
    "too-late": "This sign-in is over: a code must be given within ten minutes. Sign in again.",
    "too-many": "Too many wrong codes. Sign in again to try another one.",
    "passkey": "This passkey was refused, or its account is not an administrator.",
    "passkey-late": "This took too long: a passkey must be used within five minutes. Try again.",
    "failed": "Sign-in failed; the server's log has the reason. Please try again.",
    "no-cookie": "Your browser did not store the cookie, so you are not signed in.",
}
NO_ERROR = {"ended", "out"}  # information, not errors
SIGN_IN = "Sign in"
EMAIL, PASSWORD = "E-mail", "Password"
USE_PASSKEY = "Use a passkey"
USE_PROVIDER = "Sign in with {}"
PROVIDER_IN_FRAME = (
    "This opens a tab of its own, where you are signed in afterwards, but not inside this page."
)
LEAVING, LEAVING_LEAD = "Going to {}", "You sign in there and come back."
GO_ON = "Continue to {}"
LEAD = "The panel is for administrators."
DROPPED_IN_FRAME = "It blocks cookies inside this frame."
DROPPED_DIRECT = (
    "This deployment's cookies need HTTPS: open the panel at its https address, or allow the "
    "browser to store cookies for this site."
)
FIRST_ADMIN_TITLE = "No administrator yet?"
FIRST_ADMIN = (
    "The server's log has a link, printed at the start, on which you become the first one. Or set "
    "ADMIN_EMAIL and ADMIN_PASSWORD and restart: the server then creates that account. On Hugging "
    "Face, add both as secrets in the Space's settings; elsewhere, put them in the environment or "
    "in the file .env."
)
FIRST_ADMIN_ON_A_SPACE = (
    "Whoever created this Space signs in with Hugging Face and becomes the first one; on an "
    "organisation's Space that is an admin of the organisation, if the scope read-memberships is "
    "among the Space's hf_oauth_scopes. "
)
NO_KEY = "SECRET_KEY is not set."
GENERATED_KEY = (
    "The server generated a key of its own, which is lost with the disk: after a restart "
    "everyone is signed out. Add SECRET_KEY to the Space's secrets."
)
LATER_TITLE = "Try again later"
STARTING_TITLE, STARTING = "The panel is starting", "This page reloads by itself in a few seconds."
STARTING_PART = "This page continues by itself in a few seconds."
BROKEN_TITLE = "The panel could not start"
BROKEN = "The server's log has the reason. The API is not affected."
