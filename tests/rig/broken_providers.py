"""Deployments with a provider that are wrong in one way each, and what the doctor must say."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.rig.authority import Authority
from tests.rig.broken_deployments import DeploymentCase, RunningDeployment, run_deployment
from tests.rig.faulty_proxies import SESSION, change_cookies
from tests.rig.proxy import ProxyBehaviour, ProxyRequest, ProxyResponse
from tests.rig.second_step_proxies import block_below
from tests.rig.stand_in import Handler, Received, StandIn

COMPANY = "company"
CALLBACK = f"/api/auth/callback/{COMPANY}"
STATE = "better-auth.state"
Settings = Callable[[str], dict[str, str]]


def by_discovery(url: str) -> dict[str, str]:
    """The settings of a provider whose issuer is all that is given."""
    return {"ISSUER": f"{url}realms/people"}


def by_urls(url: str) -> dict[str, str]:
    """The settings of one whose document nobody reads."""
    return {
        "AUTHORIZATION_URL": f"{url}realms/people/authorize",
        "TOKEN_URL": f"{url}token",
        "USERINFO_URL": f"{url}user",
    }


def without_document(url: str) -> dict[str, str]:
    """The settings of one that has no document."""
    return {**by_urls(url), "AUTHORIZATION_URL": f"{url}login/authorize"}


@dataclass(frozen=True)
class ProviderCase:
    """A deployment with a provider, what is wrong with it, and what the doctor must say."""

    name: str
    fails: tuple[str, ...] = ()
    remedy: str = ""
    behaviour: Callable[[], ProxyBehaviour] = ProxyBehaviour
    settings: dict[str, Any] = field(default_factory=dict)
    company: Settings = by_discovery
    document: dict[str, Any] = field(default_factory=dict)
    """Fields of the provider's document that are not as they should be."""
    page: tuple[int, str] = (200, "Please sign in")
    """What the provider answers to a browser that comes to sign in."""
    location: str = ""
    warns: tuple[str, ...] = ()
    public: str = ""
    """The name by which strangers reach the server, where that is not the proxy's own."""

    def answer(self, handler: Handler, received: Received) -> None:
        """Answer as the provider."""
        path = urlsplit(received.path).path
        if path == "/realms/people/.well-known/openid-configuration":
            url = handler.stand_in.url
            document = {
                "issuer": f"{url}realms/people",
                "authorization_endpoint": f"{url}realms/people/authorize",
                "token_endpoint": f"{url}token",
                "jwks_uri": f"{url}keys",
                "code_challenge_methods_supported": ["S256"],
                **self.document,
            }
            return handler.say(json.dumps(document).encode(), kind="application/json")
        if not path.endswith("/authorize"):
            return handler.say(b"", 404)
        status, text = self.page
        if self.location:
            asked = dict(parse_qsl(urlsplit(received.path).query))
            return handler.say(b"", 302, location=self.location.format(**asked))
        return handler.say(text.encode(), status, "text/html")


@contextmanager
def run_with_provider(
    case: ProviderCase, folder: Path, authority: Authority
) -> Iterator[RunningDeployment]:
    """Run the deployment beside its provider."""
    with StandIn(case.answer) as provider:
        client = {"CLIENT_ID": "client", "CLIENT_SECRET": "secret"}
        values = {**client, **case.company(provider.url)}
        oidc = {f"OIDC_{COMPANY.upper()}_{name}": value for name, value in values.items()}
        settings = {"rate_limits": False, "oidc_providers": (COMPANY,), "oidc": oidc}
        deployment = DeploymentCase(
            case.name,
            case.fails,
            case.behaviour,
            {**settings, **case.settings},
            public=case.public,
        )
        with run_deployment(deployment, folder, authority) as running:
            yield running


def rewrite_request(change: Callable[[dict[str, str]], object]) -> type[ProxyBehaviour]:
    """Change the parameters with which the provider is asked."""

    class Rewrites(ProxyBehaviour):
        def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
            if request.path == "/api/auth/sign-in/social" and response.status == 200:
                payload = json.loads(response.read())
                address, _, query = payload["url"].partition("?")
                params = dict(parse_qsl(query))
                change(params)
                payload["url"] = f"{address}?{urlencode(params)}"
                response.chunks = [json.dumps(payload).encode()]

    return Rewrites


