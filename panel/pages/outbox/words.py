"""What the Outbox says."""

from panel.quantities import count

TITLE = "Outbox"
LEAD = "The mails of this deployment, newest first: what waits, what left, and what went wrong."
SENDS = (
    "A mailer is set, so mails leave by themselves. What they say is for their readers alone and "
    "is not shown here; once a mail has left it is not kept either."
)
HOLDS = (
    "No mailer is set, so no mail leaves. Each can be read here, and its link passed on. "
    "Mails written now stay here also when a mailer is set later."
)
HOW_TO_SEND = "How to set a mailer"
NOTHING = "No mail has been written yet."
NOTHING_HINT = (
    "Signing up, asking for a new password and changing an address write one: try it with the "
    "Tester, or send a user a reset mail. {} says how mails are made to leave."
)
KINDS = {
    "verify": "Confirm an address",
    "reset": "Choose a new password",
    "change-email": "Confirm a change of address",
    "delete": "Confirm the deletion of an account",
    "magic-link": "Sign in by a link",
    "code": "A code to type in",
    "notice": "A notice",
}
STATES = {"held": "held", "waiting": "waiting", "sent": "sent", "given_up": "given up"}
SEVERITIES = {"held": "warn", "waiting": "warn", "sent": "good", "given_up": "bad"}
FROM, TO, SUBJECT = "From", "To", "Subject"
NO_SENDER = "not set (MAIL_FROM)"
PROBLEM = "What went wrong"
OPEN = "Open the link in a new tab"
COPY = "The link, to copy"
ACTS = (
    "Whoever opens this link acts as {}: it may sign this browser in as them. It is theirs; pass "
    "it to nobody else."
)
HIDDEN = {
    "sent": "Sent. The text is not kept.",
    "waiting": "What it says is for its reader alone, as a mailer is set.",
    "held": "It was written while no mailer was set, and stays. Cause it anew to have it sent.",
    "given_up": "It will not be tried again, and what it said is not kept. Cause it anew.",
}
UNREADABLE = "It was sealed with a key that this server no longer has, so nobody can read it."

# ---- to be filled in
AGAIN = "next try {}"
LEFT = "left {}"


def kind(name: str) -> str:
    """Say what a mail is for; a kind that is new here keeps its name."""
    return KINDS.get(name) or name.replace("-", " ").capitalize()


def tried(times: int) -> str:
    """Say how often a mail was tried."""
    return f"tried {count(times, 'time')}"


def page(number: int, first: bool) -> str:
    """Say how many mails are on this page of the list."""
    return f"{count(number, 'mail')}{'' if first else ', older ones'}"
