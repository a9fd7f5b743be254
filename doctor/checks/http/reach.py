"""Is it there, over https, and how long does it take."""

import ssl
import statistics
from urllib.parse import urlsplit

import httpx

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.deployment import is_public_host
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

_WARM_CALLS = 10
_SLOW_COLD, _SLOW_WARM = 5.0, 1.0  # seconds
_IN_ITS_PLACE = (
    "Something in front answers in the server's place: a redirect that adds or takes away a "
    "slash, a login page, a firewall. It must pass every path on as it came."
)


@check("reach.answers", "The server answers, and its certificate is trusted")
def answers(context: CheckContext) -> CheckResult:
    """Everything else needs this."""
    try:
        reply = context.anonymous_browser().send_once("GET", "/health")
    except httpx.ConnectError as error:
        return _unreached(context, error)
    except httpx.TransportError as error:
        return failed(
            f"no answer from {context.deployment.url}: {error or type(error).__name__}",
            "Is the server running? On a Space: is it paused, still building, or asleep?",
        )
    context.shared["first answer"] = reply.seconds
    here = ", asked on the server itself" if context.deployment.runs_on_server else ""
    return passed(f"{context.deployment.url} answered {reply.status} in {_ms(reply.seconds)}{here}")


@check("reach.https", "Browsers reach it over https only", "reach.answers")
def https_only(context: CheckContext) -> CheckResult:
    """On plain http everybody on the way reads passwords and cookies."""
    deployment = context.deployment
    if not deployment.https:
        if deployment.is_public:
            return failed(
                f"{deployment.url} is plain http on the open internet",
                "Put it behind https (a Space is; Caddy gets certificates by itself) and set "
                "PUBLIC_URL to the https address.",
            )
        return passed("plain http, on this machine or network only")
    if deployment.runs_on_server:
        raise CheckSkipped("the doctor runs on the server itself, and so past https")
    plain = _plain_answer(context)
    if plain is None:
        return passed("https, and nothing answers on plain http")
    location = plain.headers.get("location", "")
    if plain.is_redirect and location.startswith("https://"):
        return passed(f"https, and http leads there ({plain.status_code})")
    return warned(
        f"http answers {plain.status_code} without leading to https",
        "Let the proxy redirect http to https.",
    )


@check("reach.health", "GET /health says that the process is up", "reach.answers")
def health(context: CheckContext) -> CheckResult:
    """Platforms and uptime probes ask this."""
    reply = context.anonymous_browser().send_once("GET", "/health")
    if reply.status == 200 and reply.field("status") == "ok":
        version = reply.field("version")
        return passed(f"200, status ok, version {version}" if version else "200, status ok")
    kind, to = reply.headers.get("content-type", "of no type"), reply.headers.get("location")
    return failed(
        f"{reply.summary}, " + (f"leading to {to}" if to else f"a body {kind}"),
        "This is not Gatehouse's answer. Is the address right, is a Space still starting, or does "
        "a proxy answer in its place?",
    )


@check("reach.ready", "GET /ready says that the database is there and migrated", "reach.health")
def ready(context: CheckContext) -> CheckResult:
    """Without its database nobody signs in."""
    reply = context.anonymous_browser().send_once("GET", "/ready")
    said = reply.json() if isinstance(reply.json(), dict) else {}
    told = ", ".join(f"{name} {value}" for name, value in said.items() if name != "status")
    if reply.status == 200:
        return passed(told or "200")
    if reply.status != 503 or not said:
        return failed(reply.summary, _IN_ITS_PLACE)
    return failed(
        f"{reply.summary}: {told}",
        "The server's log says why; look at DATABASE_URL and at the disk. Neon may take seconds to "
        "wake: try again.",
    )


@check("reach.api", "What is below /api/auth leads to it", "reach.health")
def api(context: CheckContext) -> CheckResult:
    """A proxy may pass on some paths and not others, or send them elsewhere."""
    reply = context.anonymous_browser().send_once("GET", "/api/auth/ok")
    if reply.status == 200 and reply.field("ok") is True:
        return passed("GET /api/auth/ok answered 200")
    to = reply.headers.get("location")
    return failed(
        f"GET /api/auth/ok answered {reply.summary}" + (f" and leads to {to}" if to else ""),
        _IN_ITS_PLACE,
    )


@check("reach.latency", "It answers quickly, cold and warm", "reach.health")
def latency(context: CheckContext) -> CheckResult:
    """A sleeping Space or a far away region is felt at every sign-in."""
    cold = float(context.shared["first answer"])
    anonymous_browser = context.anonymous_browser()
    warm = [anonymous_browser.send_once("GET", "/health").seconds for _ in range(_WARM_CALLS)]
    middle, worst = statistics.median(warm), max(warm)
    evidence = (
        f"first {_ms(cold)}; then {_ms(middle)} (median of {_WARM_CALLS}), {_ms(worst)} worst"
    )
    if middle > _SLOW_WARM:
        return warned(
            evidence,
            "The way to the server is long or it is overloaded: choose a "
            "region near your users, and look at the machine's load.",
        )
    if cold > _SLOW_COLD:
        return warned(
            evidence,
            "It was asleep. Paid hardware of a Space can be kept awake; "
            "otherwise let the app show that the server is waking up.",
        )
    return passed(evidence)


def _unreached(context: CheckContext, error: httpx.ConnectError) -> CheckResult:
    host = urlsplit(context.deployment.url).hostname
    if isinstance(error.__cause__ and error.__cause__.__cause__, ssl.SSLError) or "CERT" in str(
        error
    ):
        return failed(
            f"the certificate of {host} is not trusted: {error}",
            "Renew the certificate or mend its chain. For one of your own: --ca-file.",
        )
    return failed(
        f"nothing answers at {context.deployment.url}: {error}",
        f"Is the address right, and is the server running? Does {host} exist in DNS?",
    )


def _plain_answer(context: CheckContext) -> httpx.Response | None:
    """Ask the same host over plain http, on the port that browsers would."""
    parts = urlsplit(context.deployment.url)
    if (
        parts.port is not None
        or context.deployment.address
        or not is_public_host(parts.hostname or "")
    ):
        return None
    try:
        return httpx.get(f"http://{parts.hostname}/health", timeout=5, trust_env=False)
    except httpx.TransportError:
        return None


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


CHECKS = (answers, https_only, health, ready, api, latency)
