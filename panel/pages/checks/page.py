"""The Checks: the doctor on this deployment, with its progress, its findings and their mending."""

from collections.abc import AsyncIterator
from fnmatch import fnmatchcase
from typing import Any

import gradio as gr

from doctor import Admin, Deployment
from doctor.check import Check
from doctor.checks import CHECKS
from doctor.client.secret_text import SecretText
from doctor.deployment import BadUrl, normalize_origin
from doctor.report.table import heading_of
from doctor.selection import select_checks
from panel.client.doctor_run import DoctorRun
from panel.client.loopback import is_this_machine, listens_at
from panel.pages.checks import findings, words
from panel.ports import PanelSettings
from panel.services import PageContext, Services
from panel.ui.layout import Components
from panel.ui.markup import heading, soft
from panel.ui.wiring import Updates, error_toast, on

_EVERYTHING, _DIRECTLY = "", ""


class Checks(Components):
    """The page."""

    def __init__(self, start: gr.Button, stop: gr.Button) -> None:
        self.start, self.stop = start, stop
        self.verdict = gr.Markdown(elem_id="verdict", latex_delimiters=[], min_height=120)
        self.found = gr.Markdown(elem_id="findings", latex_delimiters=[])
        along = gr.Accordion(words.TAKE_ALONG, open=False, visible=False, elem_id="along")
        with along as self.along:
            self.as_text, self.as_json = (
                gr.Code(
                    label=label, language=language, interactive=False, lines=12, max_lines=24,
                    show_line_numbers=False, wrap_lines=True, buttons=["copy"],
                )
                for label, language in ((words.AS_TEXT, None), (words.AS_JSON, "json"))
            )  # fmt: skip

    async def on_start(
        self, services: Services, context: PageContext, way: str, part: str, frontend: str
    ) -> AsyncIterator[Updates]:
        """Begin an examination and show it; if one is under way, show that."""
        apps = (await services.api.get(context.owner, "/api/admin/status"))["frontendUrls"]
        where = deployment(services, context, way, _app(frontend, apps))
        checks = chosen(where, part)
        if part and part not in {heading_of(each.name) for each in checks}:
            raise error_toast(words.NEEDS_APP)
        services.doctor_runner.start(where, checks, context.owner.email)
        async for step in self.watch(services, context):
            yield step

    async def watch(self, services: Services, context: PageContext) -> AsyncIterator[Updates]:
        """Show the latest examination, and again as it goes on."""
        # Findings are kept in this process, so the API is called first to refuse plain users.
        await services.api.get(context.owner, "/api/admin/status")
        async for run in services.doctor_runner.watch():
            yield self._updates(services, run)

    def _updates(self, services: Services, run: DoctorRun | None) -> Updates:
        is_running = services.doctor_runner.is_running
        finished = run if run is not None and run.is_finished else None
        return {
            self.verdict: findings.render_verdict(run, services.clock.now()),
            self.found: findings.render_findings(run),
            self.start: gr.Button(interactive=not is_running),
            self.stop: gr.Button(
                interactive=is_running and run is not None and not run.is_stopping
            ),
            self.along: gr.Accordion(visible=finished is not None),
            self.as_text: findings.as_text(finished) if finished else "",
            self.as_json: findings.as_json(finished) if finished else "",
        }


def build(blocks: gr.Blocks, services: Services) -> Checks:
    """Lay out the page."""
    gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
    way, part, frontend, start, stop = _form(services.settings)
    page = Checks(start, stop)
    on(services, blocks.load, on_load, None, frontend)
    on(services, blocks.load, page.watch, None, page.outputs)
    on(services, start.click, page.on_start, [way, part, frontend], page.outputs)
    on(services, stop.click, on_stop)
    return page


def _form(settings: PanelSettings) -> tuple[Any, ...]:
    ways = [(words.DIRECTLY, _DIRECTLY)]
    ways += [(words.from_outside(url), url) for url in public_urls(settings)]
    parts = [(words.EVERYTHING, _EVERYTHING), *((each, each) for each in groups())]
    with gr.Row(elem_classes="filters"):
        way = gr.Dropdown(
            ways,
            value=_DIRECTLY,
            label=words.WAY,
            filterable=False,
            visible=len(ways) > 1,
            min_width=240,
            elem_id="way",
        )
        part = gr.Dropdown(
            parts, value=_EVERYTHING, label=words.PART, filterable=False, min_width=240
        )
        frontend = gr.Textbox(
            label=words.FRONTEND, placeholder=words.FRONTEND_HINT, max_lines=1, min_width=240
        )
    gr.Markdown(soft(words.DIRECTLY_HINT), visible=len(ways) > 1)
    with gr.Row(elem_classes="starts"):
        start = gr.Button(words.START, variant="primary", size="md", min_width=160)
        stop = gr.Button(words.STOP, size="md", min_width=100, interactive=False)
    return way, part, frontend, start, stop


async def on_load(services: Services, context: PageContext) -> str:
    """Fill in the first app that has one address and not a pattern of many."""
    apps = (await services.api.get(context.owner, "/api/admin/status"))["frontendUrls"]
    return next((url for url in apps if "*" not in url and not is_this_machine(url)), "")


async def on_stop(services: Services, context: PageContext) -> None:
    """End the examination that is under way. It cleans up, and whoever watches sees run."""
    await services.api.get(context.owner, "/api/admin/status")
    services.doctor_runner.stop()


def deployment(services: Services, context: PageContext, way: str, app: str | None) -> Deployment:
    """Return what the doctor examines: this server, reached directly or from outside."""
    inside = way not in public_urls(services.settings)
    return Deployment(
        services.settings.base_url if inside else way,
        frontend=app,
        admin=Admin(session=SecretText(context.owner.visitor.token or "")),
        address=listens_at(services.settings) if inside else None,
        runs_on_server=inside,
    )


def chosen(where: Deployment, part: str) -> tuple[Check, ...]:
    """Return the checks of a part, which is a heading or everything, and what they need."""
    names = [each.name for each in CHECKS if heading_of(each.name) == part]
    made = select_checks(where, names)
    return made if where.frontend else tuple(each for each in made if not _needs_app(each))


def groups() -> list[str]:
    """Return the headings of all checks, in order."""
    return list(dict.fromkeys(heading_of(each.name) for each in CHECKS))


def public_urls(settings: PanelSettings) -> list[str]:
    """Return the addresses of this server that are worth trying from outside."""
    return [normalize_origin(url) for url in settings.own_origins if not is_this_machine(url)]


def _needs_app(check: Check) -> bool:
    return check.name.startswith("frontend.")


def _app(text: str, apps: list[str]) -> str | None:
    """Return the app's origin; refuses what FRONTEND_URL does not name.

    The server itself calls run, and must not be led to whatever else lies in its network (SSRF,
    ASVS 1.3.6).
    """
    if not text.strip():
        return None
    try:
        url = normalize_origin(text)
    except BadUrl as error:
        raise error_toast(str(error)) from None
    if not any(fnmatchcase(url.lower(), each.lower()) for each in apps):
        raise error_toast(words.NOT_OURS.format(url))
    return url
