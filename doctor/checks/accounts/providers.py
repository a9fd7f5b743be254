"""Signing in with a provider, up to its door: the doctor has no account there."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.browser import Reply, session_cookie_in
from doctor.client.set_cookie import SetCookie, rejection_reasons
from doctor.deployment import normalize_origin
from doctor.findings import CheckResult, CheckSkipped, failed, passed

SOCIAL = "/api/auth/sign-in/social"
CALLBACK = "/api/auth/callback/"
_FOREIGN = "https://evil.example/stolen"
_URL = re.compile(r"https?://(?:\[[0-9a-f:]+\]|[\w.-]+)(?::\d{1,5})?(?:[/?][!-~]*)?", re.ASCII)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_FORGED = "x" * 32
_MAX_PROVIDERS = 20
_SHORTEST = 22  # characters of base64, which are 128 bits
_HUB_HOST = ".hf.space"
_REMEDY = (
    "Let the proxy or firewall pass every path below /api/auth on, with its query and its "
    "cookies, and answer none of them itself."
)
_UPDATE = "Update the server, and report this: Gatehouse itself never does so."


@dataclass(frozen=True)
class BegunSignIn:
    """Where a browser is sent that signs in with a provider, and what it keeps meanwhile."""

    provider_id: str
    url: str
    cookie: SetCookie | None

    @property
    def params(self) -> dict[str, str]:
        """The parameters of the authorization request."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def endpoint(self) -> str:
        """The authorization endpoint, without parameters of ours."""
        return self.url.partition("?")[0]


def list_begun(context: CheckContext) -> list[BegunSignIn]:
    """Return what `providers.begin` has seen."""
    begun: list[BegunSignIn] = context.shared["provider sign-ins"]
    return begun


def judge(
    context: CheckContext, find: Callable[[BegunSignIn], str], fix: str, evidence: str
) -> CheckResult:
    """Fail with what `find` says of each provider; it says nothing where all is right."""
    begun = list_begun(context)
    problems = [f"{each.provider_id}: {why}" for each in begun if (why := find(each))]
    if problems:
        return failed("; ".join(problems), fix)
    names = ", ".join(each.provider_id for each in begun)
    return passed(f"{names}: {evidence}")


@check("providers.begin", "Each provider that is offered can be signed in with", "ways.endpoints")
def begin(context: CheckContext) -> CheckResult:
    """The server asks the provider where its pages are, and sends the browser there."""
    offered = context.shared["sign-in methods"].get("socialProviders")
    if not isinstance(offered, list) or not offered:
        raise CheckSkipped("no provider is offered (OIDC_PROVIDERS)")
    begun: list[BegunSignIn] = []
    problems, fix = [], _REMEDY
    for provider_id in (str(each["id"]) for each in offered[:_MAX_PROVIDERS]):
        payload = {"provider": provider_id, "callbackURL": "/", "disableRedirect": True}
        reply = context.anonymous_browser().send_once("POST", SOCIAL, payload)
        if reply.status == 429:
            reply = context.anonymous_browser().post(SOCIAL, payload)
        url = reply.field("url")
        if reply.status == 200 and isinstance(url, str):
            begun.append(BegunSignIn(provider_id, url, _state_cookie(reply)))
            if problem := _judge_url(context, url):
                problems.append(f"{provider_id}: {problem}")
                fix = f"Set OIDC_{_in_settings(provider_id)}_ISSUER or _AUTHORIZATION_URL right."
            continue
        problems.append(f"{provider_id}: {SOCIAL} answered {reply.summary}")
        if reply.status == 503 and reply.field("code") == "SERVICE_UNAVAILABLE":
            fix = _describe_unreachable(provider_id)
    context.shared["provider sign-ins"] = begun
    if problems:
        return failed("; ".join(problems), fix)
    return passed(", ".join(f"{each.provider_id} at {each.endpoint}" for each in begun))


def _state_cookie(reply: Reply) -> SetCookie | None:
    named = (each for each in reply.cookies if each.name.endswith("better-auth.state"))
    return next(named, None)


def _describe_unreachable(provider_id: str) -> str:
    return (
        f"Let the server reach the provider: OIDC_{_in_settings(provider_id)}_ISSUER must be its "
        "address without /.well-known/openid-configuration. The server's log says why "
        "(provider_unavailable)."
    )


def _judge_url(context: CheckContext, url: str) -> str:
    if not _URL.fullmatch(url):
        return "the page to sign in at has no URL that a browser could open"
    parts = urlsplit(url)
    if parts.hostname == urlsplit(context.deployment.url).hostname and context.deployment.is_public:
        return f"the page to sign in at is this server's own: {url.partition('?')[0]}"
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname)):
        return ""
    return f"the page to sign in at is not https: {url.partition('?')[0]}"


def _is_loopback(host: str | None) -> bool:
    return host in {"localhost", "127.0.0.1", "::1"}


def _in_settings(provider_id: str) -> str:
    return provider_id.upper().replace("-", "_")


