"""The composition root: settings, then storage, then capabilities, then the walls around them.

The only file that knows everyone.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from backend import __version__
from backend.features.accounts import routes as accounts
from backend.features.accounts.service import Accounts, Gates
from backend.features.admin.bans import refuse_banned
from backend.features.admin.first_admin import ensure_first_admin
from backend.features.health import routes as health
from backend.features.health.routes import ReadinessProbe
from backend.features.landing import routes as landing
from backend.features.sessions import routes as sessions
from backend.features.sessions.cache import SessionCache
from backend.features.sessions.reader import SessionReader
from backend.kernel.client import NOBODY
from backend.kernel.clock import Clock, SystemClock
from backend.kernel.hashing import HashPool
from backend.kernel.passwords import PasswordHasher, PasswordRules
from backend.kernel.randomness import Randomness, SystemRandomness
from backend.kernel.secret_key import keyring_for
from backend.kernel.settings import Settings
from backend.kernel.tokens import TokenMint
from backend.storage.addresses import database_url, direct_url
from backend.storage.engine import Database
from backend.storage.migrate import migrate
from backend.storage.work import Work, Workshop
from backend.web.answers import NOT_FOUND, messages
from backend.web.client_address import ClientAddresses
from backend.web.cookies import Cookies
from backend.web.cors import Cors
from backend.web.endpoint import AUTH, Endpoint
from backend.web.headers import SecurityHeaders
from backend.web.house import House, Pools
from backend.web.limits import Limits
from backend.web.logs import log_event
from backend.web.origins import TrustedOrigins
from backend.web.request_log import RequestLog
from backend.web.routes import Routes

CAPABILITIES = [sessions.routes, accounts.routes, health.routes, landing.routes]


class AlwaysProven:
    state = "cached"

    def proven(self) -> bool:
        return True


def create_app(
    settings: Settings, *, clock: Clock | None = None, randomness: Randomness | None = None
) -> FastAPI:
    """Build the API. Opens and migrates the database; serves once its lifespan has begun."""
    clock, randomness = clock or SystemClock(), randomness or SystemRandomness()
    keyring = keyring_for(settings, randomness)
    url = database_url(settings)
    migrate(direct_url(settings) or url)
    database = Database(url, clock)
    cache = SessionCache(settings.session_cache_size)
    feed = AlwaysProven()
    workshop = Workshop(database, clock, randomness, settings, cache.forget_all_of, log_event)
    hasher = PasswordHasher(settings.bcrypt_rounds)
    hasher.prove()
    rules = PasswordRules(settings.password_min, settings.password_max, settings.strict)
    with Work(workshop, NOBODY) as work:
        ensure_first_admin(work, hasher, rules)
    hashes = HashPool(hasher, threads=settings.hash_threads, nice=settings.hash_nice)
    cookies = Cookies(keyring, secure=settings.secure_cookies)
    mint = TokenMint(keyring)
    limits = Limits(settings, clock)
    services = {
        Settings: settings,
        Cookies: cookies,
        TokenMint: mint,
        SessionReader: SessionReader(settings, cookies, mint, cache, feed),
        Accounts: Accounts(hashes, rules, mint, limits, Gates([refuse_banned])),
        ReadinessProbe: ReadinessProbe(database, clock, lambda: feed.state),
    }
    house = House(
        workshop=workshop,
        addresses=ClientAddresses(settings.trusted_proxies, settings.frontend_proxy_key),
        origins=TrustedOrigins(settings.trusted_origins),
        limits=limits,
        pools=Pools(settings),
        services=services,
    )
    services[House] = house

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        house.pools.close()
        hashes.close()
        database.close()

    app = FastAPI(
        title=settings.app_name,
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.house = house
    _add_routes(app, house)
    app.add_middleware(Cors, origins=house.origins)
    app.add_middleware(SecurityHeaders, https=settings.base_url.startswith("https://"))
    app.add_middleware(RequestLog, randomness=randomness)
    return app


def _add_routes(app: FastAPI, house: House) -> None:
    for capability in CAPABILITIES:
        _add_capability(app, capability, house)
    app.router.add_route(AUTH + "/{rest:path}", _NotFound())  # type: ignore[arg-type]


def _add_capability(app: FastAPI, capability: Routes, house: House) -> None:
    app.router.routes.extend(Endpoint(declared, house) for declared in capability.declared)


class _NotFound:
    """Answers every other path and method below the API's base: an empty 404, never 405."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages(NOT_FOUND, []):
            await send(message)
