"""What the Overview says."""

from panel.quantities import count

TITLE = "Overview"
LEAD = "The state of this server, and what happened recently."
PERIOD = "Time"
PERIODS = [("24 hours", "24h"), ("7 days", "7d"), ("30 days", "30d")]
ALL_WELL = "Everything is working"
ALL_EVENTS = "All events"
LATEST = "The latest events"
NO_EVENTS, NO_EVENTS_HINT = "Nothing has happened yet.", "Sign someone up with the Tester."
FIGURES = ("Users", "Live sessions", "Sign-ins, 24 hours", "Failures, 24 hours")
SIGN_INS, FAILURES, SIGN_UPS, LIVE = "Sign-ins", "Failures", "Sign-ups", "Live sessions"
LIVE_TITLE = "Live sessions, counted among those still live"

# ---- what is looked at
DATABASE, DATA, CACHE, MAIL = "Database", "Data", "Session cache", "Mail"
RESTORED = "Restored"
CLOCK = "Clock"
SECRET, PROXY, LIMITS, VERSION = "Signing key", "Proxy", "Rate limits", "Version"
AWAY = "The database does not answer, so nobody can sign in and most requests are refused."
AWAY_FIX = "Check that it is running and that DATABASE_URL is right; the log has the error."
TROUBLES = {
    "read-only": "The database may not be written to, so nobody can sign in; sessions go on.",
    "full": "The database's disk is full, so nobody can sign in; sessions go on.",
    "damaged": "The database is damaged, so that nothing is read from it or written to it.",
    "replaced": "The SQLite file was removed, moved or replaced while the server runs.",
    "unusable": "The database lacks tables or rights, or its disk fails.",
}
TROUBLE_FIXES = {
    "read-only": "After a failover the new primary is found by itself; else make it writable.",
    "full": "Make room; it goes on by itself.",
    "damaged": "Stop the server, put a backup in the file's place and start it again.",
    "replaced": "Put it back; or stop the server, put the right one there and start it again.",
    "unusable": "The log names what is missing. Does DATABASE_URL lead to the right database?",
}
OUTDATED = "The tables are not those of this version."
OUTDATED_FIX = "Restart the server: it brings them up to date. If it cannot, its log says why."
KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
SLOW_SEARCH = "Searching users reads all of them: slow from some ten thousand on."
SLOW_SEARCH_FIX = "Let the extension pg_trgm be made in the database, then restart."
DURABILITY = {
    "durable": "It stays when the server restarts.",
    "snapshots": "A crash loses what was written since the last snapshot.",
    "ephemeral": "All accounts are lost with the next restart.",
}
SNAPSHOTS_FAIL_FIX = (
    "Is SNAPSHOT_DIR mounted, writable and not full? It is tried again all the time."
)
RESTORED_FIX = (
    "Ban, delete and demote once more whom you had, as far as you know, and have passwords that "
    "were changed in between set again. This note leaves the page after a week and stays in Events."
)
LOST_FIX = (
    "The damaged files are in SNAPSHOT_DIR, with .damaged at the end. A backup of your own can be "
    "put back as docs/operations.md says."
)
EPHEMERAL_FIX = "Set DATABASE_URL to a PostgreSQL, or SNAPSHOT_DIR to a mounted storage bucket."
BYPASSED_FIX = (
    "It mends itself once changes are heard again; a pooler may need DATABASE_URL_DIRECT."
)
SENDS = {
    "smtp": "Mails leave by SMTP.",
    "api": "Mails leave by the provider's HTTPS API.",
    "outbox": "No mailer is set: mails wait in the outbox, where admins read them.",
}
OUTBOX_FIX = "Set SMTP_URL, or MAIL_API_URL and MAIL_API_KEY, and MAIL_FROM."
MAIL_FIX = "The outbox has each mail with its error; look at the settings of the mailer."
SECRETS = {
    "set": "SECRET_KEY is set.",
    "generated": "The server generated a key: if the disk is lost, every session ends.",
    "example": "SECRET_KEY is an example from the documentation: anyone can sign cookies with it.",
}
KEY_FIX = "Set SECRET_KEY to a long random text of your own and restart."
PROXY_FIX = "If this is your proxy, name it in TRUSTED_PROXIES."
CLOCK_FIX = (
    "Compare this machine and the database's with a time server; timedatectl says whether one sets "
    "them. Sessions, links and bans end by this machine's clock."
)
LIMITS_OFF = "Rate limits are off: nothing slows down password guessing."
LIMITS_FIX = "Set RATE_LIMITS=on."

