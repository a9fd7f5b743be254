"""The Outbox: every mail with its state, and its text where no mailer is set."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import gradio as gr

from panel.pages.outbox import words
from panel.services import PageContext, Services
from panel.ui import timestamps
from panel.ui.layout import page_header
from panel.ui.markup import (
    Markup,
    badge,
    code_block,
    empty_state,
    isolate,
    link,
    list_location,
    pairs,
    soft,
    verbatim,
)
from panel.ui.paging import CursorList, CursorStack, stack_from
from panel.ui.wiring import Updates, on, warn_of_unused

PAGE = 25
MailJson = dict[str, Any]
"""A mail as in `GET /api/admin/outbox`."""


class OutboxPage(CursorList):
    """The page: a note about the mailer, and the mails."""

    async def on_load(self, context: PageContext) -> Updates:
        """Show the page that the address names."""
        warn_of_unused(context, {})
        return await self.page_at(context, stack_from(context.query))

    async def page_at(self, context: PageContext, stack: CursorStack) -> Updates:
        """Show the page at the top of the stack."""
        page = await context.get("/api/admin/outbox", limit=PAGE, cursor=stack.cursor)
        stack = replace(stack, next=page["nextCursor"] or "")
        position = words.page(len(page["mails"]), first=not stack.cursors)
        return {
            self.note: _mailer_note(page["sends"]),
            self.listed: list_location("outbox", cursor=stack.cursor) + _list(page, context),
            self.stack: stack,
            **self.pager.update(position, newer=bool(stack.cursors), older=bool(stack.next)),
        }


def build(blocks: gr.Blocks, services: Services) -> OutboxPage:
    """Lay out the page."""
    refresh_button = page_header(words.TITLE, words.LEAD)
    page = OutboxPage("mailer", "mails", min_height=200)
    on(services, blocks.load, page.on_load, None, page.outputs)
    on(services, refresh_button.click, page.page_at, page.stack, page.outputs)
    page.bind_pager(services)
    return page


def _mailer_note(sends: bool) -> Markup:
    if sends:
        return soft(words.SENDS_NOTE)
    set_up_link = link(words.HOW_TO_SEND, "set-up")
    return Markup("<p class='warning'>{} {}</p>").format(words.HELD_NOTE, set_up_link)


def _list(page: dict[str, Any], context: PageContext) -> Markup:
    if not page["mails"]:
        return empty_state(words.NOTHING, words.NOTHING_HINT.format("Set-up"))
    now, sender = context.now(), context.services.settings.mail_from
    mails = (_mail(each, page["sends"], sender, now) for each in page["mails"])
    return Markup("<div class='mails'>{}</div>").format(Markup().join(mails))


def _mail(mail: MailJson, sends: bool, sender: str, now: datetime) -> Markup:
    name = str(mail["state"])
    state = badge(words.STATES.get(name, name), words.SEVERITIES.get(name, ""))
    summary = Markup("{} <b>{}</b> <span class='to'>{}</span> <span class='soft'>{}</span>").format(
        state,
        words.kind(mail["kind"]),
        isolate(mail["to"]),
        timestamps.render_relative(mail["createdAt"], now),
    )
    body = _content(mail, sender) if mail["text"] else _no_content(mail, sends)
    return Markup("<details class='card mail'><summary>{}</summary>{}{}</details>").format(
        summary, _state(mail, now), body
    )


def _state(mail: MailJson, now: datetime) -> Markup:
    """Return the number of attempts, when it was sent or is due, and the last error."""
    parts = [words.tried(mail["attempts"])] if mail["attempts"] else []
    if mail["dueAt"]:
        parts.append(words.NEXT_TRY.format(timestamps.format_relative(mail["dueAt"], now)))
    if mail["sentAt"]:
        parts.append(words.SENT_AT.format(timestamps.format_relative(mail["sentAt"], now)))
    html = soft(f"{', '.join(parts).capitalize()}.") if parts else Markup()
    if mail["lastError"]:
        html += Markup("<p class='note bad'>{}: {}</p>").format(words.PROBLEM, mail["lastError"])
    return html


def _no_content(mail: MailJson, sends: bool) -> Markup:
    is_lost = not sends and mail["state"] in {"held", "waiting"}
    why = words.UNREADABLE if is_lost else words.HIDDEN.get(mail["state"], "")
    return Markup("<p>{}</p>").format(why)


def _content(mail: MailJson, sender: str) -> Markup:
    """Return a mail as its recipient sees it, and its link with a warning."""
    headers = pairs(
        [
            (words.FROM, isolate(sender) if sender else words.NO_SENDER),
            (words.TO, isolate(mail["to"], most=400)),
            (words.SUBJECT, isolate(mail["subject"] or "", most=400)),
        ]
    )
    link_html = _link(mail["url"], mail["to"]) if mail["url"] else ""
    return Markup("<div class='sheet'>{}<p class='text'>{}</p></div>{}").format(
        headers, preserve_lines(mail["text"]), link_html
    )


def preserve_lines(text: str) -> Markup:
    """Return a text with its line breaks and spaces.

    A blank line would end the HTML inside Markdown, so lines end in <br>.
    """
    lines = map(verbatim, text.strip("\n").splitlines())
    return Markup("<br>").join(line or Markup("&#8203;") for line in lines)


def _link(url: str, to: str) -> Markup:
    warning = Markup.escape(words.LINK_WARNING).format(isolate(to))
    return Markup(
        "<div class='link'><p class='warning'>{}</p>"
        "<p><a href='{}' target='_blank' rel='noreferrer'>{}</a></p>{}{}</div>"
    ).format(warning, url, words.OPEN, soft(words.COPY), code_block(_strip_url(url)))


def _strip_url(url: str) -> str:
    """Drop characters that no URL has: spaces, line breaks and backticks."""
    return "".join(char for char in url if char.isprintable() and char not in " `")
