"""Set-up: the steps to a production deployment."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from panel.pages.set_up import providers, words
from panel.pages.set_up.setting_lines import render_lines, render_where
from panel.pages.set_up.setup_steps import AppFile, SetupState, SetupStep, build_steps
from panel.ports import PanelSettings
from panel.services import PageContext, Services
from panel.ui.layout import page_header
from panel.ui.markup import Markup, badge, code_block, link
from panel.ui.wiring import on

_PASSWORD_KINDS = ["password_changed", "password_reset", "password_set"]
_EVENTS = 25


def build(blocks: gr.Blocks, services: Services) -> None:
    """Lay out the page."""
    refresh_button = page_header(words.TITLE, words.LEAD)
    steps_list = gr.Markdown(elem_id="steps", latex_delimiters=[], min_height=400)
    providers.build(services)
    on(services, [blocks.load, refresh_button.click], render, None, steps_list)


async def render(context: PageContext) -> Markup:
    """Return every step in its current state, and the providers."""
    settings = context.services.settings
    steps = render_steps(build_steps(await _load_state(context)), settings)
    return steps + providers.render_providers(await providers.load(context), settings)


async def _load_state(context: PageContext) -> SetupState:
    status, ready = await context.get("/api/admin/status"), await context.get_ready()
    me = (await context.get("/api/auth/get-session", disableRefresh=True))["user"]
    changes = await context.get(
        "/api/admin/events", user=me["id"], kind=_PASSWORD_KINDS, limit=_EVENTS
    )
    return SetupState(
        status,
        ready,
        context.services.settings,
        context.services.randomness,
        context.now(),
        me["email"],
        me["id"],
        me["twoFactorEnabled"],
        any(_is_about(each, me["id"]) for each in changes["events"]),
    )


def _is_about(event: dict[str, Any], user_id: str) -> bool:
    return bool((event["subject"] or event["actor"]) == user_id)


def render_steps(steps: Sequence[SetupStep], settings: PanelSettings) -> Markup:
    """Return the steps as a list; finished ones are collapsed."""
    open_steps = [each for each in steps if each.severity != "good"]
    worst = "bad" if any(each.severity == "bad" for each in open_steps) else "warn"
    verdict = badge(words.ALL_DONE, "good")
    if open_steps:
        verdict = badge(words.steps_left(len(open_steps)), worst)
    items = Markup().join(_step(number, each, settings) for number, each in enumerate(steps, 1))
    return Markup("<p class='verdict'>{}</p><div class='setup-steps'>{}</div><p>{} {}</p>").format(
        verdict, items, words.CHECK, link(words.TO_CHECKS, "checks")
    )


def _step(number: int, step: SetupStep, settings: PanelSettings) -> Markup:
    state = badge(words.STATES[step.severity], step.severity)
    paragraph = Markup("<p>{}</p>")
    parts = [Markup("<p><b>{}</b></p><p>{}</p>").format(step.sentence, step.instructions)]
    if step.lines:
        parts += [render_where(settings), render_lines(step.lines, settings)]
    if step.alternative_lines:
        parts += [
            paragraph.format(step.alternative),
            render_lines(step.alternative_lines, settings),
        ]
    if step.files:
        parts += [paragraph.format(step.app), *map(_file, step.files)]
    is_open = Markup() if step.severity == "good" else Markup(" open")
    return Markup(
        "<details class='card setup-step'{}><summary><span class='number'>{}</span> <b>{}</b> {}"
        "</summary>{}</details>"
    ).format(is_open, number, step.name, state, Markup().join(parts))


def _file(file: AppFile) -> Markup:
    return Markup("<details class='file'><summary><code>{}</code></summary>{}</details>").format(
        file.name, code_block(file.content, "typescript")
    )
