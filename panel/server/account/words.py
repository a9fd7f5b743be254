"""Texts of the account's page."""

TITLE = "Your account"
REQUIRED = "This server requires a second factor of administrators. Set one up to open the panel."
OFF = "Second factors are disabled on this server (TWO_FACTOR=off)."
BACK, SIGN_OUT, CANCEL = "Back to the panel", "Sign out", "Cancel"

# ---- choosing a factor
SECOND_FACTOR = "Second factor"
NONE_YET = (
    "A second factor protects your account if somebody learns your password: signing in then "
    "needs a code as well."
)
APP_LEAD = (
    "An authenticator app on your phone shows a new code every 30 seconds. Phone and server must "
    "have the right time."
)
CLOCK = "If the code is refused, check the time of the phone and of the server."
MAIL_LEAD = (
    "Codes by mail are simpler and weaker: whoever reads your mail may be able to reset your "
    "password, too."
)
PASSWORD = "Your password"  # noqa: S105  a label
SET_UP_APP, TURN_MAIL_ON = "Set up an authenticator app", "Turn on codes by mail"
NEW_BACKUP_CODES = "Make new backup codes"
BACKUP_LEAD = "Ten new codes replace the old ones, which no longer work."
GO_ON = "Continue"
FACTS = ("Authenticator app", "Codes by mail", "Backup codes", "Trusted browsers")
SINCE, ON, NO = "Since", "on", "no"

# ---- passkeys
PASSKEYS = "Passkeys"
PASSKEYS_LEAD = (
    "A passkey signs you in without a password: with your fingerprint, your face, the PIN of this "
    "device, or a security key."
)
PASSKEY_NAME, ADD_PASSKEY = "A name for it", "Add a passkey"
NAME_HINT = "My laptop"
UNNAMED = "A passkey without a name"
ADDED, LAST_USED, NEVER_USED = "added {}", "last used {}", "not used yet"
SYNCED, ELSEWHERE = "synced between devices", "works at {} only, no longer here"
CHANGE, RENAME = "Rename or remove it", "Rename"
LONGEST_NAME = 100  # characters
REMOVE_PASSKEY = "Remove this passkey"
REMOVE_PASSKEY_LEAD = (
    "{} no longer signs you in here. Delete it on the device as well: only you can."
)

# ---- accounts at providers
ACCOUNTS = "Accounts at providers"
ACCOUNTS_LEAD = (
    "With one of these you sign in without a password. It must have the same address as your "
    "account here, and the provider must have verified it."
)
LINK, LINKED = "Link {}", "linked {}"
UNLINK = "Unlink this account"
UNLINK_LEAD = "{} no longer signs you in here. The account there stays."

# ---- the app
SCAN = "Scan this code with the app"
SCAN_ALT = "QR code for the authenticator app"
OR_TYPE = "Or type this key into it:"
OR_OPEN = "Open it in an app on this device"
FIRST_CODE, CONFIRM = "The code that the app shows now", "Turn it on"

# ---- backup codes
CODES = "Your backup codes"
CODES_LEAD = (
    "Each signs you in once, without the app. They are shown only now: keep them where you will "
    "find them without your phone."
)
COPY, COPIED, DOWNLOAD, KEPT = "Copy", "Copied", "Download", "I have kept them"
FILE_NAME = "backup-codes.txt"

# ---- removing
REMOVE = "Remove the second factor"
REMOVE_LEAD = (
    "Your password alone will sign you in. The app, codes by mail, all backup codes and trusted "
    "browsers stop counting."
)
REMOVE_REQUIRED = "This server requires a second factor: you will have to set up another one."

# ---- by the value of ?why= in the page's address
MESSAGES = {
    "password": "This is not your password.",
    "code": "This code is not right. If you typed it at once, the clock of the phone or of the "
    "server is wrong: a clock 90 seconds off is enough.",
    "not-fresh": "You signed in too long ago. Sign out and in again.",
    "no-mail": "This server cannot send mails, so it offers no codes by mail.",
    "has-app": "There is an authenticator app already. Remove it to set up another one.",
    "begin-again": "This took too long. Begin again.",
    "none": "There is no second factor to make backup codes for.",
    "mail-on": "Codes by mail are on.",
    "passkey-added": "The passkey is added. You can sign in with it from now on.",
    "passkey-renamed": "The passkey has its new name.",
    "passkey-removed": "The passkey is removed.",
    "passkey-refused": "This passkey was refused. Try again, or another device.",
    "passkey-late": "This took too long: a passkey must be added within five minutes. Try again.",
    "passkey-gone": "There is no such passkey any more.",
    "passkey-name": "A passkey needs a name.",
    "removed": "The second factor is removed.",
    "linked": "The account is linked. You can sign in with it from now on.",
    "unlinked": "The account is unlinked.",
    "last-way-in": "This is your last way in. Set a password or link another account first.",
    "account-gone": "This account is not linked any more.",
}
NO_ERROR = {
    "mail-on",
    "removed",
    "passkey-added",
    "passkey-renamed",
    "passkey-removed",
    "linked",
    "unlinked",
}  # information, not errors
FAILED = "That failed; the server's log has the reason. Please try again."


def unused(number: int) -> str:
    """Say how many backup codes are left."""
    return f"{number} unused"
