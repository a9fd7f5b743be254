"""Texts of the Outbox."""

from panel.quantities import pluralize

TITLE = "Outbox"
LEAD = "The mails of this deployment, newest first: waiting, sent and failed."
SENDS_NOTE = (
    "Mails are sent automatically. Their text is only for the recipient and is not shown here; "
    "once sent, it is not kept."
)
HELD_NOTE = (
    "No mailer is configured, so no mail is sent. Here you can read mails and pass on their "
    "links. Mails written now stay here even if a mailer is configured later."
)
HOW_TO_SEND = "How to configure a mailer"
NOTHING = "No mails yet."
NOTHING_HINT = (
    "Sign-ups, password resets and address changes write mails: try one in the Tester, or send "
    "a user a reset mail. {} shows how to have mails sent."
)
KINDS = {
    "verify": "Verify an address",
    "reset": "Reset a password",
    "change-email": "Confirm a change of address",
    "delete": "Confirm an account deletion",
    "magic-link": "Sign-in link",
    "code": "One-time code",
    "notice": "Notice",
}
STATES = {
    "held": "not sent",
    "waiting": "waiting",
    "sent": "sent",
    "given_up": "failed",
}
SEVERITIES = {"held": "warn", "waiting": "warn", "sent": "good", "given_up": "bad"}
FROM, TO, SUBJECT = "From", "To", "Subject"
NO_SENDER = "not set (MAIL_FROM)"
PROBLEM = "Last error"
OPEN = "Open the link in a new tab"
COPY = "Or copy the link:"
LINK_WARNING = (
    "This link belongs to {}: opening it may sign this browser in as them. Do not give it to "
    "anyone else."
)
HIDDEN = {
    "sent": "Sent. The text is not kept.",
    "waiting": "The text is only for the recipient, because a mailer is configured.",
    "held": "Written while no mailer was configured, so it is not sent. Request a new one.",
    "given_up": "It will not be tried again, and its text is not kept. Request a new one.",
}
UNREADABLE = "It was encrypted with a key that this server no longer has, so no one can read it."

# ---- to be filled in
NEXT_TRY = "next attempt {}"
SENT_AT = "sent {}"


def kind(name: str) -> str:
    """Return what a mail is for; an unknown kind keeps its name."""
    return KINDS.get(name) or name.replace("-", " ").capitalize()


def tried(times: int) -> str:
    """Return how often a mail was tried."""
    return pluralize(times, "attempt")


def page(number: int, first: bool) -> str:
    """Return how many mails are on this page."""
    return f"{pluralize(number, 'mail')}{'' if first else ', older'}"
