"""Texts of the page on which the first admin sets the server up."""

TITLE = "First administrator"
LEAD = "Nobody administers this server yet. Choose what you will sign in with."
EMAIL, PASSWORD = "Your e-mail", "A new password"
CREATE = "Become the administrator"

# ---- by the code of the API's refusal
MESSAGES = {
    "INVALID_TOKEN": "This link does not work any more: it works once, until the server restarts "
    "or there is an administrator. The log has the newest one.",
    "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL": "Somebody has signed up with this address. Choose "
    "another one; you can delete that account afterwards.",
    "VALIDATION_ERROR": "This is not an e-mail address.",
}
