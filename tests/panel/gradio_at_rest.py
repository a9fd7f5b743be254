"""Prints for how long Gradio sleeps between its looks, while nobody uses the panel: python -m ...

In a process of its own, as gradio_routes is.
"""

import asyncio
import json
import sys
from typing import Any

from tests.panel.gradio_routes import gradio_app

_LOOKS = 20


async def pauses() -> list[float]:
    """The seconds Gradio asked to sleep for, each time, from its start on."""
    requests: list[float] = []
    seen_enough = asyncio.Event()
    sleep = asyncio.sleep

    async def noted(seconds: float, *result: Any) -> Any:
        requests.append(seconds)
        if len(requests) == _LOOKS:
            seen_enough.set()
        return await sleep(seconds, *result)

    app = gradio_app()
    asyncio.sleep = noted
    async with app.router.lifespan_context(app):
        await seen_enough.wait()
    return requests


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(pauses())))
