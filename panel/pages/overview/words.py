"""Texts of the Overview."""

from collections.abc import Sequence

from panel.quantities import pluralize

TITLE = "Overview"
LEAD = "The health of this server, and what happened recently."
PERIOD = "Period"
PERIODS = [("24 hours", "24h"), ("7 days", "7d"), ("30 days", "30d")]
ALL_WELL = "Everything is working"
ALL_EVENTS = "All events"
LATEST = "Latest events"
NO_EVENTS, NO_EVENTS_HINT = "No events yet.", "Sign up a test user in the Tester."
FIGURES = ("Users", "Live sessions", "Sign-ins, 24 hours", "Failed sign-ins, 24 hours")
SIGN_INS, FAILURES, SIGN_UPS, LIVE = "Sign-ins", "Failed", "Sign-ups", "Live sessions"
LIVE_TITLE = "Live sessions, excluding those ended since"

# ---- the health items
DATABASE, DATA, CACHE, MAIL = "Database", "Data", "Session cache", "Mail"
RESTORED = "Restored"
CLOCK, PROVIDERS = "Clock", "Providers"
SECRET, PROXY, LIMITS, VERSION = "Signing key", "Proxy", "Rate limits", "Version"
AWAY = "The database does not respond: no one can sign in, and most requests fail."
AWAY_FIX = "Check that it is running and that DATABASE_URL is correct. The log has the error."
TROUBLES = {
    "read-only": "The database is read-only: no one can sign in, but existing sessions work.",
    "full": "The database's disk is full: no one can sign in, but existing sessions work.",
    "damaged": "The database is damaged and is neither read nor written.",
    "replaced": "The SQLite file was removed, moved or replaced while the server was running.",
    "unusable": "The database lacks tables or permissions, or its disk is failing.",
}
TROUBLE_FIXES = {
    "read-only": "After a failover the server finds the new primary; otherwise make it writable.",
    "full": "Free some disk space. The server recovers by itself.",
    "damaged": "Stop the server, replace the file with a backup, and start it again.",
    "replaced": "Put it back; or stop the server, put the right file there, and start it again.",
    "unusable": "The log says what is missing. Does DATABASE_URL point to the right database?",
}
OUTDATED = "The tables do not match this version."
OUTDATED_FIX = "Restart the server to migrate them. If that fails, its log has the reason."
KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
SLOW_SEARCH = "User search has no index, so it is slow from about ten thousand users."
SLOW_SEARCH_FIX = "Create the extension pg_trgm in the database, then restart."
DURABILITY = {
    "durable": "Data survives a restart.",
    "snapshots": "A crash loses changes made since the last snapshot.",
    "ephemeral": "All accounts are lost at the next restart.",
}
SNAPSHOTS_FAIL_FIX = (
    "Check that SNAPSHOT_DIR is mounted, writable and not full. The server keeps trying."
)
RESTORED_FIX = (
    "Repeat the bans, deletions and demotions made since then, as far as you know them, and "
    "reset passwords that were changed since then. This notice disappears after a week; the "
    "event stays in Events."
)
LOST_FIX = (
    "The damaged files are in SNAPSHOT_DIR, with the suffix .damaged. docs/operations.md "
    "describes how to restore a backup of your own."
)
EPHEMERAL_FIX = "Set DATABASE_URL to a PostgreSQL, or SNAPSHOT_DIR to a mounted storage bucket."
BYPASSED_FIX = "It recovers once changes are received again. A pooler may need DATABASE_URL_DIRECT."
SENDS = {
    "smtp": "Mails are sent by SMTP.",
    "api": "Mails are sent through the provider's HTTPS API.",
    "outbox": "No mailer is configured: mails stay in the Outbox, where admins can read them.",
}
OUTBOX_FIX = "Set SMTP_URL, or MAIL_API_URL and MAIL_API_KEY, and MAIL_FROM."
MAIL_FIX = "The Outbox shows each mail with its error. Check the mail settings."
SECRETS = {
    "set": "SECRET_KEY is set.",
    "generated": "The server generated its own key: if the disk is lost, every session ends.",
    "example": "SECRET_KEY is an example from the documentation: anyone can forge cookies with it.",
}
KEY_FIX = "Set SECRET_KEY to a long random text and restart."
PROXY_FIX = "If this is your proxy, add it to TRUSTED_PROXIES."
CLOCK_FIX = (
    "Compare the clocks of this machine and of the database with a time server; timedatectl "
    "shows whether one is used. Sessions, links and bans end by this machine's clock."
)
LIMITS_OFF = "Rate limits are off: nothing slows down password guessing."
LIMITS_FIX = "Set RATE_LIMITS=on."

