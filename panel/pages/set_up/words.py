"""Texts of Set-up."""

from panel.quantities import pluralize

TITLE = "Set-up"
LEAD = (
    "The steps to a production deployment, in order. This page changes nothing itself: it "
    "shows what to set and where. Reload it to see the new state."
)
ALL_DONE = "Everything is set up."
STATES = {"good": "done", "warn": "recommended", "bad": "required"}
ON_A_SPACE = (
    "In the Space, open Settings, then Variables and secrets, and add each name with its "
    "value. The Space restarts by itself."
)
ELSEWHERE = (
    "Add these to the .env file next to app.py, or to the environment. Then restart the server."
)
OPEN_SETTINGS = "Open the Space's settings"
SECRET_KIND, VARIABLE_KIND = "Secret", "Variable"

# ---- the steps
KEY, DATA, PUBLIC, FRONTEND = "Signing key", "Database", "Public address", "Your app"
MAIL, ADMIN, REPLICAS = "Mail", "First admin", "Rate limits"
KEY_HOW = (
    "Here is a new key, generated for this page and not stored. Keep a copy in your password "
    "manager: anyone who has it can sign in as any user, and if it is lost, everyone is signed "
    "out."
)
KEY_GENERATED = (
    "Setting a new key signs everyone out once; the generated one, in the file secret_key in "
    "DATA_DIR, does not."
)
KEY_CHANGE = (
    "To change the key without signing anyone out, move the current one to SECRET_KEYS_OLD and "
    "set SECRET_KEY to this new one."
)
DATA_HOW = (
    "Use PostgreSQL: copy the connection string from your provider. For a small deployment, a "
    "storage bucket mounted at /data with SNAPSHOT_DIR is enough."
)
DATA_MOVE = "To move to PostgreSQL, or to another one, set its connection string."
DATA_EXAMPLE = "postgresql://user:password@host/name?sslmode=require"
DATA_OR = "Or, with a mounted storage bucket:"
PUBLIC_DEVELOPMENT = (
    "{} works only on this machine. On a server, set the address that browsers open."
)
PUBLIC_LOCAL = "Mail links and cookies use the address {}, which works only on this machine."
PUBLIC_INSECURE = "The address is {}. Without HTTPS, passwords and cookies can be read in transit."
PUBLIC_OK = "Browsers open {}. Mail links and cookies use this address."
PUBLIC_HOW = (
    "If an app forwards /api/auth to this server, set the app's address; otherwise this "
    "server's own, with HTTPS."
)
PUBLIC_EXAMPLE = "https://auth.example.com"
FRONTEND_NONE = "No app is configured, so pages on other addresses cannot sign anyone in."
FRONTEND_DEVELOPMENT = "Only {} is allowed, as in development."
FRONTEND_NO_KEY = "{} may use this server, but without a key all its visitors share one rate limit."
FRONTEND_OK = "{} may use this server, and each visitor has their own rate limit."
FRONTEND_HOW = (
    "Set your app's address. FRONTEND_PROXY_KEY is a secret that your app and this server "
    "share, so that each visitor has their own rate limit. The one below is new, too."
)
FRONTEND_APP = (
    "In the app (Next.js), set GATEHOUSE_URL to this server's own address and GATEHOUSE_KEY to "
    "the same value as FRONTEND_PROXY_KEY. Then add two files:"
)
FRONTEND_EXAMPLE = "https://app.example.com"
MAIL_HOW_SPACE = (
    "A Space cannot reach SMTP ports, so use your provider's HTTPS API. Until then, mails stay "
    "in the Outbox, where admins can read them."
)
MAIL_HOW = (
    "Use SMTP, or your provider's HTTPS API with MAIL_API_URL and MAIL_API_KEY. Until then, "
    "mails stay in the Outbox, where admins can read them."
)
MAIL_KEY = "your provider's API key"
MAIL_API = "https://api.provider.example/send"
MAIL_FROM = "Your app <no-reply@example.com>"
MAIL_SMTP = "smtps://user:password@smtp.example.com:465"
ADMIN_OK = "You sign in as {} with your own password."
ADMIN_OTHER = "You sign in as {}."
ADMIN_FIRST = (
    "You sign in as {}, and according to the audit trail still with the password from "
    "ADMIN_PASSWORD. Anyone who can read the settings can read it."
)
ADMIN_HOW = (
    "Set your own password under {}. Once the data is durable, remove ADMIN_EMAIL and "
    "ADMIN_PASSWORD together; they are only needed to create the account. To add another "
    "admin, give a user the admin role under Users."
)
YOUR_ACCOUNT = "your account"
FACTOR = "Second factor"
FACTOR_REQUIRED = {
    "admins": "Administrators must have a second factor.",
    "everybody": "Everybody must have a second factor.",
}
FACTOR_NOT_REQUIRED = (
    "A password alone opens this panel for administrators without a second factor."
)
FACTOR_OFF = "Second factors are disabled (TWO_FACTOR=off), so a password alone opens this panel."
FACTOR_YOURS, FACTOR_NOT_YOURS = "You have one.", "You have none."
FACTOR_HOW = (
    "Set up an authenticator app under {}. Then require one of all administrators: who has none "
    "sets it up when they sign in next."
)
REPLICAS_OK = "That is right for a single process. Several replicas need a Redis to count together."
REPLICAS_EXAMPLE = "rediss://user:password@host:6379/0"
REPLICAS_AWAY = "Until Redis responds again, each process counts on its own. Check REDIS_URL."
CHECK = "When everything is set, run the checks:"
TO_CHECKS = "Checks"


def steps_left(number: int) -> str:
    """Return how many steps are left."""
    return f"{pluralize(number, 'step')} left"
