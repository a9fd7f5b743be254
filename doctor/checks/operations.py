"""How the server is run: what only admins are told, and what any visitor can find out."""

import base64
import hmac
from typing import Any
from urllib.parse import unquote

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

# Better Auth's own default, and what examples, guides and tired people put there.
_WELL_KNOWN = (
    "better-auth-secret-12345678901234567890",
    "better-auth-secret-123456789",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",  # FastAPI's tutorial
    *("secret", "changeme", "change-me", "change_me", "changeit", "password", "gatehouse", "test"),
    *("my-secret", "mysecret", "my-secret-key", "secret-key", "secret_key", "SECRET_KEY", "..."),
    *("supersecret", "super-secret", "super-secret-key", "dev", "development", "dev-secret"),
    *("your-secret-key", "your-secret-key-here", "your_secret_key", "YOUR_SECRET_KEY"),
    *("please-change-me", "replace-me", "not-a-secret", "example", "0" * 32, "a" * 32, "x" * 32),
    "0123456789abcdef0123456789abcdef",
    "12345678901234567890123456789012",
    "secrets.token_urlsafe(48)",
    "$(openssl rand -base64 48)",
    "$(cat key)",
)
_NEW_KEY = (
    "Make a key with python -c 'import secrets; print(secrets.token_urlsafe(48))' and set it as "
    "SECRET_KEY."
)


@check(
    "exposure.docs",
    "The description of the API is public only where it is meant to be",
    "reach.health",
)
def docs(context: CheckContext) -> CheckResult:
    """A map of every endpoint helps whoever looks for a hole."""
    anonymous_browser = context.anonymous_browser()
    told = {
        path: anonymous_browser.send_once("GET", path).status for path in ("/docs", "/openapi.json")
    }
    public = [path for path, status in told.items() if status == 200]
    if not public:
        return passed(", ".join(f"{path} answers {status}" for path, status in told.items()))
    if not _is_production(context):
        return passed(f"{' and '.join(public)} are public, as in development")
    return warned(
        f"everybody can read {' and '.join(public)}",
        "Set DOCS=off unless you want it so: admins see the page all the same.",
    )


@check("admin.let-in", "The given admin is let in, and told about the deployment", "reach.ready")
def let_in(context: CheckContext) -> CheckResult:
    """What the next checks ask for, only admins are told."""
    if context.deployment.admin is None:
        raise CheckSkipped("no admin was given: --email, and the password as --help says")
    try:
        context.status()
    except CheckSkipped as reason:
        return failed(
            str(reason), "Is the address right, and the password? The account needs the role admin."
        )
    return passed("GET /api/admin/status answered 200")


@check("version.told", "The server says which version runs", "reach.health")
def version(context: CheckContext) -> CheckResult:
    """Whoever asks for help is asked this first."""
    told = context.anonymous_browser().send_once("GET", "/health").field("version")
    if not isinstance(told, str):
        raise CheckSkipped("GET /health names no version")
    if context.deployment.admin is None:
        return passed(f"version {told}; the commit is told to admins (--email)")
    commit = context.status().get("commit")
    return passed(f"version {told}, " + (f"commit {commit}" if commit else "the commit unknown"))


@check("address.public-url", "The server takes this address for its own", "reach.health")
def public_url(context: CheckContext) -> CheckResult:
    """Links in mails lead to PUBLIC_URL, and cookies are Secure by it."""
    told = _told(context, "publicUrl")
    if told == context.deployment.url:
        return passed(told)
    return warned(
        f"PUBLIC_URL is {told}, and the doctor came by {context.deployment.url}",
        "If people open the second, set PUBLIC_URL to it; if they open the first, examine that.",
    )


@check("secret.strong", "Cookies are not signed with a key from an example", "session.read")
def strong(context: CheckContext) -> CheckResult:
    """With the key anybody signs cookies; a published key is no key."""
    cookie = context.session_cookie()
    token, _, signature = unquote(cookie.value).rpartition(".")
    if any(_sign(key, token) == signature for key in _WELL_KNOWN):
        return failed("the cookie is signed with a well-known example key", _NEW_KEY)
    return passed(f"none of {len(_WELL_KNOWN)} well-known keys made the signature")


@check("secret.kept", "The signing key outlives the disk", "reach.health")
def kept(context: CheckContext) -> CheckResult:
    """A key that is lost ends every session and voids every mailed link."""
    secret = _told(context, "secret")
    if secret.get("state") == "example":
        return failed("the server says that its key is an example from documentation", _NEW_KEY)
    if secret.get("state") == "set":
        old = secret.get("oldKeys", 0)
        return passed("SECRET_KEY is set" + (f", and {old} old ones still verify" if old else ""))
    return warned(
        "the server generated its key and keeps it in DATA_DIR",
        f"It is lost with the disk, and every session with it. {_NEW_KEY} To sign nobody out, take "
        "the key that is in DATA_DIR/secret_key.",
    )


