"""How the server is operated: what its status tells admins, and what anybody can find out."""

import base64
import hmac
from typing import Any
from urllib.parse import unquote

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

# Better Auth's default, and keys from examples and tutorials.
_EXAMPLE_KEYS = (
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
    "Generate a key with python -c 'import secrets; print(secrets.token_urlsafe(48))' and set it "
    "as SECRET_KEY."
)


@check("exposure.docs", "The API documentation is public only where intended", "reach.health")
def docs(context: CheckContext) -> CheckResult:
    """A list of all endpoints helps attackers."""
    browser = context.anonymous_browser()
    paths = ("/docs", "/openapi.json")
    statuses = {path: browser.send_once("GET", path).status for path in paths}
    public = [path for path, status in statuses.items() if status == 200]
    if not public:
        return passed(", ".join(f"{path} answers {status}" for path, status in statuses.items()))
    if not _is_production(context):
        return passed(f"{' and '.join(public)} are public, as usual in development")
    return warned(
        f"anybody can read {' and '.join(public)}",
        "Set DOCS=off unless this is intended: admins can still open /docs.",
    )


@check("admin.let-in", "The given admin can sign in and read the status", "reach.ready")
def let_in(context: CheckContext) -> CheckResult:
    """The next checks read the status, which only admins may."""
    if context.deployment.admin is None:
        raise CheckSkipped("no admin given: --email, and the password as in --help")
    try:
        context.status()
    except CheckSkipped as reason:
        return failed(
            str(reason),
            "Check the email address and the password, and with a second factor the backup code: "
            "each works once. The account needs the role admin.",
        )
    return passed("GET /api/admin/status answered 200")


@check("version.told", "The server reports its version", "reach.health")
def report_version(context: CheckContext) -> CheckResult:
    """The first thing to state when you report a problem."""
    version = context.anonymous_browser().send_once("GET", "/health").field("version")
    if not isinstance(version, str):
        raise CheckSkipped("GET /health has no version")
    if context.deployment.admin is None:
        return passed(f"version {version}; only admins can read the commit (--email)")
    return passed(f"version {version}, commit {context.status().get('commit') or 'unknown'}")


@check("address.public-url", "PUBLIC_URL is the address of the deployment", "reach.health")
def public_url(context: CheckContext) -> CheckResult:
    """PUBLIC_URL is where links in mails lead, and decides whether cookies are Secure."""
    configured = _status_field(context, "publicUrl")
    if configured == context.deployment.url:
        return passed(configured)
    return warned(
        f"PUBLIC_URL is {configured}, but the doctor was given {context.deployment.url}",
        f"Set PUBLIC_URL={context.deployment.url} if that is what users open; otherwise run the "
        f"doctor with {configured}.",
    )


@check("secret.strong", "Cookies are not signed with a well-known example key", "session.read")
def strong(context: CheckContext) -> CheckResult:
    """Anybody who knows the key can sign cookies."""
    cookie = context.session_cookie()
    token, _, signature = unquote(cookie.value).rpartition(".")
    if any(_sign(key, token) == signature for key in _EXAMPLE_KEYS):
        return failed("the cookie is signed with a well-known example key", _NEW_KEY)
    return passed(f"not signed with any of {len(_EXAMPLE_KEYS)} well-known keys")


@check("secret.kept", "The signing key survives the loss of the disk", "reach.health")
def key_kept(context: CheckContext) -> CheckResult:
    """Losing the key ends all sessions and invalidates all mailed links."""
    secret = _status_field(context, "secret")
    if secret.get("state") == "example":
        return failed("the server reports that its key is an example from documentation", _NEW_KEY)
    if secret.get("state") == "set":
        old = secret.get("oldKeys", 0)
        return passed("SECRET_KEY is set" + (f", {old} old keys still verify" if old else ""))
    return warned(
        "SECRET_KEY is not set: the server generated a key and keeps it in DATA_DIR",
        "Set SECRET_KEY to the key in DATA_DIR/secret_key, which keeps everybody signed in, or to "
        "a new one. If the disk is lost, so is the generated key, and with it all sessions.",
    )


