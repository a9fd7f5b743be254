"""Texts of Checks."""

from collections.abc import Mapping

from panel.quantities import pluralize

TITLE = "Checks"
LEAD = (
    "Runs the doctor against this deployment: it visits as a stranger, a user and an app, and "
    "reports what to fix."
)
CONNECTION, PART, FRONTEND = "Connection", "Checks to run", "Your app"
DIRECTLY = "Direct, to this server"
DIRECTLY_HINT = (
    "A direct connection bypasses proxies and HTTPS, so it cannot find problems there. The "
    "public address is the one that visitors use."
)
FRONTEND_HINT = "https://app.example.com, to check sign-in through it (optional)"
EVERYTHING = "All checks (about 30 seconds)"
START, STOP = "Run checks", "Stop"

NOTHING_YET = "No checks have been run since this server started."
NOTHING_YET_HINT = (
    "Press “Run checks”. It takes about 30 seconds, mostly waiting for rate limits to reset. A "
    "throw-away account is created and deleted again. Users are not affected, but signing in "
    "from this machine may be delayed by a few seconds."
)
STOPPING = "Stopping: deleting the throw-away account"
STOPPED = "Stopped early."
BROKEN = "The doctor crashed. The server's log has the reason, under checkup_failed."
PROBLEMS = "Fix these first"
NOT_CHECKED = "Could not be checked"
FIX = "Fix:"
HOW_TO_SET, SET_UP = "How to change settings:", "Set-up"
WAITS = (
    "Most of the time is spent waiting for rate limits. You can leave this page; the checks "
    "keep running."
)
VERDICTS = {
    "fail": "failed",
    "warn": "warning",
    "pass": "passed",
    "skipped": "skipped",
    "running": "running",
    "waiting": "pending",
}
SEVERITIES = {"fail": "bad", "warn": "warn", "pass": "good"}
EXPORT = "Export the results"
AS_TEXT, AS_JSON = "As text", "As JSON"
NEEDS_APP = "Enter the address of your app first: these checks go through it."
NOT_OURS = (
    "{} is not one of your apps. Add it to FRONTEND_URL first; this server calls no other "
    "addresses. Set-up shows how."
)


def from_outside(url: str) -> str:
    """Name the connection through a public address."""
    return f"Through {url.partition('://')[2]}"


def progress(done: int, total: int, seconds: float) -> str:
    """Return how far a run has got."""
    return f"{done} of {pluralize(total, 'check')} done, {seconds:.0f} s"


def counts(counted: Mapping[str, int]) -> str:
    """Return how many findings have each verdict or state: “1 warning, 64 passed”."""
    states = [each for each in VERDICTS if counted.get(each)]
    return ", ".join(_counted(counted[each], each) for each in states)


def _counted(number: int, state: str) -> str:
    return pluralize(number, VERDICTS[state]) if state == "warn" else f"{number} {VERDICTS[state]}"


def run_summary(url: str, frontend: str | None, seconds: float, started: str, by: str) -> str:
    """Return what was checked, when, by whom, and how long it took."""
    app = f" and {frontend}" if frontend else ""
    return f"{url}{app}, checked {started} by {by}, took {pluralize(round(seconds), 'second')}."
