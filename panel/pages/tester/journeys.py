"""The Tester's journeys: one click, and each step is a line that can be opened."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import gradio as gr

from panel.pages.tester.admins_only import admins_only
from panel.pages.tester.journey_view import render_progress
from panel.pages.tester.results import TesterView, ViewOptions
from panel.services import PageContext, Services
from panel.tester.journeys import words
from panel.tester.journeys.runner import Journey, Progress, run_journey
from panel.tester.journeys.steps import JOURNEYS
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

    def wire(self, services: Services, view: TesterView) -> None:
        """Let the button start the journey that is chosen."""
        outputs = [self.steps, view.browsers.chosen, *view.state, view.history]
        on(
            services,
            self.start.click,
            self.start_handler(view),
            [self.which, *view.option_inputs],
            outputs,
        )

    def start_handler(self, view: TesterView) -> Handler:
        """Return the handler that walks a journey, and shows what it does to the page."""

        async def started(
            services: Services, context: PageContext, title: str, *inputs: Any
        ) -> AsyncIterator[Updates]:
            await admins_only(services, context)
            options = ViewOptions.from_inputs(*inputs)
            journey = next(each for each in JOURNEYS if each.title == title)
            async with aclosing(run(journey, services, context)) as walking:
                async for progress in walking:
                    names = services.tester.browser_names(context.owner)
                    here = (
                        options if options.browser in names else replace(options, browser=names[0])
                    )
                    yield {
                        self.steps: render_progress(progress, reveal=options.reveal),
                        view.browsers.chosen: gr.Radio(names, value=here.browser),
                        **view.show_state(services, context, here),
                        **view.show_history(services, context),
                    }

        return started


def run(
    journey: Journey, services: Services, context: PageContext
) -> AsyncGenerator[Progress, None]:
    """Walk a journey as the admin who asks."""
    return run_journey(
        journey,
        context.owner,
        tester=services.tester,
        api=services.api,
        randomness=services.randomness,
    )