# ---- to be filled in
LAST_SNAPSHOT = " It was taken {}."
LAST_ERROR = "The latest problem: {}."
STRANGE_PROXY = (
    "Requests come through {}, which is no trusted proxy: every visitor seems to be there."
)
SEEN_FROM = "You come from {}, as the limits and the audit trail see it."
COUNTED_IN = "Attempts are counted in {}."
AS_OF = "As of {}"


def database(kind: str) -> str:
    """Say which database answers."""
    return f"{KINDS.get(kind, kind)} answers, and its tables are current."


def snapshots_fail(trouble: str) -> str:
    """Say that no snapshot can be taken, and why."""
    return f" None can be taken: {trouble.rstrip('.')}."


def restored(as_of: str, at: str, accounts: int, sessions: int, links: int, damaged: int) -> str:
    """Say that the database came back as it was before, and what that means."""
    skipped = f" {count(damaged, 'newer snapshot')} could not be used." if damaged else ""
    then = f"as it was on {as_of}" if as_of else "from a backup"
    since = f" between {as_of} and {at}" if as_of else f" between the backup and {at}"
    return (
        f"The database was lost and came back {then}.{skipped} Whatever was done{since} may be "
        f"missing. All {count(accounts, 'account')}, and passwords, addresses, roles and bans, "
        "are as they were then: who was deleted or banned since may be back, and a password that "
        f"was changed is the old one. {count(sessions, 'session')} and "
        f"{count(links, 'mailed link')} were ended, as some may have ended before."
    )


def began_empty(at: str, damaged: int) -> str:
    """Say that nothing could be restored."""
    return (
        f"The database was lost, and {count(damaged, 'snapshot')} could not be used: the server "
        f"began empty on {at}."
    )


def bypassed(trouble: str) -> str:
    """Say that sessions are read anew each time, and why."""
    why = f": {trouble}" if trouble else ""
    return f"Sessions are read from the database each time, which is right but slower{why}."


def cached(sessions: int, size: int) -> str:
    """Say how full the cache is."""
    return f"{count(sessions, 'session')} cached, of {size:,} at most."


def waiting(number: int, since: str) -> str:
    """Say how many mails are to leave yet."""
    return f"{count(number, 'mail')} waiting{f', the oldest from {since}' if since else ''}."


def old_keys(number: int) -> str:
    """Say how many former keys still verify."""
    return f" {count(number, 'former key')} still verify." if number else ""


def clock(compared_with: str, ahead: str, behind: bool) -> str:
    """Say how far the clock is off; no `ahead`: it is not."""
    of = "the database's" if compared_with == "database" else "the newest entry's"
    if not ahead:
        return f"This machine's clock agrees with {of}."
    if compared_with == "database":
        way = "behind" if behind else "ahead of"
        return f"This machine's clock is {ahead} {way} {of}: nothing is deleted by its age."
    if behind:
        return f"This machine's clock is {ahead} behind the newest entry of the database."
    return (
        f"The newest entry that was there at the start is {ahead} older than this machine's clock: "
        "nobody came for so long, or the clock is ahead. What has ended since is not deleted yet."
    )


def version(number: str, commit: str, environment: str, started: str) -> str:
    """Say what runs, and since when."""
    build = f" ({commit[:10]})" if commit else ""
    return f"Gatehouse {number}{build}, {environment}, started {started}."


def to_mend(number: int) -> str:
    """Say how many things are not well."""
    return f"{count(number, 'thing')} to look at"
