"""Texts of Users."""

from panel.quantities import pluralize
from panel.ui.markup import Markup

TITLE = "Users"
LEAD = "Everyone with an account. Open a user to see their sessions and manage them."
SEARCH, SEARCH_HINT = "Search", "Part of an e-mail, name or user name, or an id"
ROLE, STATE, ADDRESS, ORDER = "Role", "State", "E-mail", "Order"
ROLES = [("Any", ""), ("Admins", "admin"), ("Users", "user")]
STATES = [("Any", ""), ("Banned", "true"), ("Not banned", "false")]
NO_ADDRESS = "anonymous"
"""The value of the filter for those without an account, who have no address of their own."""
VERIFIED = [
    *[("Any", ""), ("Verified", "true"), ("Not verified", "false")],
    ("None: anonymous", NO_ADDRESS),
]
ORDERS = [
    ("Newest first", "createdAt desc"),
    ("Oldest first", "createdAt asc"),
    ("E-mail, A to Z", "email asc"),
    ("E-mail, Z to A", "email desc"),
    ("Name, A to Z", "name asc"),
    ("Name, Z to A", "name desc"),
    ("Recently changed", "updatedAt desc"),
    ("By role", "role asc"),
]
COLUMNS = ("User", "Role", "State", "Live sessions", "Last sign-in", "Created")
CAPTION = "Users, one per row"
CSV = "Download this list as CSV"
NOBODY, NOBODY_HINT = "No users match.", "Shorten the search or remove a filter."
IS_VERIFIED, IS_UNVERIFIED, IS_BANNED = "verified", "not verified", "banned"
HAS_FACTOR = "second factor"
IS_ANONYMOUS = "anonymous"

# ---- creating a user
NEW = "New user"
NAME, EMAIL, PASSWORD = "Name", "E-mail", "Password"
NONE_YET = "Or send a reset mail later"
CREATE = "Create user"
NEEDS_NAME = "A user needs a name and an e-mail address."

# ---- one user
BACK = "All users"
GONE = "There is no user with this id."
GONE_HINT = "They may have been deleted. Go back to all users."
PROFILE = (
    *("Id", "Name", "User name", "E-mail", "Role", "Signs in with", "Second factor"),
    "Passkeys",
    *("Created", "Changed", "Last sign-in", "Live sessions"),
)
A_PASSWORD = "a password"  # noqa: S105  a way in, not a password
SINCE, ALLOWED = "since {}", "allowed: {}"
NOT_A_PROVIDER = "the settings do not name this provider any more"
NO_USERNAME = "none"
NO_WAY_IN = "nothing yet; send a reset mail, so that they can choose a password"
TRIES_THE_APP = "no account: they try the app in one browser, and lose it with that browser"
SET_UP = "set up"
NO_PASSKEYS, UNNAMED = "none", "without a name"
ADDED, LAST_USED, NEVER_USED = "added {}", "last used {}", "never used"
NOT_HERE = "works at {} only"
NO_FACTOR, APP_FACTOR, MAIL_FACTOR = "none", "an authenticator app", "codes by mail"
BAN_REASON, BAN_END, NO_REASON, NO_END = "Ban reason", "Ban ends", "none given", "never"
SESSIONS, NO_SESSIONS = "Sessions", "No live session"
NO_SESSIONS_HINT = "They are not signed in anywhere."
SESSION_COLUMNS = ("Device", "Address", "Started", "Last renewed", "Expires")
EVENTS, NO_EVENTS = "Events", "No events"
NO_EVENTS_HINT = "Events older than AUDIT_RETENTION_DAYS are deleted."
ALL_EVENTS = "All their events"
ACTS_AS_MARK = "impersonated by an admin"

# ---- what can be done
ACTIONS = "Actions"
VERIFY, UNVERIFY = "Mark e-mail as verified", "Mark e-mail as not verified"
SEND_RESET = "Send a reset mail"
REMOVE_FACTOR = "Remove the second factor"
REMOVE_PASSKEYS = "Remove all passkeys"
UNLINK, WHICH_ACCOUNT = "Unlink this account", "Account at a provider"
SET_ROLE, NEW_ROLE = "Set role", "Role"
ROLES_TO_GIVE = [("user", "user"), ("admin", "admin")]
SET_USERNAME, NEW_USERNAME = "Set user name", "User name"
USERNAME_HINT = "Letters, digits, _ and . ; empty for none"
BAN, UNBAN, UNTIL, REASON = "Ban", "Lift the ban", "Until", "Reason"
UNTIL_HINT = "2027-01-31; empty: permanent"
NEW_PASSWORD, SET_PASSWORD = "New password", "Set password"
END_ONE, END_ALL, WHICH = "End this session", "End all sessions", "Session"
ACT_AS = "Impersonate this user"
ACT_AS_HINT = "Opens a session as this user in a browser of the Tester. Your own session continues."
DELETE = "Delete this user"
CHOOSE_SESSION = "Choose a session first."
WRITE_IT_FIRST = "Enter the new password first."
NO_SUCH_DAY = "Enter a date such as 2027-01-31."
DAY_IS_OVER = "This day is in the past. Choose a later one, or leave it empty to ban permanently."