@check("database.lasts", "The data survives a restart", "reach.ready")
def lasts(context: CheckContext) -> CheckResult:
    """A Space loses its disk at every restart, and with it all accounts."""
    database = _status_field(context, "database")
    kind, durability = database.get("kind"), database.get("durability")
    if durability == "durable":
        return passed(f"{kind}, on a persistent disk or server")
    if durability == "snapshots":
        return warned(
            f"{kind}, with snapshots: a crash loses everything written since the last one",
            "Set DATABASE_URL to a PostgreSQL database if you cannot afford that loss.",
        )
    if durability != "ephemeral":
        raise CheckSkipped(f"this doctor is too old: it does not know the durability {durability}")
    result = failed if _is_production(context) else warned
    return result(
        f"{kind} on a disk that the next restart erases, with every account",
        "Set DATABASE_URL to a PostgreSQL database (Neon's free tier is enough), or SNAPSHOT_DIR "
        "to a mounted storage bucket.",
    )


@check("database.clock", "The server's clock and the database's agree", "reach.ready")
def same_clock(context: CheckContext) -> CheckResult:
    """With a fast clock sessions expire too early, with a slow one too late."""
    clock = _status_field(context, "clock")
    reference, ahead = clock.get("comparedWith"), clock.get("ahead")
    evidence = f"{ahead:+d} s compared with the {reference}"
    if clock.get("right"):
        return passed(evidence)
    result = failed if reference == "database" else warned
    return result(
        evidence,
        "Synchronise both machines with a time server (timedatectl shows whether they are). Until "
        "then the server deletes nothing because of its age.",
    )


@check("sessions.cached", "Sessions are checked from memory", "reach.ready")
def cached(context: CheckContext) -> CheckResult:
    """Without change notifications from the database every session check costs a query."""
    state = context.anonymous_browser().send_once("GET", "/ready").field("sessions")
    if not isinstance(state, str):
        raise CheckSkipped("GET /ready does not report it")
    if not state.startswith("bypassed"):
        return passed(state)
    return warned(
        state,
        "Set DATABASE_URL_DIRECT to the database itself, not to a pooler, which passes no change "
        "notifications on. Until then sessions are correct, but every check costs a query.",
    )


@check("limits.store", "All replicas can share the rate limits", "reach.health")
def limit_store(context: CheckContext) -> CheckResult:
    """Replicas that count separately allow several times as many requests."""
    store = str(_status_field(context, "limits").get("store"))
    if store == "off":
        result = failed if _is_production(context) else warned
        return result("RATE_LIMITS=off: password guessing is unlimited", "Set RATE_LIMITS=on.")
    if "away" in store:
        return warned(
            store, "Check REDIS_URL and Redis. Until then each process counts separately."
        )
    if store == "memory":
        return passed("counted in this process; with several replicas set REDIS_URL")
    return passed(f"counted in {store}")


@check("search.indexed", "User search is fast", "reach.ready")
def indexed(context: CheckContext) -> CheckResult:
    """It matters only to admins, and only with many thousands of users."""
    database = _status_field(context, "database")
    if database.get("userSearch") == "indexed":
        return passed("by index")
    if database.get("kind") == "sqlite":
        return passed("SQLite scans all users, which is fast up to about 100,000")
    return warned(
        "every search scans all users",
        "Run CREATE EXTENSION pg_trgm as the owner of the database, and restart the server.",
    )


def _status_field(context: CheckContext, field: str) -> Any:
    """Return a field of the status; raises CheckSkipped where an older server has none."""
    value = context.status().get(field)
    if value is None:
        raise CheckSkipped(f"this server is older and does not report its {field}")
    return value


def _is_production(context: CheckContext) -> bool:
    """Tell by the status if an admin can read it, otherwise by the address."""
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
    report_version,
    public_url,
    strong,
    key_kept,
    lasts,
    same_clock,
    cached,
    limit_store,
    indexed,
)
