"""What Set-up says."""

TITLE = "Set-up"
LEAD = (
    "From nothing to a deployment that lasts, in this order. This page writes nothing itself: it "
    "says what to set where, and looks again when you reload it."
)
ALL_DONE = "Everything is set up."
DONE, LATER, NOW = "done", "worth doing", "do this"
STATES = {"good": DONE, "warn": LATER, "bad": NOW}
SEVERITIES = {"good": "good", "warn": "warn", "bad": "bad"}
ON_A_SPACE = (
    "Where: in the Space under Settings, Variables and secrets. Add each name with its value; the "
    "Space restarts by itself."
)
ELSEWHERE = "Where: in the file .env beside app.py, or in the environment. Then restart the server."
OPEN_SETTINGS = "Open the Space's settings"
SECRET_KIND, VARIABLE_KIND = "Secret", "Variable"

# ---- the steps
KEY, DATA, PUBLIC, FRONTEND = "Signing key", "Database", "Public address", "Your app"
MAIL, ADMIN, REPLICAS = "Mail", "First admin", "Rate limits"
KEY_HOW = (
    "Here is a fresh one, drawn for this page and kept nowhere. Put a copy into your password "
    "manager: whoever has it can sign in as anybody, and without it everybody is signed out."
)
KEY_CHANGE = (
    "To change it and sign nobody out: put the present key into SECRET_KEYS_OLD, and this fresh "
    "one into SECRET_KEY."
)
DATA_HOW = (
    "A PostgreSQL keeps everything; copy its connection string as your provider shows it. With a "
    "storage bucket mounted at /data instead, SNAPSHOT_DIR is enough for something small."
)
DATA_MOVE = "To move to a PostgreSQL later, or from one to another, set its connection string."
DATA_EXAMPLE = "postgresql://user:password@host/name?sslmode=require"
DATA_OR = "Or, with a mounted storage bucket:"
PUBLIC_HERE = "{} is for this machine alone. On a server, set the address that browsers open."
PUBLIC_LOCAL = (
    "The address is {}, which only this machine opens: links in mails and cookies are made for it."
)
PUBLIC_PLAIN = "The address is {}: without https everybody on the way reads passwords and cookies."
PUBLIC_WELL = "Browsers open {}; links in mails and cookies follow it."
PUBLIC_HOW = (
    "If an app passes /api/auth on to this server, it is the app's address; otherwise this "
    "server's own, with https."
)
PUBLIC_EXAMPLE = "https://auth.example.com"
FRONTEND_NONE = "No app is named, so pages on other addresses may not sign anybody in."
FRONTEND_DEVELOPMENT = "Only {} is let in, as in development."
FRONTEND_NO_KEY = (
    "{} may use this server. Its visitors are not told apart, though: they share one rate limit."
)
FRONTEND_WELL = "{} may use this server, and says whose request it passes on."
FRONTEND_HOW = (
    "Name your app's address here. FRONTEND_PROXY_KEY is a key that your app and this server "
    "share, so that each visitor has limits of their own. It is fresh, too."
)
FRONTEND_APP = (
    "In the app (Next.js), set GATEHOUSE_URL to this server's own address and GATEHOUSE_KEY to "
    "the same key as FRONTEND_PROXY_KEY, and add two files:"
)
FRONTEND_EXAMPLE = "https://app.example.com"
MAIL_HOW_SPACE = (
    "A Space reaches no SMTP ports, so take your provider's HTTPS API. Until then mails wait in "
    "the Outbox, where admins read them."
)
MAIL_HOW = (
    "SMTP, or your provider's HTTPS API with MAIL_API_URL and MAIL_API_KEY. Until then mails wait "
    "in the Outbox, where admins read them."
)
MAIL_KEY = "the key that your provider gave you"
MAIL_API = "https://api.provider.example/send"
MAIL_FROM = "Your app <no-reply@example.com>"
MAIL_SMTP = "smtps://user:password@smtp.example.com:465"
ADMIN_WELL = "You sign in as {}, with a password of your own."
ADMIN_OTHERS = "You sign in as {}."
ADMIN_FIRST = (
    "You sign in as {} with the password that ADMIN_PASSWORD gave, as far as the audit trail "
    "tells. Whoever reads the settings reads it, too."
)
ADMIN_HOW = (
    "Set a password of your own under {}. Once the data lasts, remove ADMIN_EMAIL and "
    "ADMIN_PASSWORD together: they are only needed to make the account. For a second admin, give "
    "somebody the role under Users."
)
YOUR_ACCOUNT = "your account"
REPLICAS_WELL = "That is right for one process. Several replicas count together only with a Redis."
REPLICAS_EXAMPLE = "rediss://user:password@host:6379/0"
REPLICAS_AWAY = "Each process counts for itself until the Redis answers again. Look at REDIS_URL."
CHECK = "When all is done, let the doctor look:"
TO_CHECKS = "Checks"


def left(number: int) -> str:
    """Say how many steps are left."""
    return f"{number} {'step' if number == 1 else 'steps'} left"
