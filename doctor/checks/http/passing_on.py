"""Whether proxies pass requests and responses on as they are."""

from email.utils import parsedate_to_datetime
from urllib.parse import quote

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.browser import Reply
from doctor.client.throwaway_account import SIGN_OUT
from doctor.clock import random_hex
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

_MAX_DATE_GAP = 30  # seconds between the Date headers of two requests that follow one another


@check("reach.query", "Query strings reach the server", "reach.api")
def query(context: CheckContext) -> CheckResult:
    """Links in mails and sorted lists carry everything in their query string."""
    target = f"/doctor-{random_hex(8)}?next=a+b%2Fc"
    path = f"/api/auth/verify-email?token=doctor&callbackURL={quote(target, safe='')}"
    reply = context.anonymous_browser().send("GET", path)
    location = reply.headers.get("location", "")
    if location.startswith(target):
        return passed("a link's query string came back unchanged in its redirect")
    if reply.status == 429:
        raise CheckSkipped(f"verify-email answered {reply.summary}")
    if not location and reply.status == 400:
        return failed(
            f"verify-email answered {reply.summary} to a link that has a query string",
            "Let the proxy pass query strings on (nginx: `proxy_pass` with a variable needs "
            "`$request_uri`, a rewrite needs `$is_args$args`): links in mails lead nowhere without "
            "them.",
        )
    return failed(
        f"verify-email answered {reply.summary} and led to {location or 'nowhere'}, not {target}",
        "Let the proxy pass query strings on as they are, neither decoded nor encoded again.",
    )


@check("reach.errors", "Errors arrive as the server sends them", "reach.api")
def errors(context: CheckContext) -> CheckResult:
    """Clients read the status and the JSON of an error; a page tells them nothing."""
    browser = context.anonymous_browser()
    paths = ("/api/me", f"/api/auth/doctor-{random_hex(8)}")
    replies = {path: browser.copy().send("GET", path) for path in paths}
    pages = [
        f"GET {path} answered {reply.status} with a page ({reply.content_type})"
        for path, reply in replies.items()
        if reply.is_page
    ]
    if pages:
        return failed(
            f"below /api came a page: {'; '.join(pages)}",
            "Let the proxy pass errors below /api on, status and body (nginx: no `error_page` and "
            "no `proxy_intercept_errors` there; static hosting: no fallback to index.html).",
        )
    statuses = (f"{path} answered {reply.status}" for path, reply in replies.items())
    return passed(f"{', '.join(statuses)}, and no page")


@check("reach.fresh", "No cache answers in the server's place", "reach.api")
def fresh(context: CheckContext) -> CheckResult:
    """A cached response shows what was true once, and perhaps to somebody else."""
    browser = context.anonymous_browser()
    replies = {path: browser.send_once("GET", path) for path in ("/health", "/api/auth/ok")}
    uncached = _date(browser.send("POST", SIGN_OUT, {}))
    old = []
    for path, reply in replies.items():
        age, date = reply.headers.get("age", "0"), _date(reply)
        if age != "0":
            old.append(f"GET {path} came with Age: {age}")
        elif date is not None and uncached is not None and uncached - date > _MAX_DATE_GAP:
            old.append(f"by its Date, GET {path} is {uncached - date:.0f} s older than a POST")
    if old:
        return failed(
            f"{'; '.join(old)}: a cache answered",
            "Switch off caching in the proxy or CDN, below /api at least: the server sends "
            "Cache-Control: no-store, which it ignores.",
        )
    return passed("neither an Age nor an old Date")


@check("reach.head", "HEAD requests are answered as GET requests", "reach.health")
def head(context: CheckContext) -> CheckResult:
    """Many uptime monitors send HEAD."""
    reply = context.anonymous_browser().send_once("HEAD", "/health")
    if reply.status == 200:
        return passed("HEAD /health answered 200")
    return warned(
        f"HEAD /health answered {reply.status}, GET 200",
        "Let the proxy pass HEAD requests on: uptime monitors that send them report an outage.",
    )


def explain_stranger(reply: Reply) -> tuple[str, str] | None:
    """Return what shows that Gatehouse did not write this response, and a remedy, or None."""
    challenge = reply.headers.get("www-authenticate", "")
    if challenge.lower().startswith("basic"):
        return (
            f"WWW-Authenticate: {challenge}",
            "Switch off the proxy's own password (basic authentication) for this address: "
            "browsers and apps cannot send it, and it takes the place of bearer tokens.",
        )
    if reply.body.startswith(b"\x1f\x8b"):
        return (
            "a body that is still gzip after it was decompressed",
            "Compress in one place only: a proxy compresses what is compressed already.",
        )
    if reply.is_redirect:
        return (
            f"a redirect to {reply.headers['location']}",
            "Give the doctor the address that it leads to, or let the proxy answer here without a "
            "redirect.",
        )
    if reply.status in {502, 503, 504} and reply.field("status") is None:
        return (
            f"Content-Type: {reply.content_type}",
            "Start the server, and check the address to which the proxy passes requests on: the "
            "proxy gets no answer from it. A Space may still be starting.",
        )
    if reply.is_page:
        return (
            f"Content-Type: {reply.content_type}",
            "Check the URL, and whether a Space is paused or private, or a proxy, firewall or "
            "login page answers in the server's place: Gatehouse sends no page here.",
        )
    return None


def _date(reply: Reply) -> float | None:
    date = reply.headers.get("date")
    return parsedate_to_datetime(date).timestamp() if date else None


CHECKS = (query, errors, fresh, head)
