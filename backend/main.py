"""The composition root: builds storage, features and middleware, and connects them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from contextlib import closing as closed_at_end
from typing import Any

from fastapi import FastAPI
from starlette.types import Lifespan

from backend import __version__
from backend.features.accounts.service import Accounts
from backend.features.accounts.session_issuer import SessionIssuer
from backend.features.admin.setup_link import SetupLink
from backend.features.anonymous.service import build_removal_of_abandoned
from backend.features.captcha.service import Captcha
from backend.features.docs.about import ABOUT
from backend.features.email_otp.codes import EmailOtp
from backend.features.health.routes import ReadinessProbe
from backend.features.housekeeping.service import Housekeeper
from backend.features.links.link_mailer import LinkMailer
from backend.features.links.service import LinkTokens
from backend.features.mail.service import Mailer
from backend.features.mail.setup import open_mailer
from backend.features.mail.worker import MailWorker
from backend.features.management.status import DeploymentStatus
from backend.features.providers.resealing import build_token_resealing
from backend.features.providers.tokens import build_token_sealer
from backend.features.sessions.cache import SessionCache
from backend.features.sessions.reader import SessionReader
from backend.features.stream_demo.service import Ticker
from backend.features.two_factor.resealing import build_resealing
from backend.features.two_factor.service import TwoFactor, build_sealer
from backend.kernel.clock import Clock, SystemClock
from backend.kernel.randomness import Randomness, SystemRandomness
from backend.kernel.secrets.secret_key import load_keyring
from backend.kernel.secrets.signing import Keyring
from backend.kernel.secrets.tokens import TokenMint
from backend.kernel.settings import Settings
from backend.limits.endpoint import EndpointLimits
from backend.limits.limiter import Limiter
from backend.routes import list_enabled
from backend.sign_in import build_accounts, build_issuer, build_providers
from backend.storage.change_feed.feed import ChangeFeed, open_feed
from backend.storage.clock_check import ClockCheck
from backend.storage.opening.data_dir import open_data_dir
from backend.storage.opening.server import OpenDatabase, open_database
from backend.storage.queries import users
from backend.storage.snapshots.snapshots import Snapshots
from backend.storage.work import Runtime, run_query
from backend.web.app import Api, UnknownPath
from backend.web.app_context import AppContext, Pools
from backend.web.cookies import Cookies
from backend.web.edge.client_address import ClientAddresses
from backend.web.edge.cors import Cors
from backend.web.edge.refused_origins import build_origins
from backend.web.edge.security_headers import SecurityHeaders
from backend.web.logs.crash_log import CrashMiddleware
from backend.web.logs.log_ring import LOG_RING, LogRing
from backend.web.logs.logs import log_event
from backend.web.routing.endpoint import AUTH, Endpoint
from backend.web.routing.openapi import ApiDocument


def create_app(
    settings: Settings, *, clock: Clock | None = None, randomness: Randomness | None = None
) -> FastAPI:
    """Build the API and open and migrate its database; raises SettingsError if it cannot.

    The lifespan starts the background tasks and, at the end, closes everything.
    """
    clock, randomness = clock or SystemClock(), randomness or SystemRandomness()
    closing = ExitStack()
    with closing:
        if settings.database_url is None or settings.secret_key is None:
            open_data_dir(settings)
        opened = open_database(settings, clock, randomness, closing)
        database = opened.database
        cache = SessionCache(settings.session_cache_size)
        runtime = Runtime(database, clock, randomness, settings, cache.forget_all, log_event)
        feed = open_feed(database, opened.direct, clock, cache.forget)
        keyring = load_keyring(settings, randomness)
        context = _build_context(runtime, keyring, cache, feed, closing)
        context.services[DeploymentStatus] = _build_status(context, cache, feed, opened)
        app = Api(
            title=settings.app_name,
            version=__version__,
            lifespan=_lifespan(context, feed, opened.snapshots, closing.pop_all()),
            openapi_url=None,
            redirect_slashes=False,  # its redirect would trust the Host header
        )
    app.state.context = context
    _add_routes(app, context)
    app.add_middleware(CrashMiddleware)
    app.add_edge_middleware(
        headers=SecurityHeaders(https=settings.base_url.startswith("https://")),
        cors=Cors(context.origins),
        randomness=randomness,
    )
    return app


def open_setup_link(app: FastAPI) -> str | None:
    """Return the link to the panel's page that makes the first admin; None if there is one."""
    context: AppContext = app.state.context
    runtime, link = context.runtime, context.services[SetupLink]
    if run_query(runtime.database, users.admin_exists):
        return None
    return f"{runtime.settings.panel_url}{link.open(runtime.randomness)}"


