"""Texts of Sessions."""

from panel.quantities import pluralize
from panel.ui.markup import Markup

TITLE = "Sessions"
LEAD = "Everyone who is signed in now, newest first. Open a session to end it."
SEARCH, SEARCH_HINT = "E-mail", "Part of a user's e-mail address"
ADDRESS, ADDRESS_HINT = "Address", "203.0.113.7 or 2001:db8::/64"
COLUMNS = ("User", "Device", "Address", "Started", "Last renewed", "Expires")
CAPTION = "Live sessions, one per row"
NONE = "No sessions match."
NONE_HINT = "Remove a filter. Ended sessions are not listed; Events shows how they ended."
YOURS = "this is you"
EVERYBODYS = "Show all users' sessions"
NO_SUCH_ADDRESS = "Enter an address such as 203.0.113.7, or a /64 such as 2001:db8::/64."
UNKNOWN_ADDRESS = "unknown"
GONE_ADMIN = "a deleted admin"

# ---- one session
BACK = "All sessions"
OVER = "This session has ended."
OVER_HINT = "Go back to all sessions, or see in Events how it ended."
YOURS_OVER = "Your session has ended. Sign in again to continue."
FACTS = ("User", "Device", "User agent", "Address", "Started", "Last renewed", "Expires", "Id")
ACTED_BY = "Impersonated by"
SAYS_NOTHING = "none"
SEE = "See also"
SAME_ADDRESS, SAME_NETWORK = "All sessions from this address", "All sessions from"
EVENTS_OF_ADDRESS = "Events from this address"
END_ONE, END_ALL, END_MINE = "End this session", "End all their sessions", "Sign me out too"

# ---- to be filled in
ONLY_OF = Markup("Only sessions of <b>{}</b>.")
ALL_OF = Markup("All sessions of {}")
EVENTS_OF = Markup("Events of {}")
SESSION_OF = Markup("Session of {}")
IMPERSONATED, BY = "impersonated", "by {}"
ASK_END_ONE = Markup("This ends the session of {} ({}, {}) at once. They can sign in again.")
ASK_END_MINE = Markup(
    "<b>This is your own session</b> ({}). Ending it signs you out of the panel at once and "
    "takes you to the sign-in page."
)
ASK_END_ALL = Markup("This signs {} out everywhere: {} at once. They can sign in again.")
ASK_END_ALL_MINE = Markup(
    "<b>This is your own account.</b> This signs you out everywhere: {} at once, including the "
    "one that has this panel open. It takes you to the sign-in page."
)
ONE_ENDED = "The session of {} ({}) has ended."
ALL_ENDED = "{} is signed out everywhere."


def end_listed(number: int) -> str:
    """Return the label of the button that ends the listed sessions."""
    return "End this session" if number == 1 else f"End these {pluralize(number, 'session')}"


def ends(live: int, *, or_more: bool = False) -> str:
    """Say how many sessions end."""
    sentence = f"{pluralize(live, 'session')} {'ends' if live == 1 else 'end'}"
    return f"more than {sentence}" if or_more else sentence


def ask_end_listed(live: int, user_count: int, *, yours_stays: bool, more: bool) -> Markup:
    """Ask before the listed sessions are ended."""
    sentence = f"at once: all those listed here, of {pluralize(user_count, 'user')}."
    sentence += " Your own stays." if yours_stays else ""
    sentence += " Those on other pages stay." if more else ""
    return Markup("<b>{}</b> {} The users can sign in again.").format(ends(live), sentence)


def listed_ended(ended: int, total: int, why: str = "") -> str:
    """Say how many sessions have ended, and if not all, why."""
    if ended == total:
        return f"{pluralize(ended, 'session')} {'has' if ended == 1 else 'have'} ended."
    return (
        f"{ended} of {pluralize(total, 'session')} have ended. The others could not be ended: {why}"
    )
