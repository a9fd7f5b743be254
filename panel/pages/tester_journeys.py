"""The Tester's journeys: one click, and each step is a line that can be opened."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import gradio as gr

from panel.markup import soft
from panel.pages.tester_results import Manner, history_shown, state_shown
from panel.tester.journeys import walk
from panel.tester.lock import admins_only
from panel.tester.stories import JOURNEYS
from panel.tester.told import walked
from panel.tools import Asked, Tools
from panel.words import journeys as words


def lay_out() -> tuple[gr.Radio, gr.Button, gr.Markdown]:
    """Lay out the choice, the button and the place of the steps."""
    titles = [journey.title for journey in JOURNEYS]
    gr.Markdown(soft(words.LEAD))
    which = gr.Radio(titles, value=titles[0], label=words.STORY, elem_id="journey")
    start = gr.Button(words.START, variant="primary", size="md", elem_id="start-journey")
    steps = gr.Markdown(elem_id="steps", latex_delimiters=[])
    return which, start, steps


async def started(
    tools: Tools, asked: Asked, title: str, *manner: Any
) -> AsyncIterator[tuple[Any, ...]]:
    """Walk a journey: yields its steps, the names of the browsers, their state and the history."""
    await admins_only(tools, asked)
    how = Manner.of(*manner)
    journey = next(each for each in JOURNEYS if each.title == title)
    async with aclosing(walk(journey, tools, asked)) as walking:
        async for progress in walking:
            names = tools.tester.browser_names(asked.owner)
            chosen = how.browser if how.browser in names else names[0]
            here = Manner(chosen, how.origin, how.reveal, how.way)
            yield (
                walked(progress, reveal=how.reveal),
                gr.Radio(names, value=chosen),
                *state_shown(tools, asked, here),
                history_shown(tools, asked),
            )
