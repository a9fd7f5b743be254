"""The Tester's journeys: one click, and each step is a line that can be opened."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import gradio as gr

from panel.markup import soft
from panel.pages.tester_results import Manner, Stand
from panel.tester.journeys import walk
from panel.tester.lock import admins_only
from panel.tester.stories import JOURNEYS
from panel.tester.told import walked
from panel.tools import Asked, Tools
from panel.wiring import Handler, Updates, on
from panel.words import journeys as words


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
            async with aclosing(walk(journey, tools, asked)) as walking:
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