@check("providers.request", "Providers are asked with PKCE, a state and a nonce", "providers.begin")
def request(context: CheckContext) -> CheckResult:
    """Without them an answer can be stolen, or slipped to somebody else (RFC 9700, 2.1)."""

    def find(begun: BegunSignIn) -> str:
        params = begun.params
        lacks = [
            *(["PKCE with S256"] if params.get("code_challenge_method") != "S256" else []),
            *([] if _CHALLENGE.fullmatch(params.get("code_challenge", "")) else ["a challenge"]),
            *(["a state"] if len(params.get("state", "")) < _SHORTEST else []),
            *(["response_type=code"] if params.get("response_type") != "code" else []),
            *([] if params.get("client_id") else ["client_id"]),
        ]
        asks_for_id_token = "openid" in params.get("scope", "").split()
        if asks_for_id_token and len(params.get("nonce", "")) < _SHORTEST and "nonce" in params:
            lacks.append("a nonce that cannot be guessed")
        return f"the request lacks {', '.join(lacks)}" if lacks else ""

    result = judge(context, find, _UPDATE, "S256, a state, response_type=code")
    states = [each.params.get("state") for each in list_begun(context)]
    if len(set(states)) < len(states):
        return failed("two sign-ins got the same state", "Switch off caching below /api/auth.")
    return result


@check("providers.redirect-uri", "Providers send browsers back here", "providers.begin")
def redirect_uri(context: CheckContext) -> CheckResult:
    """It is what must be registered at the provider, to the letter."""
    deployment = context.deployment
    homes = {each for each in (deployment.url, deployment.frontend) if each}

    def find(begun: BegunSignIn) -> str:
        uri = begun.params.get("redirect_uri", "")
        parts = urlsplit(uri)
        origin = normalize_origin(uri) if parts.scheme else ""
        by_hub = begun.provider_id == "huggingface" and (parts.hostname or "").endswith(_HUB_HOST)
        if origin not in homes and not by_hub:
            return f"{uri or 'no redirect_uri'} is neither at {' nor at '.join(sorted(homes))}"
        if parts.path != CALLBACK + begun.provider_id or parts.query:
            return f"{uri} is not {CALLBACK}{begun.provider_id}"
        return ""

    fix = (
        "Set PUBLIC_URL to the address that people use (docs/providers.md), and register the "
        "redirect URI that follows from it at the provider."
    )
    result = judge(context, find, fix, "")
    if result.fix:
        return result
    uris = dict.fromkeys(each.params["redirect_uri"] for each in list_begun(context))
    return passed(f"register at the provider, to the letter: {', '.join(uris)}")


@check("providers.cookie", "Browsers keep the cookie of a begun sign-in", "providers.begin")
def cookie(context: CheckContext) -> CheckResult:
    """Without it every sign-in ends in `state_mismatch`; with a careless one strangers answer."""
    page, https = context.deployment.url, context.deployment.https

    def find(begun: BegunSignIn) -> str:
        if begun.cookie is None:
            return "the response sets no cookie better-auth.state"
        kept = begun.cookie
        wrong = [
            *rejection_reasons(kept, page),
            *([] if kept.has("httponly") else ["not HttpOnly"]),
            *(["not Secure"] if https and not kept.has("secure") else []),
            *(["SameSite=Strict: it does not come back"] if kept.same_site == "strict" else []),
            *([] if kept.path == "/" else [f"Path={kept.path}"]),
        ]
        return f"{kept.without_value()}: {', '.join(wrong)}" if wrong else ""

    fix = "Let the proxy pass the cookie better-auth.state on, with its name and attributes."
    first = list_begun(context)[0].cookie
    return judge(context, find, fix, first.without_value() if first else "")


@check("providers.forged", "A forged answer of a provider signs nobody in", "providers.begin")
def forged(context: CheckContext) -> CheckResult:
    """Otherwise a link signs people in to a stranger's account (RFC 9700, 4.7)."""
    fixes = [_try_forged(context, each) for each in list_begun(context)]
    problems = [problem for problem, _ in fixes if problem]
    if problems:
        return failed("; ".join(problems), next(fix for _, fix in fixes if fix))
    names = ", ".join(each.provider_id for each in list_begun(context))
    return passed(f"{names}: refused without a session")


def _try_forged(context: CheckContext, begun: BegunSignIn) -> tuple[str, str]:
    """Come back with a state of nobody's, and with another browser's; returns problem and fix."""
    for what, state in (("a forged state", _FORGED), ("another's state", begun.params["state"])):
        query = urlencode({"code": "forged", "state": state})
        path = f"{CALLBACK}{quote(begun.provider_id, safe='')}?{query}"
        reply = context.anonymous_browser().get(path, accept="text/html")
        location = str(reply.headers.get("location", ""))
        if session_cookie_in(reply.cookies) is not None:
            return f"{begun.provider_id}: {what} got a session", _UPDATE
        if not reply.is_redirect:
            answered = f"answered {reply.summary} and led nowhere"
            return f"{begun.provider_id}: {what} {answered}", _REMEDY
        if state == _FORGED and "error=" not in location:
            led = f"led to {location.partition('?')[0]}, not to an error"
            return f"{begun.provider_id}: {what} {led}", _REMEDY
    return "", ""


@check("providers.targets", "Nobody is sent to other sites afterwards", "providers.begin")
def targets(context: CheckContext) -> CheckResult:
    """A sign-in that ends at a stranger's page lends it the app's good name (open redirect)."""
    first = list_begun(context)[0].provider_id
    accepted = []
    for name in ("callbackURL", "errorCallbackURL", "newUserCallbackURL"):
        payload: dict[str, Any] = {"provider": first, "callbackURL": "/", name: _FOREIGN}
        reply = context.anonymous_browser().post(SOCIAL, payload)
        if reply.status != 403:
            accepted.append(f"{name}={_FOREIGN} answered {reply.summary}")
    if accepted:
        return failed("; ".join(accepted), "Name your app's own origin in FRONTEND_URL, not *.")
    return passed(f"{_FOREIGN} is refused, wherever it is named")


CHECKS = (begin, request, redirect_uri, cookie, forged, targets)
