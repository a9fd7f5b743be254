"""One event, and the log lines of its request."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import gradio as gr

from panel.pages.events import audit_table, words
from panel.pages.events.audit_table import EventJson
from panel.services import PageContext
from panel.ui import timestamps
from panel.ui.layout import Components, back_link
from panel.ui.markup import (
    Markup,
    badge,
    empty_state,
    isolate,
    link,
    pairs,
    see_also,
    shorten,
    soft,
    verbatim,
)
from panel.ui.user_agents import describe_device
from panel.ui.wiring import Updates

_LINES = 200
_SEVERITIES = {"warning": "warn", "error": "bad", "critical": "bad"}
_LONG = 300  # characters from which a value of the log has lines of its own


class EventDetail(Components):
    """The page of one event."""

    def __init__(self) -> None:
        back_link(words.BACK, "events")
        self.about = gr.Markdown(elem_id="event", latex_delimiters=[])
        self.log = gr.Markdown(elem_id="event-log", latex_delimiters=[])

    async def render(self, context: PageContext) -> Updates:
        """Show the event and the log lines of its request."""
        event_id = context.query.get("id", "")
        page = await context.get("/api/admin/events", id=event_id, limit=1)
        event = next(iter(page["events"]), None)
        request_id = event["requestId"] if event else context.query.get("requestId", "")
        gone = empty_state(words.GONE, words.GONE_HINT)
        return {
            self.about: render_event(event, page["emails"], context.now()) if event else gone,
            self.log: await render_log(context, request_id),
        }


def render_event(event: EventJson, emails: Mapping[str, str], now: datetime) -> Markup:
    """Return everything known about an event."""
    rows = [
        (words.WHEN, timestamps.render_both(event["at"], now)),
        (words.SUBJECT, audit_table.user_link(event["subject"], emails)),
        (words.ACTOR, _actor(event, emails)),
        (words.IMPERSONATOR, audit_table.user_link(event["impersonatedBy"], emails)),
        (words.ADDRESS_OF, shorten(event["address"]) or words.UNKNOWN_ADDRESS),
        (words.DEVICE, shorten(describe_device(event["agent"]))),
        (words.AGENT, isolate(event["agent"], 1000) if event["agent"] else words.SAYS_NOTHING),
        (words.REQUEST_OF, _code(event["requestId"])),
        *audit_table.render_details(event),
        (words.KIND, _code(event["kind"])),
        (words.ID, _code(event["id"])),
    ]
    optional = {words.SUBJECT: "subject", words.IMPERSONATOR: "impersonatedBy"}
    facts = [(name, it) for name, it in rows if name not in optional or event[optional[name]]]
    payload = json.dumps(event, indent=2, ensure_ascii=False)
    return Markup(
        "<div class='card'><h1>{}</h1>{}<details><summary>{}</summary>{}</details>{}</div>"
    ).format(
        audit_table.render_kind(event),
        pairs(facts),
        words.AS_JSON,
        _lines(payload),
        _see_also(event, emails),
    )


async def render_log(context: PageContext, request_id: str) -> Markup:
    """Return the log lines of a request, oldest first, or a hint where else to look.

    Empty without a request.
    """
    if not request_id:
        return Markup()
    payload = await context.get("/api/admin/log", requestId=request_id, limit=_LINES)
    lines = Markup().join(_line(each) for each in reversed(payload["lines"]))
    log = Markup("<ol class='log'>{}</ol>").format(lines)
    content = log if lines else empty_state(words.NO_LINES, words.NO_LINES_HINT)
    return Markup("<h2>{}</h2>{}").format(words.LOG, content)


def _line(line: Mapping[str, Any]) -> Markup:
    then = timestamps.parse(line["at"])
    fields = {name: _to_text(value) for name, value in line["fields"].items() if value is not None}
    short_fields = Markup(" ").join(
        Markup("<span class='field'><i>{}</i> {}</span>").format(shorten(name), isolate(it, _LONG))
        for name, it in fields.items()
        if not _is_long(it)
    )
    long_fields = Markup().join(
        soft(shorten(name)) + _lines(it) for name, it in fields.items() if _is_long(it)
    )
    at = f"{then:%H:%M:%S}.{then.microsecond // 1000:03} UTC"
    level = badge(line["level"], _SEVERITIES.get(line["level"], ""))
    name = isolate(line["event"], _LONG)
    return Markup("<li><p><time title='{}'>{}</time> {} <b>{}</b></p><p>{}</p>{}</li>").format(
        timestamps.format_exact(then), at, level, name, short_fields, long_fields
    )


def _to_text(value: str | float | bool) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_long(value: str) -> bool:
    return len(value) > _LONG or "\n" in value


def _lines(value: str) -> Markup:
    """Return preformatted text."""
    return Markup("<pre class='sent'>{}</pre>").format(verbatim(value))


def _actor(event: EventJson, emails: Mapping[str, str]) -> Markup:
    if event["actor"]:
        return audit_table.user_link(event["actor"], emails)
    return Markup("<span class='soft'>{}</span>").format(words.NOT_SIGNED_IN)


def _code(value: str) -> Markup:
    return Markup("<code>{}</code>").format(shorten(value, 200))


def _see_also(event: EventJson, emails: Mapping[str, str]) -> Markup:
    users = [event["subject"], event["actor"], event["impersonatedBy"]]
    links = [
        link(words.ALL_OF.format(isolate(emails[user], 60)), "events", user=user)
        for user in dict.fromkeys(users)
        if user in emails
    ]
    if event["requestId"]:
        links.append(link(words.ALL_OF_REQUEST, "events", requestId=event["requestId"]))
    if event["address"]:
        links.append(link(words.ALL_OF_ADDRESS, "events", address=event["address"]))
        links.append(link(words.SESSIONS_OF_ADDRESS, "sessions", address=event["address"]))
    return see_also(words.SEE, links)