def _build_context(
    runtime: Runtime, keyring: Keyring, cache: SessionCache, feed: ChangeFeed, closing: ExitStack
) -> AppContext:
    settings, clock = runtime.settings, runtime.clock
    cookies = Cookies(keyring, secure=settings.secure_cookies, domain=settings.cookie_domain)
    mint, limiter, pools = TokenMint(keyring), Limiter(settings, clock), Pools(settings)
    clock_check = ClockCheck(runtime.database, clock)
    mailer, worker = open_mailer(runtime, keyring, clock_check)
    link_mailer = LinkMailer(LinkTokens.of(keyring), mailer, limiter)
    second_factors = TwoFactor.of(keyring, mailer, limiter)
    issuer = build_issuer(settings, mint, clock_check, link_mailer, second_factors)
    services: dict[type, Any] = {
        Settings: settings,
        Limiter: limiter,
        Clock: clock,
        Cookies: cookies,
        TokenMint: mint,
        SessionReader: SessionReader(runtime, pools, cookies, mint, cache, feed, limiter),
        Accounts: build_accounts(runtime, issuer, limiter, link_mailer, closing),
        **{SessionIssuer: issuer, SetupLink: SetupLink(), LinkMailer: link_mailer},
        EmailOtp: EmailOtp.of(keyring, link_mailer),
        Mailer: mailer,
        TwoFactor: second_factors,
        **build_providers(runtime, keyring, issuer, link_mailer, closing),
        **_build_operations(runtime, clock_check, feed, keyring, closing),
        ApiDocument: ApiDocument(ABOUT, _tags(settings), cookies),
        **({} if worker is None else {MailWorker: worker}),
    }
    context = services[AppContext] = AppContext(
        runtime=runtime,
        addresses=ClientAddresses(settings.trusted_proxies, settings.frontend_proxy_key),
        origins=build_origins(settings.trusted_origins, clock),
        limits=EndpointLimits(limiter, runtime, pools),
        captcha=closing.enter_context(closed_at_end(Captcha(settings, clock))),
        pools=pools,
        services=services,
    )
    closing.callback(pools.close)
    return context


def _build_operations(
    runtime: Runtime,
    clock_check: ClockCheck,
    feed: ChangeFeed,
    keyring: Keyring,
    closing: ExitStack,
) -> dict[type, Any]:
    """Build the services that watch over the server, and the demo of a stream."""
    tasks = [
        build_removal_of_abandoned(runtime),
        build_resealing(runtime, build_sealer(keyring)),
        build_token_resealing(runtime, build_token_sealer(keyring)),
    ]
    housekeeper = Housekeeper(runtime, clock_check, tasks)
    runtime.database.add_after_write_callback(housekeeper.note_write)
    closing.callback(housekeeper.stop)
    return {
        Housekeeper: housekeeper,
        ClockCheck: clock_check,
        LogRing: LOG_RING,
        Ticker: Ticker(runtime.clock),
        ReadinessProbe: ReadinessProbe(runtime.database, runtime.clock, lambda: feed.state),
    }


def _build_status(
    context: AppContext, cache: SessionCache, feed: ChangeFeed, opened: OpenDatabase
) -> DeploymentStatus:
    return DeploymentStatus(
        context.runtime,
        cache,
        lambda: feed.state,
        context.services[Limiter],
        opened.snapshots,
        context.services[ClockCheck],
        context.runtime.clock.now(),
    )


def _lifespan(
    context: AppContext, feed: ChangeFeed, snapshots: Snapshots | None, closing: ExitStack
) -> Lifespan[Api]:
    @asynccontextmanager
    async def lifespan(app: Api) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.enter_context(closing)
            if snapshots is not None:
                stack.enter_context(app.call_at_shutdown(snapshots.save_now))
            await feed.start()
            stack.push_async_callback(feed.stop)
            if worker := context.services.get(MailWorker):
                worker.start()
                stack.callback(worker.stop)
            yield

    return lifespan


def _add_routes(app: FastAPI, context: AppContext) -> None:
    for feature in list_enabled(context.runtime.settings):
        app.router.routes.extend(Endpoint(spec, context) for spec in feature.specs)
    app.router.add_route(AUTH + "/{rest:path}", UnknownPath())  # type: ignore[arg-type]


def _tags(settings: Settings) -> dict[str, str]:
    features = list_enabled(settings)
    return {feature.tag: feature.about for feature in features if feature.about}
