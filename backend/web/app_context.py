"""The application context: what all endpoints of one server share."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import UUID

from backend.kernel.refusals import service_unavailable
from backend.kernel.settings import Settings
from backend.process.cpu_affinity import use_batch_scheduling
from backend.process.hash_queue import HashQueue
from backend.storage.work import Runtime
from backend.web.edge.client_address import ClientAddresses
from backend.web.edge.origins import TrustedOrigins
from backend.web.request_context import RequestContext
from backend.web.responses.downloads import Downloads

RESPONSE_TIMEOUT = 5.0  # seconds for ordinary work; a stuck database must not hold callers
_DOWNLOAD_THREADS = 2  # downloads take turns, chunk by chunk; more would contend for the GIL
_PROVIDER_TIMEOUT = 30.0  # seconds, for several requests to a provider of 5 s each
_PROVIDER_THREADS = 64  # they wait more than they work; one provider holds up 16
_ORDINARY_THREADS = 8  # measured: with fewer, requests wait; more contend for the GIL

T = TypeVar("T")


class Pools:
    """Thread pools, separate so that neither hashing, downloads nor slow providers delay others."""

    def __init__(self, settings: Settings) -> None:
        hashing = settings.hash_queue + settings.hash_threads
        self.ordinary = ThreadPoolExecutor(_ORDINARY_THREADS, "work", use_batch_scheduling)
        self.passwords = ThreadPoolExecutor(hashing, "password")
        self.downloads = ThreadPoolExecutor(_DOWNLOAD_THREADS, "download", use_batch_scheduling)
        self.providers = ThreadPoolExecutor(_PROVIDER_THREADS, "provider", use_batch_scheduling)
        self.hash_queue = HashQueue(hashing)

    async def run(self, function: Callable[[], T], timeout: float = RESPONSE_TIMEOUT) -> T:
        """Run something in an ordinary worker thread; refuses with 503 after `timeout` seconds."""
        return await with_timeout(
            asyncio.get_running_loop().run_in_executor(self.ordinary, function), timeout
        )

    async def run_with_provider(self, function: Callable[[], T]) -> T:
        """Run something that asks a provider; refuses with 503 if it takes far too long."""
        job = asyncio.get_running_loop().run_in_executor(self.providers, function)
        return await with_timeout(job, _PROVIDER_TIMEOUT)

    def close(self) -> None:
        """Finish the running work and cancel the rest."""
        for pool in (self.ordinary, self.passwords, self.downloads, self.providers):
            pool.shutdown(wait=True, cancel_futures=True)


class RateLimits(Protocol):
    """The rate limits of endpoints, named by the paths they declare; see `EndpointLimits`."""

    def is_limited(self, path: str) -> bool:
        """Tell whether calls are counted by client address."""

    async def check_address(self, request: RequestContext, path: str) -> None:
        """Count a call by its client address; refuses with 429 above the limit."""

    async def check_hashing(self, user_id: UUID, path: str) -> None:
        """Count a call that costs a hash by its user; refuses with 429 above the limit."""


class CaptchaCheck(Protocol):
    """The captcha of some auth endpoints; see `Captcha`."""

    def protects(self, path: str) -> bool:
        """Tell whether an endpoint, named by its path below the base path, needs a token."""

    async def check(self, token: str, address: str) -> None:
        """Refuse unless this token of a client with this address is genuine."""


@dataclass(frozen=True, slots=True)
class AppContext:
    """Built once, in main.py. `services` are passed to handlers by the types of parameters."""

    runtime: Runtime
    addresses: ClientAddresses
    origins: TrustedOrigins
    limits: RateLimits
    captcha: CaptchaCheck
    pools: Pools
    services: dict[type, Any]
    downloads: Downloads = field(default_factory=Downloads)


async def with_timeout(awaited: Awaitable[T], seconds: float) -> T:
    """Wait for work in a thread; refuses with 503 after `seconds`, while the work may go on."""
    try:
        async with asyncio.timeout(seconds):
            return await awaited
    except TimeoutError:
        raise service_unavailable(retry_after=5) from None
