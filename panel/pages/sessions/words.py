"""What the pages for sessions say."""

from panel.quantities import pluralize
from panel.ui.markup import Markup

TITLE = "Sessions"
LEAD = "Everyone who is signed in now, newest first. Open a session to end it."
SEARCH, SEARCH_HINT = "E-mail", "Part of a user's e-mail address"
ADDRESS, ADDRESS_HINT = "Address", "203.0.113.7 or 2001:db8::/64"
COLUMNS = ("Whose", "Device", "Address", "Began", "Last renewed", "Ends")
CAPTION = "Live sessions, one in each row"
NONE = "No sessions match."
NONE_HINT = "Choose fewer filters. Sessions that have ended are not listed; Events tells of them."
YOURS = "this is you"
EVERYBODYS = "Show everybody's sessions"
NO_SUCH_ADDRESS = "This is not an address such as 203.0.113.7 or a /64 such as 2001:db8::/64."
UNKNOWN_ADDRESS = "unknown"
GONE_ADMIN = "a deleted admin"

# ---- one session
BACK = "All sessions"
OVER, OVER_HINT = "This session is over.", "Go back to all sessions, or see in Events how it ended."
YOURS_OVER = "Your session is over. Sign in again to go on."
FACTS = ("Whose", "Device", "User agent", "Address", "Began", "Last renewed", "Ends", "Id")
ACTED_BY = "Used by"
SAYS_NOTHING = "nothing"
SEE = "See also"
SAME_ADDRESS, SAME_NETWORK = "All sessions from this address", "All sessions from"
EVENTS_OF_ADDRESS = "What happened from this address"
END_ONE, END_ALL, END_MINE = "End this session", "End all their sessions", "Sign me out too"

# ---- to be filled in
ONLY_OF = Markup("Only sessions of <b>{}</b>.")
ALL_OF = Markup("All sessions of {}")
EVENTS_OF = Markup("What happened to {}")
SESSION_OF = Markup("Session of {}")
ACTS_AS_THEM = "{} acts as them"
ASK_END_ONE = Markup("The session of {} with {} from {} ends at once. They can sign in again.")
ASK_END_MINE = Markup(
    "<b>This is you</b>, with {}. Ending this session closes the panel for you at once: "
    "you come to the sign-in page."
)
ASK_END_ALL = Markup("{} is signed out everywhere: {} at once. They can sign in again.")
ASK_END_ALL_MINE = Markup(
    "<b>This is you.</b> You are signed out everywhere: {} at once, the one that has this "
    "panel open among them. You come to the sign-in page."
)
ONE_ENDED = "The session of {} with {} is over."
ALL_ENDED = "{} is signed out everywhere."


def end_listed(number: int) -> str:
    """Name the button that ends what is listed."""
    return "End this session" if number == 1 else f"End these {pluralize(number, 'session')}"


def ends(live: int, *, or_more: bool = False) -> str:
    """Say how many sessions end."""
    sentence = f"{pluralize(live, 'session')} {'ends' if live == 1 else 'end'}"
    return f"more than {sentence}" if or_more else sentence


def ask_end_listed(live: int, user_count: int, *, yours_stays: bool, more: bool) -> Markup:
    """Ask before everything is ended that is listed."""
    sentence = f"at once: all that are listed here, of {pluralize(user_count, 'user')}."
    sentence += " Yours stays." if yours_stays else ""
    sentence += " Those on other pages stay." if more else ""
    return Markup("<b>{}</b> {} Everybody can sign in again.").format(ends(live), sentence)


def listed_ended(ended: int, total: int, why: str = "") -> str:
    """Say how many sessions are over, and if not all, why."""
    if ended == total:
        return f"{pluralize(ended, 'session')} {'is' if ended == 1 else 'are'} over."
    return f"{ended} of {pluralize(total, 'session')} are over. The others are not: {why}"
