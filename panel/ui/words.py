"""Texts that all pages share."""

from panel.quantities import pluralize

NOT_FOUND = "Not found."
FROM_ANOTHER_SITE = "This request came from another site and was refused."
NOT_SIGNED_IN = "Sign in first."
MUST_ENROL = "Set up a second factor first, on your account's page."

# ---- the header of every page
PAGES = "Pages"
LEAVE = "Sign out of panel"

# ---- passkeys, on the sign-in page and the account's
OWN_TAB = "Open the panel in its own tab"
PASSKEY_FRAMED = "Your browser allows no passkeys inside this frame."
PASSKEY_CANCELLED = "No passkey was used: the browser's question was cancelled, or timed out."
PASSKEY_ADDRESS = "A passkey works only at the address it belongs to. Open the panel at {}."
PASSKEY_EXISTS = "This device or security key has a passkey for this account already."

# ---- errors of the API
ENDED = "Your session has ended."
SIGN_IN_AGAIN = "Sign in again"
ADMINS_ONLY = "Your account is no longer an administrator, so nothing was changed."
FAILED = "Something went wrong. The server's log has the reason"

# ---- shared elements
CANCEL = "Cancel"
TYPE_TO_CONFIRM = "Type {} to confirm"
TYPE_FIRST = "Type {} first, exactly as it is written here."
FIND = "Search"
LOADING = "Loading …"
NEVER = "never"
NEWER, OLDER = "Previous", "Next"
REFRESH = "Refresh"
UNUSABLE_FILTER = "A filter is too long, or has characters that cannot be searched for."
UNUSED_FILTER = "These parameters cannot be used: {}."
SHOW_NUMBERS = "Show the numbers"
WHEN = "When"
NOTHING_TO_DRAW = "No activity in this period."
UNKNOWN_BROWSER = "unknown browser"
UNKNOWN_SYSTEM = "unknown system"
NO_USER_AGENT = "Unknown client"

# ---- to be filled in
DEVICE = "{} on {}"
ROBOT = "{} (bot)"
UNUSED = (
    "The address of this page has a value for “{}” that cannot be used. What is shown does not "
    "depend on it."
)
CHART_ALT = "{}: highest {:,} ({}), latest {:,}."


def try_later(status: int, seconds: int) -> str:
    """Return the message for 429 or 503."""
    busy = "The server is busy or its database is unavailable"
    why = "Too many attempts" if status == 429 else busy
    return f"{why}. Try again in {pluralize(seconds, 'second')}."


def failed(request_id: str) -> str:
    """Return the message for an error of the server, with the request's id in its log."""
    return f"{FAILED}, under request {request_id}." if request_id else f"{FAILED}."


def refused(message: str, status: int) -> str:
    """Return the API's own message as a sentence."""
    sentence = message.strip() or f"The API answered {status}"
    return sentence if sentence[-1] in ".!?" else f"{sentence}."


def place_in_list(first: int, last: int, total: int, noun: str, *, about: bool = False) -> str:
    """Return the position in a list: “1 to 25 of 340 users”."""
    if total == 0:
        return f"No {noun}s"
    whole = f"about {pluralize(total, noun)}" if about else pluralize(total, noun)
    is_whole = first > last or (first == 1 and last >= total)
    return whole if is_whole else f"{first:,} to {last:,} of {whole}"


def part_of_list(number: int, noun: str, *, newer: bool, older: bool) -> str:
    """Return the position in a list of unknown length."""
    if number == 0:
        return f"No {noun}s"
    text = pluralize(number, noun)
    if newer and older:
        return f"{text}, with newer and older ones"
    if older:
        return f"The latest {text}"
    return f"The oldest {text}" if newer else text
