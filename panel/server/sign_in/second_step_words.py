"""Texts of the second step of signing in."""

from panel.ui.timestamps import format_length

TITLE, LEAD = "Second step", "So far so good. One more step."
FIELDS = {
    "totp": "Code from your authenticator app",
    "otp": "Code from the mail",
    "backup": "Backup code",
}
SENT = "A code is on its way to your mailbox. It works for three minutes."
TRUST = "Trust this browser for 30 days"
CONTINUE = "Continue"
OTHER_WAYS = "Other ways"
WAYS = {"totp": "Use the authenticator app", "backup": "Use a backup code"}
MAIL_CODE, MAIL_ANOTHER = "Mail me a code", "Mail me another code"
START_OVER = "Sign in with another account"

# ---- by the value of ?why= in the page's address
MESSAGES = {
    "wrong": "This code is not right. If you typed it at once, the clock of the phone or of the "
    "server may be wrong: a clock 90 seconds off is enough. Each code works once.",
    "wrong-mailed": "This code is not right. Only the code from the newest mail works.",
    "wrong-backup": "This is not one of your unused backup codes. Each works once, and capital "
    "letters count.",
    "expired": "There is no code that still works. Have another one mailed.",
    "too-many-mailed": "Too many wrong codes. Have another one mailed.",
    "not-mailed": "No code can be mailed for this sign-in.",
    "failed": "That failed; the server's log has the reason. Please try again.",
}


def locked(seconds: int) -> str:
    """Return the message for an account that is locked after wrong codes."""
    return f"Too many wrong codes. No more are taken for {format_length(max(seconds, 60))}."
