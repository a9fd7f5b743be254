"""Prints how long Gradio sleeps between its polls while the panel is not used: python -m ...

In a process of its own, as gradio_routes is.
"""

import asyncio
import json
import sys
from typing import Any

from tests.panel.gradio_routes import gradio_app

_SLEEPS = 20


async def measure_pauses() -> list[float]:
    """Return the seconds of each of Gradio's sleeps, from its start on."""
    pauses: list[float] = []
    has_enough = asyncio.Event()
    sleep = asyncio.sleep

    async def record_sleep(seconds: float, *result: Any) -> Any:
        pauses.append(seconds)
        if len(pauses) == _SLEEPS:
            has_enough.set()
        return await sleep(seconds, *result)

    app = gradio_app()
    asyncio.sleep = record_sleep
    async with app.router.lifespan_context(app):
        await has_enough.wait()
    return pauses


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(measure_pauses())))
