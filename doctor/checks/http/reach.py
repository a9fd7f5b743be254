"""Reachability: over https, with a database, and how fast."""

import ssl
import statistics
from contextlib import closing
from urllib.parse import urlsplit

import httpx

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.checks.http.passing_on import explain_stranger
from doctor.client.browser import Reply, UnfinishedResponse
from doctor.deployment import is_public_host
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

_WARM_CALLS = 10
_SLOW_COLD, _SLOW_WARM = 5.0, 1.0  # seconds
_KEEP_PATHS = (
    "Let the proxy pass every path on unchanged: a redirect that adds or removes a slash, a login "
    "page or a firewall answers in the server's place."
)


@check("reach.answers", "The server answers, and its certificate is trusted")
def answers(context: CheckContext) -> CheckResult:
    """All other checks need this."""
    try:
        reply = context.anonymous_browser().send_once("GET", "/health")
    except httpx.ConnectError as error:
        return _connect_failure(context, error)
    except UnfinishedResponse:
        raise  # it answers, and its remedy is another
    except httpx.TransportError as error:
        return failed(
            f"no answer from {context.deployment.url}: {error or type(error).__name__}",
            "Start the server. If it is a Space: is it paused, still building, or asleep?",
        )
    context.shared["first response"] = reply.seconds
    where = ", from the server itself" if context.deployment.runs_on_server else ""
    return passed(
        f"{context.deployment.url} answered {reply.status} in {_ms(reply.seconds)}{where}"
    )


@check("reach.https", "Browsers reach the server over https only", "reach.answers")
def https_only(context: CheckContext) -> CheckResult:
    """On plain http anybody on the network can read passwords and cookies."""
    deployment = context.deployment
    if not deployment.https:
        if deployment.is_public:
            return failed(
                f"{deployment.url} is plain http on the open internet",
                "Put it behind https (a Space is; Caddy obtains certificates itself) and set "
                "PUBLIC_URL to the https address.",
            )
        return passed("plain http, but only on this machine or network")
    if deployment.runs_on_server:
        raise CheckSkipped("the doctor runs on the server itself and does not use https")
    reply = _fetch_over_http(context)
    if reply is None:
        return passed("https, and nothing answers on plain http")
    if reply.is_redirect and reply.headers["location"].startswith("https://"):
        return passed(f"https, and http redirects to it ({reply.status})")
    return warned(
        f"http answers {reply.status} without a redirect to https",
        "Let the proxy redirect http to https.",
    )


@check("reach.health", "GET /health reports that the process is up", "reach.answers")
def health(context: CheckContext) -> CheckResult:
    """Platforms and uptime monitors call it."""
    reply = context.anonymous_browser().send_once("GET", "/health")
    if reply.status == 200 and reply.field("status") == "ok":
        version = reply.field("version")
        return passed(f"200, status ok, version {version}" if version else "200, status ok")
    seen, fix = explain_stranger(reply) or (
        f"Content-Type: {reply.content_type}",
        "Check the URL, and whether a proxy answers in the server's place: this is not Gatehouse's "
        "response.",
    )
    return failed(f"{reply.summary}, {seen}", fix)


@check(
    "reach.ready", "GET /ready reports that the database is reachable and migrated", "reach.health"
)
def ready(context: CheckContext) -> CheckResult:
    """Without its database nobody can sign in."""
    reply = context.anonymous_browser().send_once("GET", "/ready")
    body = reply.json() if isinstance(reply.json(), dict) else {}
    details = ", ".join(f"{name} {value}" for name, value in body.items() if name != "status")
    if reply.status == 200:
        return passed(details or "200")
    if reply.status != 503 or not body:
        return failed(reply.summary, _KEEP_PATHS)
    return failed(
        f"{reply.summary}: {details}",
        "Check DATABASE_URL and the disk; the server's log has the reason. Neon may take some "
        "seconds to wake up: try again.",
    )


@check("reach.api", "Requests below /api/auth reach the server", "reach.health")
def api(context: CheckContext) -> CheckResult:
    """A proxy may pass on some paths only, or send them elsewhere."""
    reply = context.anonymous_browser().send_once("GET", "/api/auth/ok")
    if reply.status == 200 and reply.field("ok") is True:
        return passed("GET /api/auth/ok answered 200")
    answered = f"GET /api/auth/ok answered {reply.summary}"
    if reply.is_redirect:
        return failed(
            f"{answered} with a redirect to {reply.headers['location']}",
            "Let the proxy pass paths below /api on without a redirect that adds a slash, removes "
            "one or leads elsewhere.",
        )
    if stranger := explain_stranger(reply):
        return failed(f"{answered}, {stranger[0]}", stranger[1])
    return failed(answered, _KEEP_PATHS)


@check("reach.latency", "The server answers quickly, cold and warm", "reach.health")
def latency(context: CheckContext) -> CheckResult:
    """Users notice a sleeping Space or a distant region at every sign-in."""
    cold = float(context.shared["first response"])
    browser = context.anonymous_browser()
    warm = [browser.send_once("GET", "/health").seconds for _ in range(_WARM_CALLS)]
    median = statistics.median(warm)
    evidence = (
        f"first {_ms(cold)}; then {_ms(median)} (median of {_WARM_CALLS}), {_ms(max(warm))} at most"
    )
    if median > _SLOW_WARM:
        return warned(evidence, "Choose a region near your users, and check the machine's load.")
    if cold > _SLOW_COLD:
        return warned(
            evidence,
            "It was asleep. Use paid hardware, which keeps a Space awake, or let the app show that "
            "the server is waking up.",
        )
    return passed(evidence)


def _connect_failure(context: CheckContext, error: httpx.ConnectError) -> CheckResult:
    host = urlsplit(context.deployment.url).hostname
    cause = error.__cause__ and error.__cause__.__cause__
    if isinstance(cause, ssl.SSLError) or "CERT" in str(error):
        return failed(
            f"the certificate of {host} is not trusted: {error}",
            "Renew the certificate or complete its chain. If it is your own CA's, pass --ca-file.",
        )
    return failed(
        f"nothing answers at {context.deployment.url}: {error}",
        f"Check the address, that the server is running, and that {host} exists in DNS.",
    )


def _fetch_over_http(context: CheckContext) -> Reply | None:
    """Request the same host over plain http, on the port that browsers use."""
    parts = urlsplit(context.deployment.url)
    is_reached_directly = parts.port is not None or context.deployment.address
    if is_reached_directly or not is_public_host(parts.hostname or ""):
        return None
    with closing(context.connect(f"http://{parts.hostname}")) as client:
        try:
            return client.send("GET", "/health", {}, None)
        except httpx.TransportError:
            return None


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


CHECKS = (answers, https_only, health, ready, api, latency)
