"""What the Checks say."""

from collections.abc import Mapping

from panel.quantities import count

TITLE = "Checks"
LEAD = (
    "The doctor visits this deployment as a stranger, a user and an app would, and reports "
    "what it found and how to fix it."
)
WAY, PART, FRONTEND = "Way in", "What to check", "Your app"
DIRECTLY = "Directly to this server"
DIRECTLY_HINT = (
    "Directly: bypasses proxies and https, so problems there are not seen. "
    "From outside: the way visitors connect."
)
FRONTEND_HINT = "https://app.example.com, to check signing in through it; empty to leave it out"
EVERYTHING = "Everything, about 30 seconds"
START, STOP = "Start the checks", "Stop"

NOTHING_YET = "Nothing has been checked since this server started."
NOTHING_YET_HINT = (
    "Press “Start the checks”. It takes about 30 seconds, most of them spent waiting for rate "
    "limits, which it also proves. A throw-away account is made and deleted again. Users notice "
    "nothing; whoever signs in from this very machine may have to wait a few seconds."
)
STOPPING = "Stopping: the throw-away account is being deleted"
STOPPED = "Stopped before the end."
BROKEN = "The doctor itself failed. The reason is in the server's log, under checkup_failed."
TO_MEND = "Fix these first"
MEND = "Fix:"
HOW_TO_SET, SET_UP = "Where settings are set, with lines to copy:", "Set-up"
WAITS = (
    "Most of the time is spent waiting for rate limits. You can leave this page; the checks go on."
)
VERDICTS = {
    "fail": "broken",
    "warn": "worth a look",
    "pass": "right",
    "skipped": "not made",
    "running": "running",
    "waiting": "to come",
}
SEVERITIES = {"fail": "bad", "warn": "warn", "pass": "good"}
TAKE_ALONG = "Export the results"
AS_TEXT, AS_JSON = "As text", "As JSON"
NEEDS_APP = "Write the address of your app first: these checks go through it."
NOT_OURS = (
    "{} is not among your apps. Name it in FRONTEND_URL first: this server calls no other address. "
    "Set-up says how."
)


def from_outside(url: str) -> str:
    """Name the way through a public address."""
    return f"From outside, through {url.partition('://')[2]}"


def progress(made: int, of: int, seconds: float) -> str:
    """Say how far an examination has come."""
    return f"{made} of {count(of, 'check')} made, {seconds:.0f} s so far"


def counts(counted: Mapping[str, int]) -> str:
    """Say how many findings there are of each kind, those of none left out."""
    parts = [f"{counted[each]} {VERDICTS[each]}" for each in ("fail", "warn", "pass", "skipped")]
    return ", ".join(each for each in parts if not each.startswith("0 "))


def run_summary(url: str, frontend: str | None, seconds: float, started: str, by: str) -> str:
    """Say what was examined, when, by whom, and how long it took."""
    app = f" and {frontend}" if frontend else ""
    return f"{url}{app}, {started}, started by {by}, took {count(round(seconds), 'second')}."
