"""The composition root: builds storage, features and middleware, and connects them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from contextlib import closing as closed_at_end
from functools import cache
from typing import Any

from fastapi import FastAPI
from starlette.types import Lifespan

from backend import __version__
from backend.features.accounts.breached_passwords import BreachedPasswords
from backend.features.accounts.passwords import HashCostScan
from backend.features.accounts.service import Accounts
from backend.features.accounts.session_issuer import Gate, Method, SessionIssuer
from backend.features.admin.bans import refuse_banned
from backend.features.admin.first_admin import ensure_first_admin
from backend.features.admin.panel_sign_in import refuse_others_in_panel
from backend.features.admin.permissions import before_removal
from backend.features.anonymous.linking import (
    LINKED_METHODS,
    link_account,
    move_picture,
    note_anonymous_user,
)
from backend.features.anonymous.service import build_removal_of_abandoned
from backend.features.captcha.service import Captcha
from backend.features.docs.about import ABOUT
from backend.features.email_otp.codes import EmailOtp
from backend.features.email_verification.service import mail_at_sign_up, refuse_unverified
from backend.features.health.routes import ReadinessProbe
from backend.features.housekeeping.service import Housekeeper
from backend.features.links.link_mailer import LinkMailer
from backend.features.links.service import LinkTokens
from backend.features.mail.service import Mailer
from backend.features.mail.setup import open_mailer
from backend.features.mail.worker import MailWorker
from backend.features.management.status import DeploymentStatus
from backend.features.providers.registry import Providers
from backend.features.providers.service import ProviderSignIn
from backend.features.providers.tokens import TokenVault
from backend.features.sessions.cache import SessionCache
from backend.features.sessions.reader import SessionReader
from backend.features.stream_demo.service import Ticker
from backend.features.two_factor.gate import ask_second_factor, challenged_methods
from backend.features.two_factor.resealing import build_resealing
from backend.features.two_factor.service import TwoFactor
from backend.kernel.client import SYSTEM
from backend.kernel.clock import Clock, SystemClock
from backend.kernel.passwords.hasher import MIN_ROUNDS, PasswordHasher
from backend.kernel.passwords.rules import PasswordRules
from backend.kernel.randomness import Randomness, SystemRandomness
from backend.kernel.secrets.sealing import Sealer
from backend.kernel.secrets.secret_key import load_keyring
from backend.kernel.secrets.signing import Keyring
from backend.kernel.secrets.tokens import TokenMint
from backend.kernel.settings import Settings
from backend.limits.endpoint import EndpointLimits
from backend.limits.limiter import Limiter
from backend.process.hash_pool import HashPool
from backend.routes import list_enabled
from backend.storage.change_feed.feed import ChangeFeed, open_feed
from backend.storage.clock_check import ClockCheck
from backend.storage.opening.data_dir import open_data_dir
from backend.storage.opening.server import OpenDatabase, open_database
from backend.storage.snapshots.snapshots import Snapshots
from backend.storage.work import Runtime, Work
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
    gates = _build_gates(settings, clock_check, link_mailer, second_factors)
    issuer = SessionIssuer(mint, gates, [link_account(on_link_account=[move_picture])])
    services: dict[type, Any] = {
        Settings: settings,
        Limiter: limiter,
        Clock: clock,
        Cookies: cookies,
        TokenMint: mint,
        SessionReader: SessionReader(runtime, pools, cookies, mint, cache, feed, limiter),
        Accounts: _build_accounts(runtime, issuer, limiter, link_mailer, closing),
        SessionIssuer: issuer,
        LinkMailer: link_mailer,
        EmailOtp: EmailOtp.of(keyring, link_mailer),
        Mailer: mailer,
        TwoFactor: second_factors,
        ProviderSignIn: _build_providers(runtime, keyring, issuer, link_mailer, closing),
        **_build_operations(runtime, clock_check, feed, second_factors.sealer, closing),
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


def _build_providers(
    runtime: Runtime,
    keyring: Keyring,
    issuer: SessionIssuer,
    link_mailer: LinkMailer,
    closing: ExitStack,
) -> ProviderSignIn:
    providers = Providers(runtime.settings.providers, runtime.clock)
    closing.callback(providers.close)
    vault = TokenVault(Sealer(keyring, "provider-tokens"))
    hooks = [mail_at_sign_up(link_mailer)]
    return ProviderSignIn(providers, vault, issuer, link_mailer.mailer, hooks)


def _build_operations(
    runtime: Runtime,
    clock_check: ClockCheck,
    feed: ChangeFeed,
    sealer: Sealer,
    closing: ExitStack,
) -> dict[type, Any]:
    """Build the services that watch over the server, and the demo of a stream."""
    tasks = [build_removal_of_abandoned(runtime), build_resealing(runtime, sealer)]
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


def _build_gates(
    settings: Settings, clock_check: ClockCheck, link_mailer: LinkMailer, second_factors: TwoFactor
) -> Sequence[Gate]:
    """Return the checks before a session is issued, in order, and the methods they apply to."""
    of_users = frozenset(Method) - {Method.IMPERSONATION}
    as_better_auth = of_users - {Method.PASSKEY, Method.PROVIDER}
    proved = of_users if settings.strict else as_better_auth
    gates = [
        Gate(refuse_others_in_panel, {Method.PASSWORD, Method.USERNAME}),
        Gate(refuse_banned(clock_check)),
        Gate(refuse_unverified(link_mailer), proved),
    ]
    if settings.anonymous_sign_in:
        gates.append(Gate(note_anonymous_user, LINKED_METHODS))
    if settings.two_factor:
        challenged = challenged_methods(strict=settings.strict)
        gates.append(Gate(ask_second_factor(second_factors), challenged))
    return gates


def _build_accounts(
    runtime: Runtime,
    issuer: SessionIssuer,
    limiter: Limiter,
    link_mailer: LinkMailer,
    closing: ExitStack,
) -> Accounts:
    settings = runtime.settings
    hasher = PasswordHasher(settings.bcrypt_rounds)
    _test_hash_library()
    rules = PasswordRules.from_settings(settings)
    with Work(runtime, SYSTEM) as work:
        ensure_first_admin(work, hasher, rules)
    breached = BreachedPasswords(settings.breached_passwords_url, runtime.clock)
    closing.callback(breached.close)
    hashes = HashPool(
        hasher,
        threads=settings.hash_threads,
        nice=settings.hash_nice,
        before_check=HashCostScan(runtime.database, hasher).run,
        check_new=breached.check_new,
    )
    closing.callback(hashes.close)
    return Accounts(
        hashes,
        rules,
        limiter,
        issuer,
        link_mailer.link_tokens,
        refuse_unverified(link_mailer),
        on_sign_up=[mail_at_sign_up(link_mailer)],
        before_removal=[before_removal],
    )


@cache  # every application of this process uses the same one
def _test_hash_library() -> None:
    PasswordHasher(MIN_ROUNDS).self_test()


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
