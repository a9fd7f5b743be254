"""A short stream of events that ends early when its caller is signed out."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from backend.features.stream_demo.wire import Ended, Tick
from backend.kernel.clock import Clock

EVENTS = 5
SECONDS_APART = 0.2


@dataclass(slots=True)
class Ticker:
    """Sends the time a few times."""

    clock: Clock
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def ticks(
        self, is_signed_in: Callable[[], Awaitable[bool]]
    ) -> AsyncGenerator[bytes, None]:
        """Yield events; checks the session before each (ASVS 7.4.1)."""
        for number in range(1, EVENTS + 1):
            if number > 1:
                await self.pause(SECONDS_APART)
            if not await is_signed_in():
                yield Ended(reason="signed-out").as_event()
                return
            yield Tick(number=number, sent_at=self.clock.now()).as_event()
