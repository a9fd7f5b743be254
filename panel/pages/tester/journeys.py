"""The Tester's journeys: started by one click, shown step by step."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import gradio as gr

from panel.pages.tester.journey_view import render_progress
from panel.pages.tester.require_admin import require_admin
from panel.pages.tester.results import TesterView, ViewOptions
from panel.ports import PanelSettings
from panel.services import PageContext, Services
from panel.tester.journeys import words
from panel.tester.journeys.runner import Journey, Progress, run_journey
from panel.tester.journeys.steps import JOURNEYS
from panel.ui.markup import soft
from panel.ui.wiring import EventHandler, Updates, on


class Journeys:
    """The journeys to choose from, the button, and the steps."""

    def __init__(self, settings: PanelSettings) -> None:
        titles = [journey.title for journey in JOURNEYS if journey.is_offered(settings)]
        gr.Markdown(soft(words.LEAD))
        self.journey = gr.Radio(titles, value=titles[0], label=words.JOURNEY, elem_id="journey")
        self.start = gr.Button(words.START, variant="primary", size="md", elem_id="start-journey")
        self.steps = gr.Markdown(elem_id="steps", latex_delimiters=[])

    def wire(self, services: Services, view: TesterView) -> None:
        """Connect the button to the chosen journey."""
        inputs = [self.journey, *view.option_inputs]
        outputs = [self.steps, view.browsers.chosen, *view.state, view.history]
        on(services, self.start.click, self.start_handler(view), inputs, outputs)

    def start_handler(self, view: TesterView) -> EventHandler:
        """Return the handler that runs a journey and shows its progress."""

        async def handle(context: PageContext, title: str, *inputs: Any) -> AsyncIterator[Updates]:
            await require_admin(context)
            options = ViewOptions.from_inputs(*inputs)
            journey = next(each for each in JOURNEYS if each.title == title)
            async with aclosing(run(journey, context)) as steps:
                async for progress in steps:
                    names = context.services.tester.browser_names(context.admin)
                    here = options
                    if options.browser not in names:
                        here = replace(options, browser=names[0])
                    yield {
                        self.steps: render_progress(progress, reveal=options.reveal),
                        view.browsers.chosen: gr.Radio(names, value=here.browser),
                        **view.show_state(context, here),
                        **view.show_history(context),
                    }

        return handle


def run(journey: Journey, context: PageContext) -> AsyncGenerator[Progress, None]:
    """Run a journey as the current admin."""
    services = context.services
    return run_journey(
        journey,
        context.admin,
        tester=services.tester,
        api=services.api,
        randomness=services.randomness,
    )