class SignsInAnybody(ProxyBehaviour):
    """Behind it every answer of a provider gets a session."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        if request.path == CALLBACK:
            response.headers.append(("set-cookie", f"{SESSION}=somebodys; Path=/; HttpOnly"))


class ShowsAPageForCallbacks(ProxyBehaviour):
    """Answers callbacks with the single page of an app."""

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        if request.path != CALLBACK:
            return None
        page = b"<!doctype html><title>App</title>"
        return ProxyResponse(200, [("content-type", "text/html")], [page])


RIGHT = (
    ProviderCase("right"),
    ProviderCase("right, without a document", company=without_document),
    ProviderCase("right, and the provider leads on", location="/login"),
)
WRONG = (
    ProviderCase(
        "sign-in blocked",
        ("providers.begin",),
        "pass every path below /api/auth on",
        block_below("/api/auth/sign-in/social"),
    ),
    ProviderCase(
        "provider out of reach",
        ("providers.begin",),
        "OIDC_COMPANY_ISSUER must be its address",
        company=lambda _: {"ISSUER": "http://127.0.0.1:9"},
    ),
    ProviderCase(
        "its document is of another issuer",
        ("providers.begin",),
        "OIDC_COMPANY_ISSUER must be its address",
        document={"issuer": "https://evil.example"},
    ),
    ProviderCase(
        "PKCE taken away",
        ("providers.request",),
        "Update the server",
        rewrite_request(lambda params: params.pop("code_challenge_method")),
    ),
    ProviderCase(
        "a short state",
        ("providers.request",),
        "Update the server",
        rewrite_request(lambda params: params.update(state="1")),
    ),
    ProviderCase(
        "a nonce that anybody guesses",
        ("providers.request",),
        "Update the server",
        rewrite_request(lambda params: params.update(nonce="1")),
    ),
    ProviderCase(
        "another host's redirect URI",
        ("providers.redirect-uri",),
        "Set PUBLIC_URL",
        rewrite_request(
            lambda params: params.update(redirect_uri=f"https://other.example{CALLBACK}")
        ),
    ),
    ProviderCase(
        "a redirect URI below a path",
        ("providers.redirect-uri",),
        "Set PUBLIC_URL",
        rewrite_request(
            lambda params: params.update(
                redirect_uri=params["redirect_uri"].replace("/api/", "/base/api/")
            )
        ),
    ),
    ProviderCase(
        "the state's cookie dropped",
        ("providers.cookie",),
        "pass the cookie better-auth.state on",
        change_cookies(lambda line: "" if line.startswith(STATE) else line),
    ),
    ProviderCase(
        "the state's cookie readable by scripts",
        ("providers.cookie",),
        "pass the cookie better-auth.state on",
        change_cookies(lambda line: line.replace("; HttpOnly", "") if STATE in line else line),
    ),
    ProviderCase(
        "the state's cookie kept from other sites",
        ("providers.cookie",),
        "pass the cookie better-auth.state on",
        change_cookies(
            lambda line: line.replace("SameSite=Lax", "SameSite=Strict") if STATE in line else line
        ),
    ),
    ProviderCase(
        "anybody signed in by an answer",
        ("providers.forged",),
        "Update the server",
        SignsInAnybody,
    ),
    ProviderCase(
        "callbacks answered by the app",
        ("providers.forged",),
        "pass every path below /api/auth on",
        ShowsAPageForCallbacks,
    ),
    ProviderCase(
        "every site trusted",
        ("providers.targets",),
        "Name your app's own origin in FRONTEND_URL",
        settings={"frontend_url": ("*",)},
    ),
    ProviderCase(
        "redirect URI not registered",
        ("providers.registered",),
        "Enter the redirect URI at the provider",
        page=(400, "Error 400: redirect_uri_mismatch"),
    ),
    ProviderCase(
        "client unknown",
        ("providers.registered",),
        "check the client ID",
        page=(401, '{"error": "invalid_client"}'),
    ),
    ProviderCase(
        "a scope refused",
        ("providers.registered",),
        "and the scopes",
        location="{redirect_uri}?error=invalid_scope&state={state}",
    ),
    ProviderCase(
        "an error as a page of its own",
        ("providers.registered",),
        "Enter the redirect URI at the provider",
        location="/signin/oauth/error?authError=redirect_uri_mismatch",
    ),
    ProviderCase(
        "the document names another issuer than its address",
        warns=("providers.discovery",),
        remedy="Set OIDC_<ID>_ISSUER",
        company=by_urls,
        document={"issuer": "https://evil.example"},
    ),
    ProviderCase(
        "PKCE not supported by the provider",
        warns=("providers.discovery",),
        remedy="Set OIDC_<ID>_ISSUER",
        document={"code_challenge_methods_supported": ["plain"]},
    ),
)
