"""A short stream of events, which ends early when its reader is signed out meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from backend.features.stream_demo.wire import Ended, Tick
from backend.kernel.clock import Clock

EVENTS = 5
SECONDS_APART = 0.2


@dataclass(slots=True)
class Ticker:
    """Tells the time a few times over."""

    clock: Clock
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def ticks(
        self, is_signed_in: Callable[[], Awaitable[bool]]
    ) -> AsyncGenerator[bytes, None]:
        """Yield events; asks before each whether its reader may still have it (ASVS 7.4.1)."""
        for number in range(1, EVENTS + 1):
            if number > 1:
                await self.pause(SECONDS_APART)
            if not await is_signed_in():
                yield Ended(reason="signed-out").as_event()
                return
            yield Tick(number=number, sent_at=self.clock.now()).as_event()