# ---- to be filled in
LAST_SNAPSHOT = " The last one was taken {}."
LAST_ERROR = "The last error: {}."
STRANGE_PROXY = (
    "Requests come through {}, which is not a trusted proxy: all visitors seem to come from it."
)
SEEN_FROM = "Rate limits and the audit trail see your address as {}."
COUNTED_IN = "Attempts are counted in {}."
AS_OF = "As of {}"


def providers(names: Sequence[str]) -> str:
    """Say with which providers people can sign in."""
    return f"People can sign in with {', '.join(names)}. Set-up checks each of them."


def database(kind: str) -> str:
    """Say which database is in use."""
    return f"{KINDS.get(kind, kind)} is connected, and its tables are up to date."


def snapshots_fail(trouble: str) -> str:
    """Say that snapshots fail, and why."""
    return f" Snapshots fail: {trouble.rstrip('.')}."


def restored(as_of: str, at: str, accounts: int, sessions: int, links: int, damaged: int) -> str:
    """Say that the database was restored, and what that means."""
    skipped = f" {pluralize(damaged, 'newer snapshot')} could not be used." if damaged else ""
    then = f"as of {as_of}" if as_of else "from a backup"
    since = as_of or "the backup"
    return (
        f"The database was lost and restored {then}.{skipped} Changes between {since} and {at} may "
        f"be missing. All {pluralize(accounts, 'account')}, with passwords, addresses, roles "
        "and bans, are as they were then: users deleted or banned since may be back, and passwords "
        f"changed since are the old ones again. {pluralize(sessions, 'session')} and "
        f"{pluralize(links, 'mailed link')} were ended, because some may have ended since."
    )


def began_empty(at: str, damaged: int) -> str:
    """Say that nothing could be restored."""
    return (
        f"The database was lost, and {pluralize(damaged, 'snapshot')} could not be used: the "
        f"server started with an empty one on {at}."
    )


def bypassed(trouble: str) -> str:
    """Say that the cache is bypassed, and why."""
    why = f": {trouble}" if trouble else ""
    return f"Every request reads its session from the database, which is correct but slower{why}."


def cached(sessions: int, size: int) -> str:
    """Say how full the cache is."""
    return f"{pluralize(sessions, 'session')} cached; the limit is {size:,}."


def waiting(number: int, since: str) -> str:
    """Say how many mails are waiting to be sent."""
    return f"{pluralize(number, 'mail')} waiting{f', the oldest from {since}' if since else ''}."


def old_keys(number: int) -> str:
    """Say how many old keys are still accepted."""
    verb = "is" if number == 1 else "are"
    return f" {pluralize(number, 'old key')} {verb} still accepted." if number else ""


def clock(compared_with: str, ahead: str, behind: bool) -> str:
    """Say how far the clock is off; an empty `ahead` means that it is right."""
    of = "the database's" if compared_with == "database" else "the newest entry's"
    if not ahead:
        return f"This machine's clock agrees with {of}."
    if compared_with == "database":
        way = "behind" if behind else "ahead of"
        return f"This machine's clock is {ahead} {way} {of}: expired data is not deleted."
    if behind:
        return f"This machine's clock is {ahead} behind the newest entry of the database."
    return (
        f"At the start, the newest entry in the database was {ahead} older than this machine's "
        "clock: the server was unused for that long, or the clock is ahead. Data that has expired "
        "since then is not deleted yet."
    )


def version(number: str, commit: str, environment: str, started: str) -> str:
    """Say which version is running, and since when."""
    build = f" ({commit[:10]})" if commit else ""
    return f"Gatehouse {number}{build}, {environment}, started {started}."


def problems(number: int) -> str:
    """Say how many items are not good."""
    return f"{pluralize(number, 'item')} {'needs' if number == 1 else 'need'} attention"
