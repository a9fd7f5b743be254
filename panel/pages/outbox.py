"""The Outbox: every mail with its state, and what it says where no mailer is set."""

from datetime import datetime
from typing import Any

import gradio as gr

from panel import paging, when
from panel.markup import (
    Markup,
    badge,
    copied,
    empty,
    heading,
    here,
    isolated,
    link,
    pairs,
    soft,
    verbatim,
)
from panel.tools import Asked, Tools
from panel.wiring import on
from panel.words import common
from panel.words import outbox as words

PAGE = 25
Mail = dict[str, Any]
"""A mail as the API tells it."""
Trail = tuple[str, ...]
"""The cursors of the pages before this one, and its own last."""


def build(blocks: gr.Blocks, tools: Tools) -> None:
    """Lay out the page."""
    with gr.Row(elem_classes="titled"):
        gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
        refresh = gr.Button(common.REFRESH, size="sm", min_width=90)
    about = gr.Markdown(elem_id="mailer")
    mails = gr.Markdown(elem_id="mails", latex_delimiters=[], min_height=200)
    pager = paging.pager()
    trail, following = gr.State(()), gr.State("")
    outputs = [about, mails, trail, following, *pager.outputs]
    on(tools, blocks.load, opened, None, outputs)
    on(tools, refresh.click, shown, trail, outputs)
    on(tools, pager.newer.click, newer, trail, outputs)
    on(tools, pager.older.click, older, [trail, following], outputs)


async def opened(tools: Tools, asked: Asked) -> tuple[Any, ...]:
    """Show the page that the address asks for."""
    cursor = asked.query.get("cursor", "")
    return await shown(tools, asked, (cursor,) if cursor else ())


async def newer(tools: Tools, asked: Asked, trail: Trail) -> tuple[Any, ...]:
    """Turn one page back."""
    return await shown(tools, asked, tuple(trail[:-1]))


async def older(tools: Tools, asked: Asked, trail: Trail, following: str) -> tuple[Any, ...]:
    """Turn one page on."""
    return await shown(tools, asked, (*trail, following))


async def shown(tools: Tools, asked: Asked, trail: Trail) -> tuple[Any, ...]:
    """Return what is said of the mailer, the mails, where in the list they are, and the pager."""
    cursor = trail[-1] if trail else ""
    page = await tools.api.get(asked.owner, "/api/admin/outbox", limit=PAGE, cursor=cursor)
    mails, following = page["mails"], page["nextCursor"] or ""
    turned = paging.turned(
        words.page(len(mails), first=not cursor), newer=bool(cursor), older=bool(following)
    )
    place = here("outbox", cursor=cursor)
    return (
        _about(page["sends"]),
        place + _list(page, tools),
        tuple(trail),
        following,
        *turned,
    )


def _about(sends: bool) -> Markup:
    if sends:
        return soft(words.SENDS)
    how = link(words.HOW_TO_SEND, "set-up")
    return Markup("<p class='warning'>{} {}</p>").format(words.HOLDS, how)


def _list(page: dict[str, Any], tools: Tools) -> Markup:
    if not page["mails"]:
        return empty(words.NOTHING, words.NOTHING_HINT.format("Set-up"))
    now, sender = tools.clock.now(), tools.settings.mail_from
    listed = (_mail(each, page["sends"], sender, now) for each in page["mails"])
    return Markup("<div class='mails'>{}</div>").format(Markup().join(listed))


def _mail(mail: Mail, sends: bool, sender: str, now: datetime) -> Markup:
    name = str(mail["state"])
    state = badge(words.STATES.get(name, name), words.MOODS.get(name, ""))
    summary = Markup("{} <b>{}</b> <span class='to'>{}</span> <span class='soft'>{}</span>").format(
        state, words.kind(mail["kind"]), isolated(mail["to"]), when.shown(mail["createdAt"], now)
    )
    said = _letter(mail, sender) if mail["text"] else _why_not(mail, sends)
    return Markup("<details class='card mail'><summary>{}</summary>{}{}</details>").format(
        summary, _state(mail, now), said
    )


def _state(mail: Mail, now: datetime) -> Markup:
    """Say how often a mail was tried, when it left or is tried next, and what went wrong."""
    told = [words.tried(mail["attempts"])] if mail["attempts"] else []
    if mail["dueAt"]:
        told.append(words.again(when.words(when.moment(mail["dueAt"]), now)))
    if mail["sentAt"]:
        told.append(words.left(when.words(when.moment(mail["sentAt"]), now)))
    said = soft(f"{', '.join(told).capitalize()}.") if told else Markup()
    if mail["lastError"]:
        said += Markup("<p class='told bad'>{}: {}</p>").format(words.PROBLEM, mail["lastError"])
    return said


def _why_not(mail: Mail, sends: bool) -> Markup:
    is_lost = not sends and mail["state"] in {"held", "waiting"}
    why = words.UNREADABLE if is_lost else words.HIDDEN.get(mail["state"], "")
    return Markup("<p>{}</p>").format(why)


def _letter(mail: Mail, sender: str) -> Markup:
    """Return a mail as its reader would see it, and its link with a warning."""
    head = pairs(
        [
            (words.FROM, isolated(sender) if sender else words.NO_SENDER),
            (words.TO, isolated(mail["to"], most=400)),
            (words.SUBJECT, isolated(mail["subject"] or "", most=400)),
        ]
    )
    opens = _link(mail["url"], mail["to"]) if mail["url"] else ""
    return Markup("<div class='sheet'>{}<p class='said'>{}</p></div>{}").format(
        head, laid_out(mail["text"]), opens
    )


def laid_out(written: str) -> Markup:
    """Return a text with its lines and spaces as they were written.

    A blank line would end the HTML inside Markdown, so every line ends in <br>.
    """
    lines = map(verbatim, written.strip("\n").splitlines())
    return Markup("<br>").join(line or Markup("&#8203;") for line in lines)


def _link(url: str, to: str) -> Markup:
    acts = Markup.escape(words.ACTS).format(isolated(to))
    return Markup(
        "<div class='link'><p class='warning'>{}</p>"
        "<p><a href='{}' target='_blank' rel='noreferrer'>{}</a></p>{}{}</div>"
    ).format(acts, url, words.OPEN, soft(words.COPY), copied(_one_word(url)))


def _one_word(url: str) -> str:
    """Leave out what no address has: blanks, line ends and ticks."""
    return "".join(letter for letter in url if letter.isprintable() and letter not in " `")
