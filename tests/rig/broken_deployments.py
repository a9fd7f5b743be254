"""Deployments that are wrong in one way each, and what the doctor must find about them."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from backend.features.accounts.session_issuer import SessionIssuer
from backend.main import create_app
from tests.make import make_settings
from tests.rig import careless_proxies, faulty_proxies, second_step_proxies
from tests.rig.authority import Authority
from tests.rig.background import in_background
from tests.rig.faulty_proxies import (
    SESSION,
    SHORT_SESSION,
    TEN_MINUTES,
    change_cookies,
    drop_headers,
    drop_request_headers,
)
from tests.rig.migrated_databases import put_sqlite
from tests.rig.proxy import Proxy, ProxyBehaviour

# One at a time: FastAPI, as it reads an app's endpoints, changes how Python's warnings are taken in
# the whole process.
_STARTING = threading.Lock()
NOW = timedelta()


@dataclass(frozen=True)
class DeploymentCase:
    """A deployment, what is wrong with it, and what the doctor must say about that."""

    name: str
    fails: tuple[str, ...] = ()
    behaviour: Callable[[], ProxyBehaviour] = ProxyBehaviour
    settings: Mapping[str, Any] = field(default_factory=dict)
    warns: tuple[str, ...] = ()
    """Checks that warn here, and pass where all is right."""
    https: bool = False
    public: str = ""
    """The name by which strangers reach it, where that is not the proxy's own."""
    servers: int = 1
    """So many take turns, each with a database of its own."""
    ahead: timedelta = NOW
    """How far its clock is ahead of the doctor's."""
    change: Callable[[FastAPI], None] = lambda _: None
    """What is wrong in the server itself."""

    @property
    def has_docs(self) -> bool:
        """Whether it shows the API's docs, which cost half a second to write."""
        return self in RIGHT or "exposure.docs" in self.warns

    @property
    def right(self) -> str:
        """The name of the deployment that is like this one, and right."""
        if self.https:
            return "right, over https"
        return "right, with short sessions" if "session_lifetime" in self.settings else "right"


@dataclass(frozen=True)
class RunningDeployment:
    """A deployment that runs."""

    url: str
    address: str | None
    databases: tuple[Path, ...]


@contextmanager
def run_deployment(
    broken: DeploymentCase, folder: Path, authority: Authority
) -> Iterator[RunningDeployment]:
    """Run the deployment: its servers, in this process, and its proxy in front of them."""
    tls = authority.tls() if broken.https else None
    with ExitStack() as stack:
        proxy = stack.enter_context(Proxy(broken.behaviour(), tls))
        url = broken.public or proxy.url
        folders = [folder / f"server{number}" for number in range(broken.servers)]
        for each in folders:
            each.mkdir(parents=True)
            put_sqlite(each / "gatehouse.db")
            own = {"public_url": url, "docs": broken.has_docs, **broken.settings}
            with _STARTING:
                app = create_app(make_settings(each, **own))
                broken.change(app)
                if broken.has_docs:
                    app.openapi()
            host, port = stack.enter_context(in_background(app))
            proxy.targets.append(f"http://{host}:{port}")
        address = f"127.0.0.1:{proxy.port}" if broken.public else None
        yield RunningDeployment(url, address, tuple(each / "gatehouse.db" for each in folders))


def remove_last_gate(app: FastAPI) -> None:
    """Let the server ask for no second factor."""
    issuer: SessionIssuer = app.state.context.services[SessionIssuer]
    assert isinstance(issuer.gates, list)
    issuer.gates.pop()


