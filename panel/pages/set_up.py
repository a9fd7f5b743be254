"""Set-up: the way from nothing to a deployment that lasts, step by step."""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from panel.given import PanelSettings
from panel.markup import Html, badge, heading, link, text
from panel.steps import File, Known, Line, Step, steps
from panel.tools import Asked, Tools
from panel.wiring import on
from panel.words import common
from panel.words import set_up as words

_PASSWORD_KINDS = ["password_changed", "password_reset", "password_set"]
_EVENTS = 25
_SPACE_SETTINGS = "https://huggingface.co/spaces/{}/settings"


def build(blocks: gr.Blocks, tools: Tools) -> None:
    """Lay out the page."""
    with gr.Row(elem_classes="titled"):
        gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
        refresh = gr.Button(common.REFRESH, size="sm", min_width=90)
    walk = gr.Markdown(elem_id="steps", latex_delimiters=[], min_height=400)
    on(tools, [blocks.load, refresh.click], look, None, walk)


async def look(tools: Tools, asked: Asked) -> Html:
    """Return every step as it stands now."""
    return walk(steps(await _known(tools, asked)), tools.settings)


async def _known(tools: Tools, asked: Asked) -> Known:
    get, owner = tools.api.get, asked.owner
    status = await get(owner, "/api/admin/status")
    ready = (await tools.api.call(owner.visitor, "GET", "/ready")).json()
    me = (await get(owner, "/api/auth/get-session", disableRefresh=True))["user"]
    changes = await get(
        owner, "/api/admin/events", user=me["id"], kind=_PASSWORD_KINDS, limit=_EVENTS
    )
    return Known(
        status,
        ready,
        tools.settings,
        tools.randomness,
        tools.clock.now(),
        me["email"],
        me["id"],
        any(_is_of(each, me["id"]) for each in changes["events"]),
    )


def _is_of(event: dict[str, Any], user_id: str) -> bool:
    return bool((event["subject"] or event["actor"]) == user_id)


def walk(taken: Sequence[Step], settings: PanelSettings) -> Html:
    """Return the steps as a list; those that are done are folded."""
    left = [each for each in taken if each.mood != "good"]
    worst = "bad" if any(each.mood == "bad" for each in left) else "turn"
    verdict = badge(words.left(len(left)), worst) if left else badge(words.ALL_DONE, "good")
    shown = "".join(_step(number, each, settings) for number, each in enumerate(taken, 1))
    return (
        f"<p class='verdict'>{verdict}</p><div class='walk'>{shown}</div>"
        f"<p>{words.CHECK} {link(words.TO_CHECKS, 'checks')}</p>"
    )


def _step(number: int, step: Step, settings: PanelSettings) -> Html:
    state = badge(words.STATES[step.mood], words.MOODS[step.mood])
    parts = [f"<p><b>{text(step.sentence)}</b></p><p>{step.how}</p>"]
    if step.lines:
        parts += [_where(settings), _lines(step.lines, settings)]
    if step.others:
        parts += [f"<p>{text(step.alternative)}</p>", _lines(step.others, settings)]
    if step.files:
        parts += [f"<p>{text(step.app)}</p>", *map(_file, step.files)]
    return (
        f"<details class='card todo'{'' if step.mood == 'good' else ' open'}>"
        f"<summary><span class='number'>{number}</span> <b>{text(step.name)}</b> {state}</summary>"
        f"{''.join(parts)}</details>"
    )


def _where(settings: PanelSettings) -> Html:
    if not settings.space_id:
        return f"<p class='soft'>{text(words.ELSEWHERE)}</p>"
    address = escape(_SPACE_SETTINGS.format(settings.space_id))
    opens = f"<a href='{address}' target='_blank' rel='noreferrer'>{words.OPEN_SETTINGS}</a>"
    return f"<p>{text(words.ON_A_SPACE)} {opens}</p>"


def _lines(lines: Sequence[Line], settings: PanelSettings) -> Html:
    """Return settings to copy: on a Space each value by itself, elsewhere as lines of a file."""
    if not settings.space_id:
        return _copied("\n".join(f"{each.name}={_quoted(each.value)}" for each in lines))
    return "".join(
        f"<p>{words.SECRET_KIND if each.secret else words.VARIABLE_KIND} "
        f"<code>{text(each.name)}</code></p>{_copied(each.value)}"
        for each in lines
    )


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


def _file(file: File) -> Html:
    title = f"<summary><code>{text(file.name)}</code></summary>"
    return f"<details class='file'>{title}{_copied(file.content, 'typescript')}</details>"


def _copied(content: str, language: str = "") -> Html:
    """Return a text with a button that copies it: Markdown gives one to what stands in a fence."""
    return f"\n\n````{language}\n{content.rstrip()}\n````\n\n"
