"""The Tester's journeys: one click, and each step is a line that can be opened."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import gradio as gr

from panel.pages.tester.admins_only import admins_only
from panel.pages.tester.journey_view import walked
from panel.pages.tester.results import Manner, Stand
from panel.services import Asked, Tools
from panel.tester import journey_words as words
from panel.tester.journey_steps import JOURNEYS
from panel.tester.journeys import Journey, Progress, walk
from panel.ui.markup import soft
from panel.ui.wiring import Handler, Updates, on


class Journeys:
    """The choice, the button and the place of the steps."""

    def __init__(self) -> None:
        titles = [journey.title for journey in JOURNEYS]
        gr.Markdown(soft(words.LEAD))
        self.which = gr.Radio(titles, value=titles[0], label=words.STORY, elem_id="journey")
        self.start = gr.Button(words.START, variant="primary", size="md", elem_id="start-journey")
        self.steps = gr.Markdown(elem_id="steps", latex_delimiters=[])

    def wire(self, tools: Tools, stand: Stand) -> None:
        """Let the button start the journey that is chosen."""
        outputs = [self.steps, stand.browsers.chosen, *stand.state, stand.history]
        on(tools, self.start.click, self.starts(stand), [self.which, *stand.manner], outputs)

    def starts(self, stand: Stand) -> Handler:
        """Return the handler that walks a journey, and shows what it does to the page."""

        async def started(
            tools: Tools, asked: Asked, title: str, *manner: Any
        ) -> AsyncIterator[Updates]:
            await admins_only(tools, asked)
            how = Manner.of(*manner)
            journey = next(each for each in JOURNEYS if each.title == title)
            async with aclosing(run(journey, tools, asked)) as walking:
                async for progress in walking:
                    names = tools.tester.browser_names(asked.owner)
                    here = how if how.browser in names else replace(how, browser=names[0])
                    yield {
                        self.steps: walked(progress, reveal=how.reveal),
                        stand.browsers.chosen: gr.Radio(names, value=here.browser),
                        **stand.show_state(tools, asked, here),
                        **stand.show_history(tools, asked),
                    }

        return started


def run(journey: Journey, tools: Tools, asked: Asked) -> AsyncGenerator[Progress, None]:
    """Walk a journey as the admin who asks."""
    return walk(
        journey,
        asked.owner,
        tester=tools.tester,
        api=tools.api,
        randomness=tools.randomness,
    )