RIGHT = (
    DeploymentCase("right"),
    DeploymentCase("right, over https", https=True),
    DeploymentCase("right, with short sessions", settings={"session_lifetime": SHORT_SESSION}),
)
STRIPPED = change_cookies(lambda line: "")
FOR_EVERYONE = partial(
    DeploymentCase, fails=("cors.foreign",), behaviour=faulty_proxies.AllowsEveryOrigin
)
EVERY_SITE = {"frontend_url": ("*",)}
ELSEWHERE = "https://auth.example.com"
WRONG = (
    DeploymentCase("Set-Cookie stripped", ("cookies.set",), STRIPPED),
    DeploymentCase("Set-Cookie stripped, over https", ("cookies.set",), STRIPPED, https=True),
    DeploymentCase(
        "SameSite=None without Secure",
        ("cookies.same-site",),
        change_cookies(lambda line: line.replace("SameSite=Lax", "SameSite=None")),
    ),
    FOR_EVERYONE("CORS for everyone"),
    FOR_EVERYONE("CORS for everyone, over https", https=True),
    DeploymentCase(
        "foreign Origin accepted", ("origins.foreign-refused",), faulty_proxies.ReplacesOrigin
    ),
    DeploymentCase(
        "spoofable address, the first", ("address.true",), faulty_proxies.TrustsForwardedFor
    ),
    DeploymentCase(
        "spoofable address, the last",
        ("address.true",),
        faulty_proxies.KeepsForwardedFor,
        warns=("exposure.docs",),
        public=ELSEWHERE,
    ),
    DeploymentCase(
        "no HSTS", ("headers.hsts",), drop_headers("strict-transport-security"), https=True
    ),
    DeploymentCase(
        "revocation delayed", ("session.revoked-at-once",), faulty_proxies.CachesSessions
    ),
    DeploymentCase("limiter off", ("limits.reached",), settings={"rate_limits": False}),
    DeploymentCase("cookies renamed both ways", ("cookies.name",), faulty_proxies.RenamesCookies),
    DeploymentCase(
        "cookies renamed one way",
        ("cookies.name",),
        change_cookies(lambda line: line.replace(SESSION, "app-sid")),
    ),
    DeploymentCase("buffered stream", ("stream.arrives",), faulty_proxies.BuffersBodies),
    DeploymentCase("clock slow by its Date", ("clock.right",), faulty_proxies.TenMinutesSlow),
    DeploymentCase("clock fast", ("clock.right",), ahead=TEN_MINUTES),
    DeploymentCase("clock slow", ("clock.right",), ahead=-TEN_MINUTES),
    DeploymentCase(
        "expired session accepted",
        ("protection.expired",),
        faulty_proxies.CachesExpiredSessions,
        {"session_lifetime": SHORT_SESSION},
    ),
)
UNUSUAL = (
    DeploymentCase("Set-Cookie lines joined", ("cookies.lines",), faulty_proxies.JoinsCookies),
    DeploymentCase(
        "Domain added", ("cookies.scope",), change_cookies(lambda line: f"{line}; Domain=hf.space")
    ),
    DeploymentCase(
        "Secure stripped",
        ("cookies.secure",),
        change_cookies(lambda line: line.replace("; Secure", "")),
        https=True,
    ),
    DeploymentCase(
        "SameSite stripped",
        ("cookies.same-site",),
        change_cookies(lambda line: line.replace("; SameSite=Lax", "")),
    ),
    DeploymentCase(
        "401 turned into a redirect", ("protection.no-session",), faulty_proxies.RedirectsToLogin
    ),
    DeploymentCase("a page in front of everything", ("reach.health",), faulty_proxies.ShowsAPage),
    DeploymentCase("a slash added by redirect", ("reach.api",), faulty_proxies.AddsASlash),
    DeploymentCase("OPTIONS refused", ("cors.allowed",), faulty_proxies.RefusesPreflights),
    DeploymentCase(
        "preflights answered as the Hub does",
        behaviour=faulty_proxies.AnswersPreflights,
        warns=("cors.foreign", "cors.null"),
    ),
    DeploymentCase("Origin dropped", ("session.write",), faulty_proxies.DropsOrigin),
    DeploymentCase("query strings dropped", ("reach.query",), careless_proxies.DropsQueries),
    DeploymentCase(
        "Authorization dropped", ("session.bearer",), drop_request_headers("authorization")
    ),
    DeploymentCase("Cookie dropped", ("session.read",), drop_request_headers("cookie")),
    DeploymentCase("every site trusted", ("origins.foreign-refused",), settings=EVERY_SITE),
    DeploymentCase("health cached", ("reach.fresh",), careless_proxies.CachesHealth),
    DeploymentCase("get-session cached", ("session.read",), careless_proxies.CachesGetSession),
    DeploymentCase("errors as pages", ("reach.errors",), careless_proxies.ShowsErrorPages),
    DeploymentCase(
        "errors as pages, with their status", ("reach.errors",), careless_proxies.KeepsErrorStatus
    ),
    DeploymentCase("Allow-Origin twice", ("cors.allowed",), careless_proxies.AllowsItselfAgain),
    DeploymentCase(
        "cookie path rewritten",
        ("cookies.scope",),
        change_cookies(lambda line: line.replace("Path=/", "Path=/auth")),
    ),
    DeploymentCase(
        "cookies in lower case", ("session.read",), change_cookies(lambda line: line.lower())
    ),
    DeploymentCase("HEAD unknown", behaviour=careless_proxies.KnowsNoHead, warns=("reach.head",)),
    DeploymentCase("compressed twice", ("reach.health",), careless_proxies.CompressesTwice),
    DeploymentCase("compressed without Vary", ("stream.plain-json",), careless_proxies.Compresses),
    DeploymentCase("a password in front", ("reach.health",), careless_proxies.AsksForAPassword),
    DeploymentCase(
        "Retry-After dropped", ("limits.told",), drop_headers("retry-after", "x-retry-after")
    ),
    DeploymentCase(
        "one user's answers shown to all", ("session.read",), faulty_proxies.MixesSessions
    ),
    DeploymentCase(
        "every second request without its cookie", ("session.read",), faulty_proxies.LosesCookies
    ),
    DeploymentCase(
        "two servers that share nothing", ("session.read",), warns=("limits.reached",), servers=2
    ),
)
"""Wrong in ways that are rarer, and easily taken for one another."""
CHALLENGE, TRUSTED = "better-auth.two_factor", "better-auth.trust_device"
WRONG_AT_THE_SECOND_STEP = (
    DeploymentCase(
        "verify-totp blocked", ("second-factor.app",), second_step_proxies.block("verify-totp")
    ),
    DeploymentCase(
        "the second step is never asked for", ("second-factor.asked",), change=remove_last_gate
    ),
    DeploymentCase(
        "the second step's cookie dropped",
        ("second-factor.cookie",),
        change_cookies(lambda line: "" if line.startswith(CHALLENGE) else line),
    ),
    DeploymentCase(
        "the second step's cookie renamed",
        ("second-factor.cookie",),
        change_cookies(lambda line: line.replace(CHALLENGE, "app-2fa")),
    ),
    DeploymentCase(
        "the second step's cookie readable by scripts",
        ("second-factor.cookie",),
        change_cookies(lambda line: line.replace("; HttpOnly", "") if CHALLENGE in line else line),
    ),
    DeploymentCase(
        "every code accepted", ("second-factor.wrong-code",), second_step_proxies.CorrectsCodes
    ),
    DeploymentCase(
        "the session's cookie dropped after the code",
        ("second-factor.code",),
        second_step_proxies.DropsCookiesOfCodes,
    ),
    DeploymentCase(
        "the trusted browser's cookie dropped",
        ("second-factor.trusted-browser",),
        change_cookies(lambda line: "" if line.startswith(TRUSTED) else line),
    ),
    DeploymentCase(
        "disable blocked", ("second-factor.removed",), second_step_proxies.block("disable")
    ),
)
WRONG_BESIDES_THE_PASSWORD = (
    DeploymentCase(
        "mailed codes blocked",
        ("ways.endpoints",),
        second_step_proxies.block_below("/api/auth/email-otp/"),
    ),
    DeploymentCase(
        "the cookies of further accounts dropped",
        ("ways.accounts",),
        change_cookies(lambda line: "" if "_multi-" in line else line),
        {"multi_session": True},
    ),
    DeploymentCase(
        "the captcha's token dropped",
        ("account.sign-up",),
        drop_request_headers("x-captcha-response"),
        {"captcha_provider": "turnstile", "captcha_site_key": "1x", "captcha_secret": "1x"},
    ),
    DeploymentCase(
        "the captcha's provider out of reach",
        ("account.sign-up",),
        settings={
            **{"captcha_provider": "turnstile", "captcha_site_key": "1x", "captcha_secret": "1x"},
            "captcha_verify_url": "http://127.0.0.1:9/siteverify",
        },
    ),
)
