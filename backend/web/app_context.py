"""What every endpoint of one server shares."""

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
_DOWNLOAD_THREADS = 2  # each piece of a download takes its turn; more would crowd the interpreter
_ORDINARY_THREADS = 8  # measured: fewer wait, more fight over the interpreter

T = TypeVar("T")


class Pools:
    """Pools of worker threads, so that neither hashes nor long downloads starve anything else."""

    def __init__(self, settings: Settings) -> None:
        hashing = settings.hash_queue + settings.hash_threads
        self.ordinary = ThreadPoolExecutor(_ORDINARY_THREADS, "work", use_batch_scheduling)
        self.passwords = ThreadPoolExecutor(hashing, "password")
        self.downloads = ThreadPoolExecutor(_DOWNLOAD_THREADS, "download", use_batch_scheduling)
        self.hash_queue = HashQueue(hashing)

    async def run(self, function: Callable[[], T], timeout: float = RESPONSE_TIMEOUT) -> T:
        """Run something in an ordinary worker thread; refuses with 503 after `timeout` seconds."""
        return await with_timeout(
            asyncio.get_running_loop().run_in_executor(self.ordinary, function), timeout
        )

    def close(self) -> None:
        """Let what runs end and start nothing more."""
        for pool in (self.ordinary, self.passwords, self.downloads):
            pool.shutdown(wait=True, cancel_futures=True)


class EndpointLimits(Protocol):
    """How often an endpoint may be called (`backend/limits`); `path` is the one it declares."""

    def cover(self, path: str) -> bool:
        """Tell whether calls are counted by client address."""

    async def check_address(self, request: RequestContext, path: str) -> None:
        """Count a call by its client address; refuses with 429 above the limit."""

    async def check_hashing(self, user_id: UUID, path: str) -> None:
        """Count a call that costs a hash by who is signed in; refuses with 429 above the limit."""


@dataclass(frozen=True, slots=True)
class AppContext:
    """Made once, in main.py. `services` holds what handlers ask for by type."""

    runtime: Runtime
    addresses: ClientAddresses
    origins: TrustedOrigins
    limits: EndpointLimits
    pools: Pools
    services: dict[type, Any]
    downloads: Downloads = field(default_factory=Downloads)


async def with_timeout(awaited: Awaitable[T], seconds: float) -> T:
    """Wait for work in a thread; refuses with 503 after `seconds`, its outcome then unknown."""
    try:
        async with asyncio.timeout(seconds):
            return await awaited
    except TimeoutError:
        raise service_unavailable(retry_after=5) from None