@check("database.lasts", "The data survives a restart", "reach.ready")
def lasts(context: CheckContext) -> CheckResult:
    """The disk of a Space is lost at every restart, and the accounts with it."""
    database = _told(context, "database")
    kind, durability = database.get("kind"), database.get("durability")
    if durability == "durable":
        return passed(f"{kind}, on a disk or server that stays")
    if durability == "snapshots":
        return warned(
            f"{kind}, with snapshots: a crash loses what was written since the last one",
            "If that is too much to lose, set DATABASE_URL to a PostgreSQL.",
        )
    if durability != "ephemeral":
        raise CheckSkipped(
            f"the server calls its database {durability}, which this doctor is too old to know"
        )
    told = failed if _is_production(context) else warned
    return told(
        f"{kind} on a disk that is lost at the next restart, and every account with it",
        "Set DATABASE_URL to a PostgreSQL (Neon's free one will do), or SNAPSHOT_DIR to a mounted "
        "storage bucket.",
    )


@check("database.clock", "The server's clock and the database's agree", "reach.ready")
def same_clock(context: CheckContext) -> CheckResult:
    """By a clock that is ahead sessions end too early, by one that is behind too late."""
    clock = _told(context, "clock")
    of, ahead = clock.get("comparedWith"), clock.get("ahead")
    evidence = f"{ahead:+d} s against the {of}"
    if clock.get("right"):
        return passed(evidence)
    told = failed if of == "database" else warned
    return told(
        evidence,
        "Compare the clocks of both machines with a time server; timedatectl says whether one sets "
        "them. Nothing is deleted by its age meanwhile.",
    )


@check("sessions.cached", "Sessions are checked from memory", "reach.ready")
def cached(context: CheckContext) -> CheckResult:
    """Where changes by other processes might not be heard of, each check asks the database."""
    state = context.anonymous_browser().send_once("GET", "/ready").field("sessions")
    if not isinstance(state, str):
        raise CheckSkipped("GET /ready does not say")
    if not state.startswith("bypassed"):
        return passed(state)
    return warned(
        state,
        "Sessions are right, and each check costs a query. Behind a pooler set "
        "DATABASE_URL_DIRECT to the database itself, so that changes can be heard of.",
    )


@check("limits.store", "The rate limits are counted where they should be", "reach.health")
def limit_store(context: CheckContext) -> CheckResult:
    """Counters that several replicas do not share let through several times as much."""
    store = str(_told(context, "limits").get("store"))
    if store == "off":
        told = failed if _is_production(context) else warned
        return told("RATE_LIMITS=off: passwords can be guessed without end", "Set RATE_LIMITS=on.")
    if "away" in store:
        return warned(store, "Each process counts for itself meanwhile. Look at REDIS_URL.")
    if store == "memory":
        return passed("in this process; several replicas need REDIS_URL to count together")
    return passed(f"in {store}")


@check("search.indexed", "Searching among many users is quick", "reach.ready")
def indexed(context: CheckContext) -> CheckResult:
    """Only admins search, and only with many thousands of users does it matter."""
    database = _told(context, "database")
    if database.get("userSearch") == "indexed":
        return passed("by an index")
    if database.get("kind") == "sqlite":
        return passed("SQLite reads all users, which is quick up to some 100,000")
    return warned(
        "the database reads all users for each search",
        "Let its owner run CREATE EXTENSION pg_trgm, and restart.",
    )


def _told(context: CheckContext, field: str) -> Any:
    """Return a field of the status; raises CheckSkipped where an older server has none."""
    told = context.status().get(field)
    if told is None:
        raise CheckSkipped(f"this server is older and does not tell its {field}")
    return told


def _is_production(context: CheckContext) -> bool:
    """Ask the server if an admin may; otherwise go by the address."""
    if context.deployment.admin is None:
        return context.deployment.is_public
    try:
        return bool(context.status().get("environment") != "development")
    except CheckSkipped:
        return context.deployment.is_public


def _sign(key: str, token: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), token.encode(), "sha256")).decode()


CHECKS = (
    docs,
    let_in,
    version,
    public_url,
    strong,
    kept,
    lasts,
    same_clock,
    cached,
    limit_store,
    indexed,
)
