"""The Outbox: every mail with its state, and what it says where no mailer is set."""

from datetime import datetime
from html import escape
from typing import Any

import gradio as gr

from panel import paging, when
from panel.markup import Html, badge, empty, heading, here, isolated, link, pairs, text
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


def _about(sends: bool) -> Html:
    if sends:
        return f"<p class='soft'>{words.SENDS}</p>"
    return f"<p class='warning'>{words.HOLDS} {link(words.HOW_TO_SEND, 'set-up')}</p>"


def _list(page: dict[str, Any], tools: Tools) -> Html:
    if not page["mails"]:
        return empty(words.NOTHING, words.NOTHING_HINT.format("Set-up"))
    now, sender = tools.clock.now(), tools.settings.mail_from
    listed = (_mail(each, page["sends"], sender, now) for each in page["mails"])
    return f"<div class='mails'>{''.join(listed)}</div>"


def _mail(mail: Mail, sends: bool, sender: str, now: datetime) -> Html:
    name = str(mail["state"])
    state = badge(words.STATES.get(name, name), words.MOODS.get(name, ""))
    return (
        f"<details class='card mail'><summary>{state} <b>{text(words.kind(mail['kind']))}</b> "
        f"<span class='to'>{isolated(mail['to'])}</span> {_when(mail, now)}</summary>"
        f"{_state(mail, now)}{_letter(mail, sender) if mail['text'] else _why_not(mail, sends)}"
        "</details>"
    )


def _when(mail: Mail, now: datetime) -> Html:
    return f"<span class='soft'>{when.shown(mail['createdAt'], now)}</span>"


def _state(mail: Mail, now: datetime) -> Html:
    """Say how often a mail was tried, when it left or is tried next, and what went wrong."""
    told = [words.tried(mail["attempts"])] if mail["attempts"] else []
    if mail["dueAt"]:
        told.append(words.again(when.words(when.moment(mail["dueAt"]), now)))
    if mail["sentAt"]:
        told.append(words.left(when.words(when.moment(mail["sentAt"]), now)))
    said = f"<p class='soft'>{text(', '.join(told).capitalize())}.</p>" if told else ""
    if mail["lastError"]:
        said += f"<p class='told bad'>{words.PROBLEM}: {text(mail['lastError'])}</p>"
    return said


def _why_not(mail: Mail, sends: bool) -> Html:
    if not sends and mail["state"] in {"held", "waiting"}:
        return f"<p>{words.UNREADABLE}</p>"
    return f"<p>{words.HIDDEN.get(mail['state'], '')}</p>"


def _letter(mail: Mail, sender: str) -> Html:
    """Return a mail as its reader would see it, and its link with a warning."""
    head = pairs(
        [
            (words.FROM, isolated(sender) if sender else words.NO_SENDER),
            (words.TO, isolated(mail["to"], most=400)),
            (words.SUBJECT, isolated(mail["subject"] or "", most=400)),
        ]
    )
    return f"<div class='sheet'>{head}<p class='said'>{laid_out(mail['text'])}</p></div>" + (
        _link(mail["url"], mail["to"]) if mail["url"] else ""
    )


def laid_out(written: str) -> Html:
    """Return a text with its lines and spaces as they were written.

    A blank line would end the HTML inside Markdown, so every line ends in <br>.
    """
    lines = (escape(line).replace("$", "&#36;") for line in written.strip("\n").splitlines())
    return "<br>".join(line or "&#8203;" for line in lines)


def _link(url: str, to: str) -> Html:
    acts = words.ACTS.format(isolated(to))
    opens = f"<a href='{escape(url)}' target='_blank' rel='noreferrer'>{words.OPEN}</a>"
    # A fence, because Markdown gives it a button that copies. An address has no blanks or ticks.
    return (
        f"<div class='link'><p class='warning'>{acts}</p><p>{opens}</p>"
        f"<p class='soft'>{words.COPY}</p>\n\n```\n{_one_word(url)}\n```\n\n</div>"
    )


def _one_word(url: str) -> str:
    return "".join(letter for letter in url if letter.isprintable() and letter not in " `")
