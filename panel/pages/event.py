"""One event, with everything known about it, and the log lines of its request."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from panel import trail, when
from panel.devices import device
from panel.markup import Html, badge, empty, isolated, link, pairs, short
from panel.tools import Asked, Tools
from panel.trail import Event
from panel.visitor import Owner
from panel.words import events as words

_LINES = 200
_MOODS = {"warning": "turn", "error": "bad", "critical": "bad"}
_LONG = 300  # characters from which a value of the log has lines of its own


def build() -> list[Any]:
    """Lay out what is shown where the page's address names an event; returns its outputs."""
    gr.Markdown(f"<p>{link('← ' + words.BACK, 'events')}</p>")
    return [gr.Markdown(elem_id=name, latex_delimiters=[]) for name in ("event", "event-log")]


async def look(tools: Tools, asked: Asked) -> tuple[Html, Html]:
    """Show the event that the page's address names, and what the log says of its request."""
    wanted = asked.query.get("id", "")
    page = await tools.api.get(asked.owner, "/api/admin/events", id=wanted, limit=1)
    if not page["events"]:
        request_id = asked.query.get("requestId", "")
        log = await log_of(tools, asked.owner, request_id) if request_id else ""
        return empty(words.GONE, words.GONE_HINT), log
    event = page["events"][0]
    log = await log_of(tools, asked.owner, event["requestId"])
    return about(event, page["emails"], tools), log


def about(event: Event, emails: Mapping[str, str], tools: Tools) -> Html:
    """Return everything that is known of an event."""
    rows = [
        (words.WHEN, when.both(event["at"], tools.clock.now())),
        (words.SUBJECT, trail.named(event["subject"], emails)),
        (words.ACTOR, trail.named(event["actor"], emails) if event["actor"] else _nobody()),
        (words.IMPERSONATOR, trail.named(event["impersonatedBy"], emails)),
        (words.ADDRESS_OF, short(event["address"]) or words.UNKNOWN_ADDRESS),
        (words.DEVICE, short(device(event["agent"]))),
        (words.AGENT, isolated(event["agent"], 1000) if event["agent"] else words.SAYS_NOTHING),
        (words.REQUEST_OF, _code(event["requestId"])),
        *trail.details(event),
        (words.KIND, _code(event["kind"])),
        (words.ID, _code(event["id"])),
    ]
    nobody = {words.SUBJECT: "subject", words.IMPERSONATOR: "impersonatedBy"}
    told = [(name, it) for name, it in rows if name not in nobody or event[nobody[name]]]
    said = json.dumps(event, indent=2, ensure_ascii=False)
    return (
        f"<div class='card'><h1>{trail.what(event)}</h1>{pairs(told)}"
        f"<details><summary>{words.AS_JSON}</summary>{_lines(said)}</details>"
        f"{_see_also(event, emails)}</div>"
    )


async def log_of(tools: Tools, owner: Owner, request_id: str) -> Html:
    """Return the log lines of a request in the order they were written, or where to look else."""
    found = await tools.api.get(owner, "/api/admin/log", requestId=request_id, limit=_LINES)
    if not found["lines"]:
        return f"<h2>{words.LOG}</h2>{empty(words.NO_LINES, words.NO_LINES_HINT)}"
    lines = "".join(_line(each) for each in reversed(found["lines"]))
    return f"<h2>{words.LOG}</h2><ol class='log'>{lines}</ol>"


def _line(line: Mapping[str, Any]) -> Html:
    then = when.moment(line["at"])
    fields = {name: _said(value) for name, value in line["fields"].items() if value is not None}
    brief = " ".join(
        f"<span class='field'><i>{short(name)}</i> {isolated(value, _LONG)}</span>"
        for name, value in fields.items()
        if not _is_long(value)
    )
    long = "".join(
        f"<p class='soft'>{short(name)}</p>{_lines(value)}"
        for name, value in fields.items()
        if _is_long(value)
    )
    at = f"{then:%H:%M:%S}.{then.microsecond // 1000:03} UTC"
    return (
        f"<li><p><time title='{when.exact(then)}'>{at}</time> "
        f"{badge(line['level'], _MOODS.get(line['level'], ''))} <b>{isolated(line['event'], _LONG)}"
        f"</b></p><p>{brief}</p>{long}</li>"
    )


def _said(value: str | float | bool) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_long(value: str) -> bool:
    return len(value) > _LONG or "\n" in value


def _lines(value: str) -> Html:
    """Return a text with its lines as they are: an empty one must not end the HTML."""
    return (
        f"<pre class='sent'>{escape(value).replace('$', '&#36;').replace(chr(10), '&#10;')}</pre>"
    )


def _nobody() -> Html:
    return f"<span class='soft'>{words.NOT_SIGNED_IN}</span>"


def _code(value: str) -> Html:
    return f"<code>{short(value, 200)}</code>"


def _see_also(event: Event, emails: Mapping[str, str]) -> Html:
    who = [event["subject"], event["actor"], event["impersonatedBy"]]
    every = [
        link(words.all_of(isolated(emails[user], 60)), "events", user=user)
        for user in dict.fromkeys(who)
        if user in emails
    ]
    if event["requestId"]:
        every.append(link(words.ALL_OF_REQUEST, "events", requestId=event["requestId"]))
    if event["address"]:
        every.append(link(words.ALL_OF_ADDRESS, "events", address=event["address"]))
        every.append(link(words.SESSIONS_OF_ADDRESS, "sessions", address=event["address"]))
    listed = "".join(f"<li>{each}</li>" for each in every)
    return f"<h2>{words.SEE}</h2><ul class='see'>{listed}</ul>"
