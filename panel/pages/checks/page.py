"""Checks: runs the doctor on this deployment and shows progress, findings and fixes."""

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
from panel.client.loopback import is_loopback_url, local_address
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
        self.findings = gr.Markdown(elem_id="findings", latex_delimiters=[])
        export = gr.Accordion(words.EXPORT, open=False, visible=False, elem_id="export")
        with export as self.export:
            self.as_text, self.as_json = (
                gr.Code(
                    label=label, language=language, interactive=False, lines=12, max_lines=24,
                    show_line_numbers=False, wrap_lines=True, buttons=["copy"],
                )
                for label, language in ((words.AS_TEXT, None), (words.AS_JSON, "json"))
            )  # fmt: skip

    async def on_start(
        self, context: PageContext, connection: str, part: str, frontend: str
    ) -> AsyncIterator[Updates]:
        """Start a run, or show the one that is under way."""
        apps = (await context.get("/api/admin/status"))["frontendUrls"]
        target = deployment(context, connection, _parse_app(frontend, apps))
        checks = checks_under(target, part)
        if part and part not in {heading_of(each.name) for each in checks}:
            raise error_toast(words.NEEDS_APP)
        context.services.doctor_runner.start(target, checks, context.admin.email)
        async for step in self.watch(context):
            yield step

    async def watch(self, context: PageContext) -> AsyncIterator[Updates]:
        """Show the latest run, and keep updating while it is under way."""
        # Findings are kept in this process, so the API is called first to refuse plain users.
        await context.get("/api/admin/status")
        async for run in context.services.doctor_runner.watch():
            yield self._updates(context, run)

    def _updates(self, context: PageContext, run: DoctorRun | None) -> Updates:
        is_running = context.services.doctor_runner.is_running
        finished = run if run is not None and run.is_finished else None
        return {
            self.verdict: findings.render_verdict(run, context.now()),
            self.findings: findings.render_findings(run),
            self.start: gr.Button(interactive=not is_running),
            self.stop: gr.Button(
                interactive=is_running and run is not None and not run.is_stopping
            ),
            self.export: gr.Accordion(visible=finished is not None),
            self.as_text: findings.as_text(finished) if finished else "",
            self.as_json: findings.as_json(finished) if finished else "",
        }


def build(blocks: gr.Blocks, services: Services) -> Checks:
    """Lay out the page."""
    gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
    connection, part, frontend, start, stop = _form(services.settings)
    page = Checks(start, stop)
    on(services, blocks.load, on_load, None, frontend)
    on(services, blocks.load, page.watch, None, page.outputs)
    on(services, start.click, page.on_start, [connection, part, frontend], page.outputs)
    on(services, stop.click, on_stop)
    return page


def _form(settings: PanelSettings) -> tuple[Any, ...]:
    connections = [(words.DIRECTLY, _DIRECTLY)]
    connections += [(words.from_outside(url), url) for url in public_urls(settings)]
    parts = [(words.EVERYTHING, _EVERYTHING), *((each, each) for each in headings())]
    with gr.Row(elem_classes="filters"):
        connection = gr.Dropdown(
            connections,
            value=_DIRECTLY,
            label=words.CONNECTION,
            filterable=False,
            visible=len(connections) > 1,
            min_width=240,
            elem_id="connection",
        )
        part = gr.Dropdown(
            parts, value=_EVERYTHING, label=words.PART, filterable=False, min_width=240
        )
        frontend = gr.Textbox(
            label=words.FRONTEND, placeholder=words.FRONTEND_HINT, max_lines=1, min_width=240
        )
    gr.Markdown(soft(words.DIRECTLY_HINT), visible=len(connections) > 1)
    with gr.Row(elem_classes="starts"):
        start = gr.Button(words.START, variant="primary", size="md", min_width=160)
        stop = gr.Button(words.STOP, size="md", min_width=100, interactive=False)
    return connection, part, frontend, start, stop


async def on_load(context: PageContext) -> str:
    """Fill in the first frontend that is a single address, not a pattern."""
    apps = (await context.get("/api/admin/status"))["frontendUrls"]
    return next((url for url in apps if "*" not in url and not is_loopback_url(url)), "")


async def on_stop(context: PageContext) -> None:
    """Stop the current run. It cleans up first; `watch` shows that."""
    await context.get("/api/admin/status")
    context.services.doctor_runner.stop()


def deployment(context: PageContext, connection: str, app: str | None) -> Deployment:
    """Return what the doctor examines: this server, reached directly or from outside."""
    settings = context.services.settings
    inside = connection not in public_urls(settings)
    return Deployment(
        settings.base_url if inside else connection,
        frontend=app,
        admin=Admin(session=SecretText(context.admin.visitor.token or "")),
        address=local_address(settings) if inside else None,
        runs_on_server=inside,
    )


def checks_under(target: Deployment, part: str) -> tuple[Check, ...]:
    """Return the checks under a heading, or all of them, with the checks they depend on."""
    names = [each.name for each in CHECKS if heading_of(each.name) == part]
    checks = select_checks(target, names)
    return checks if target.frontend else tuple(each for each in checks if not _needs_app(each))


def headings() -> list[str]:
    """Return the headings of all checks, in order."""
    return list(dict.fromkeys(heading_of(each.name) for each in CHECKS))


def public_urls(settings: PanelSettings) -> list[str]:
    """Return this server's addresses that can be reached from outside."""
    return [normalize_origin(url) for url in settings.own_origins if not is_loopback_url(url)]


def _needs_app(check: Check) -> bool:
    return check.name.startswith("frontend.")


def _parse_app(text: str, apps: list[str]) -> str | None:
    """Return the app's origin; raises gr.Error unless FRONTEND_URL allows it.

    The server itself calls this address, and must not be made to call others in its network (SSRF,
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