# ---- to be filled in
CREATED = "The account {} has been created."
OPEN_USER = "Open the page of {}"
HAS_USERNAME = "{} now has the user name {}."
HAS_NO_USERNAME = "{} has no user name any more."
HAS_ROLE = "{} now has the role {}."
REASON_TOO_LONG = "The reason is too long: at most {:,} characters."
UNBANNED = "{} can sign in again."
PASSWORD_SET = "The new password of {} is set. Send it to them securely."  # noqa: S105  a sentence
ASK_REMOVE_FACTOR = Markup(
    "This removes the authenticator app, codes by mail and backup codes of {}. Until they set up "
    "another factor, their password alone signs them in. Their sessions stay; they are mailed a "
    "notice. Make sure that it is really them who ask."
)
ASK_REMOVE_PASSKEYS = Markup(
    "This removes {} of {}: {}. They can no longer sign in with {}. Their sessions stay; they are "
    "mailed a notice."
)
ASK_UNLINK = Markup(
    "This unlinks {} ({}) from {}. They can no longer sign in with it; the account there stays. "
    "Their sessions stay; they are mailed a notice."
)
UNLINKED = "{} is unlinked from {}."
CHOOSE_ACCOUNT = "Choose an account first."
LOCKED = "wrong codes: locked, ends {}"
FACTOR_REMOVED = "The second factor of {} is removed."
ASK_END_ONE = Markup("This ends the session of {} ({}) at once. They can sign in again.")
SESSION_ENDED = "The session of {} has ended."
SESSIONS_ENDED = "{} is signed out everywhere."
ASK_ACT_AS = Markup(
    "This opens a session as {} in a browser of the Tester, for an hour. Requests sent there act "
    "as that user. The audit trail records that it was you."
)
ACTS_AS = "Acting as {}"
ACTING = "The Tester now has a browser that acts as {}."
OPEN_TESTER = "Open the Tester as {}"
DELETED = "{} has been deleted."


def verified(email: str, is_verified: bool) -> str:
    """Say whether an address is now marked as verified."""
    return f"{email} is now marked as {IS_VERIFIED if is_verified else IS_UNVERIFIED}."


def reset_sent(email: str, sends: bool) -> str:
    """Say where the mail went."""
    if sends:
        return f"A reset mail will be sent to {email}."
    return f"The reset mail to {email} is in the Outbox: there is no mailer to send it."


def ask_role(user: str, role: str) -> Markup:
    """Ask before a role is given."""
    can = "can do everything in this panel" if role == "admin" else "cannot open this panel"
    return Markup(
        "This gives {} the role <b>{}</b>. They {} from now on, in every session."
    ).format(user, role, can)


def ask_username(user: str, new: str, old: str) -> Markup:
    """Ask before a user name is set or removed."""
    if not new:
        takes = Markup("This takes the user name away from {}.").format(user)
    else:
        takes = Markup("This gives {} the user name <b>{}</b>.").format(user, new)
    if not old or old == new.lower():
        return takes
    return takes + Markup(" Anybody can then choose <b>{}</b>.").format(old)


def ask_ban(user: str, until: str, live: int) -> Markup:
    """Ask before a ban."""
    how_long = f"until {until}" if until else "permanently"
    return Markup("This bans {} {}. {}").format(user, how_long, _ends(live))


def banned(email: str, until: str) -> str:
    """Say who is banned."""
    return f"{email} is banned {f'until {until}' if until else 'permanently'}."


def ask_password(user: str, live: int) -> Markup:
    """Ask before a password is set."""
    return Markup(
        "This gives {} the password you entered; the old one no longer works. {} "
        "Sending a reset mail is safer: only they will know the new password."
    ).format(user, _ends(live))


def ask_end_all(user: str, live: int) -> Markup:
    """Ask before all sessions are ended."""
    return Markup("This signs {} out everywhere. {} They can sign in again.").format(
        user, _ends(live)
    )


def ask_delete(user: str, live: int) -> Markup:
    """Ask before a user is deleted."""
    return Markup("This deletes {} and all their data. {} It cannot be undone.").format(
        user, _ends(live)
    )


def passkeys_removed(email: str, number: int) -> str:
    """Say how many passkeys are gone."""
    return f"{pluralize(number, 'passkey')} of {email} removed."


def ask_remove_passkeys(user: str, names: str, number: int) -> Markup:
    """Ask before all passkeys of a user are removed."""
    them = "it" if number == 1 else "them"
    return ASK_REMOVE_PASSKEYS.format(pluralize(number, "passkey"), user, names, them)


def factors_left(backup_codes: int, trusted_browsers: int) -> str:
    """Say what else belongs to a second factor."""
    codes = pluralize(backup_codes, "backup code")
    return f"{codes} left, {pluralize(trusted_browsers, 'trusted browser')}"


def _ends(live: int) -> str:
    if live == 0:
        return NO_SESSIONS_HINT
    return f"{pluralize(live, 'live session')} {'ends' if live == 1 else 'end'} at once."
