"""What every page says: refusals, the frame around the pages, numbers and lengths of time."""

from panel.quantities import count

NOT_FOUND = "Not found."
FROM_ANOTHER_SITE = "This request came from another site and was refused."
NOT_SIGNED_IN = "Sign in first."

# ---- the frame around every page
LEAVE = "Sign out of panel"

# ---- what the API refused, or could not do
ENDED = "Your session has ended."
SIGN_IN_AGAIN = "Sign in again"
ADMINS_ONLY = "Your account is no longer an administrator, so nothing was changed."
FAILED = "This failed. The reason is in the server's log"

# ---- the pieces that several pages use
CANCEL = "Cancel"
NEVER = "never"
NEWER, OLDER = "Previous", "Next"
REFRESH = "Refresh"
SHOW_NUMBERS = "Show the numbers"
WHEN = "When"
NOTHING_TO_DRAW = "Nothing happened in this time."
UNKNOWN_BROWSER = "unknown browser"
UNKNOWN_SYSTEM = "unknown system"
NO_USER_AGENT = "Unknown client"

# ---- to be filled in
DEVICE = "{} on {}"
PROGRAM = "{}"
ROBOT = "{} (bot)"
CHART_SAID = "{}: at most {:,} ({}), latest {:,}."


def later(status: int, seconds: int) -> str:
    """Say why not now (429 or 503), and when."""
    why = "Too many attempts" if status == 429 else "The server is busy or its database is away"
    return f"{why}. Try again in {count(seconds, 'second')}."


def failed(request_id: str) -> str:
    """Say that the server made a mistake, and under which number its log has it."""
    return f"{FAILED}, at request {request_id}." if request_id else f"{FAILED}."


def refused(message: str, status: int) -> str:
    """Return the API's own message as a sentence."""
    sentence = message.strip() or f"The API answered {status}"
    return sentence if sentence[-1] in ".!?" else f"{sentence}."


def place_in_list(first: int, last: int, total: int, thing: str, *, about: bool = False) -> str:
    """Say which part of a list is shown: “1 to 25 of 340 users”."""
    if total == 0:
        return f"No {thing}s"
    whole = f"about {count(total, thing)}" if about else count(total, thing)
    is_whole = first > last or (first == 1 and last >= total)
    return whole if is_whole else f"{first:,} to {last:,} of {whole}"


def part_of_list(number: int, thing: str, *, newer: bool, older: bool) -> str:
    """Say which part of a list without an end is shown."""
    if number == 0:
        return f"No {thing}s"
    text = count(number, thing)
    if newer and older:
        return f"{text}, with newer and older ones"
    if older:
        return f"The latest {text}"
    return f"The oldest {text}" if newer else text
