"""What the sign-in page says, and the pages that stand in while the panel starts."""

FORM_UNREADABLE = "This is not the sign-in form."

# ---- keyed by what may stand in the page's address as ?why=
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
