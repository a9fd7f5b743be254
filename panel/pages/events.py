"""Events: the audit trail, and each event with a page of its own at /admin/events?id=…"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import ip_address
from typing import Any

import gradio as gr

from panel import paging, trail
from panel.api import ApiRefused
from panel.markup import Markup, alert, heading, here, isolated, link
from panel.pages import event as one_event
from panel.paging import Pager, Walk, walk_of, walked
from panel.query import is_id
from panel.tools import Asked, Tools
from panel.wiring import error_toast, on, sentence
from panel.words import common
from panel.words import events as words
from panel.words.trail import KINDS

PAGE = 25
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(8999, 1, 1, tzinfo=UTC)
_OUTPUTS = 7


@dataclass(frozen=True)
class _List:
    filters: list[Any]
    """What `listed` reads: kinds, e-mail, request, address, since, until."""
    more: gr.Accordion
    whose: gr.Markdown
    listed: gr.Markdown
    walk: gr.State
    pager: Pager
    log: gr.Markdown

    @property
    def outputs(self) -> list[Any]:
        return [self.whose, self.listed, self.walk, *self.pager.outputs, self.log]


@dataclass(frozen=True)
class Wanted:
    """Which events; moments as they were written."""

    kinds: tuple[str, ...] = ()
    user: str = ""
    email: str = ""
    request_id: str = ""
    address: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def by(cls, query: Mapping[str, str]) -> "Wanted":
        """Read what the page's address asks for; what there cannot be is not asked."""
        since, until = query.get("from", ""), query.get("to", "")
        return cls(
            kinds=tuple(kind for kind in query.get("kind", "").split(",") if kind in KINDS),
            user=query.get("user", "") if is_id(query.get("user", "")) else "",
            email=query.get("email", ""),
            request_id=query.get("requestId", ""),
            address=query.get("address", ""),
            since=since if moment(since) else "",
            until=until if moment(until) else "",
        )

    def place(self) -> dict[str, str]:
        """Return what the page's address says."""
        told = {"kind": ",".join(self.kinds), "user": self.user, "email": self.email}
        told |= {"requestId": self.request_id, "address": self.address}
        return told | {"from": self.since, "to": self.until}

    def asked(self) -> dict[str, Any]:
        """Return what the API is asked for."""
        since, until = moment(self.since), moment(self.until, end=True)
        return {
            **self.place(),
            "kind": list(self.kinds),
            "from": since.isoformat() if since else "",
            "to": until.isoformat() if until else "",
        }


def build(blocks: gr.Blocks, tools: Tools) -> None:
    """Lay out the page: the list, and in its place one event where the address names one."""
    with gr.Column() as every:
        with gr.Row(elem_classes="titled"):
            gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
            refresh = gr.Button(common.REFRESH, size="sm", min_width=90, elem_classes="fresh")
        shown = _list()
    with gr.Column(visible=False) as one:
        about = one_event.build()
    fields = [*shown.filters, shown.more]
    on(tools, blocks.load, opened, None, [every, one, *fields, *shown.outputs, *about])
    kinds, *written = shown.filters
    triggers = [kinds.input, *(each.submit for each in written)]
    on(tools, triggers, listed, shown.filters, shown.outputs)
    on(tools, refresh.click, freshened, shown.walk, shown.outputs)
    on(tools, shown.pager.newer.click, newer, shown.walk, shown.outputs)
    on(tools, shown.pager.older.click, older, shown.walk, shown.outputs)


def _list() -> _List:
    with gr.Row(elem_classes="filters"):
        kinds = gr.Dropdown(
            [(said, kind) for kind, said in KINDS.items()],
            value=[],
            multiselect=True,
            label=words.KINDS,
            scale=5,
            min_width=240,
            elem_id="kinds",
        )
        email = _text(words.EMAIL, words.EMAIL_HINT, 4)
        request = _text(words.REQUEST, words.REQUEST_HINT, 4)
    with gr.Accordion(words.MORE, open=False, elem_id="more") as more, gr.Row():
        address = _text(words.ADDRESS, words.ADDRESS_HINT, 3)
        since = _text(words.SINCE, words.SINCE_HINT, 3)
        until = _text(words.UNTIL, words.UNTIL_HINT, 3)
    whose = gr.Markdown(elem_id="whose", latex_delimiters=[])
    listed = gr.Markdown(elem_classes="listed", elem_id="events", latex_delimiters=[])
    pager = paging.pager()
    log = gr.Markdown(elem_id="log", latex_delimiters=[])
    filters = [kinds, email, request, address, since, until]
    return _List(filters, more, whose, listed, gr.State(Walk()), pager, log)


def _text(label: str, hint: str, scale: int) -> gr.Textbox:
    return gr.Textbox(label=label, placeholder=hint, max_lines=1, scale=scale, min_width=200)


async def opened(tools: Tools, asked: Asked) -> tuple[Any, ...]:
    """Show the list as the page's address asks for it, or leave the place to one event."""
    if is_id(asked.query.get("id", "")):
        shown = await one_event.look(tools, asked)
        kept = (gr.skip(),) * (7 + _OUTPUTS)
        return gr.Column(visible=False), gr.Column(visible=True), *kept, *shown
    wanted = Wanted.by(asked.query)
    shown_list = await page_of(tools, asked, wanted, walk_of(asked.query))
    more = wanted.address, wanted.since, wanted.until
    fields = list(wanted.kinds), wanted.email, wanted.request_id, *more
    places = gr.Column(visible=True), gr.Column(visible=False)
    return *places, *fields, gr.Accordion(open=any(more)), *shown_list, gr.skip(), gr.skip()


async def listed(tools: Tools, asked: Asked, kinds: list[str], *written: str) -> tuple[Any, ...]:
    """Show the first page of what the filters let pass."""
    email, request_id, address, since, until = (each.strip() for each in written)
    user = Wanted.by(asked.query).user
    wanted = Wanted(tuple(kinds), user, email, request_id, _as_kept(address), since, until)
    begin, end = moment(since), moment(until, end=True)
    if (since and begin is None) or (until and end is None):
        raise error_toast(words.NO_SUCH_MOMENT)
    if begin and end and begin >= end:
        raise error_toast(words.WRONG_WAY_ROUND)
    return await page_of(tools, asked, wanted, Walk())


async def freshened(tools: Tools, asked: Asked, walk: Walk) -> tuple[Any, ...]:
    """Show the same page as it is now. What cannot be read is said in its place: no toast.

    It asks for what the page's address says, so what is just being typed waits for its Enter.
    """
    try:
        return await page_of(tools, asked, Wanted.by(asked.query), walk)
    except ApiRefused as refused:
        return alert(sentence(refused)), *(gr.skip(),) * (_OUTPUTS - 1)


async def newer(tools: Tools, asked: Asked, walk: Walk) -> tuple[Any, ...]:
    """Turn one page back."""
    return await page_of(tools, asked, Wanted.by(asked.query), walk.newer())


async def older(tools: Tools, asked: Asked, walk: Walk) -> tuple[Any, ...]:
    """Turn one page on."""
    return await page_of(tools, asked, Wanted.by(asked.query), walk.older())


async def page_of(tools: Tools, asked: Asked, wanted: Wanted, walk: Walk) -> tuple[Any, ...]:
    """Return the outputs of the list: one page of what is wanted, and the log of a request."""
    page = await tools.api.get(
        asked.owner, "/api/admin/events", **wanted.asked(), limit=PAGE, cursor=walk.cursor
    )
    log = Markup()
    if wanted.request_id:
        log = await one_event.log_of(tools, asked.owner, wanted.request_id)
    walk = replace(walk, next=page["nextCursor"] or "")
    rows = trail.shown(
        page["events"],
        page["emails"],
        tools.clock.now(),
        nothing=words.NONE,
        hint=words.NONE_HINT,
    )
    place = here("events", **wanted.place(), cursor=walk.cursor)
    told = walked(len(page["events"]), "event", walk)
    return _whose(wanted, page["emails"]), place + rows, walk, *told, log


def moment(said: str, *, end: bool = False) -> datetime | None:
    """Read a day or a moment of UTC, or None; `end` takes a day to mean until it is over."""
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return _instant(said)
    begun = datetime.combine(day, time(), UTC)
    return _possible(begun + timedelta(days=1) if end and day != date.max else begun)


def _instant(said: str) -> datetime | None:
    try:
        then = datetime.fromisoformat(said)
    except ValueError:
        return None
    return _possible(then if then.tzinfo else then.replace(tzinfo=UTC))


def _possible(then: datetime) -> datetime | None:
    return then if _EARLIEST <= then <= _LATEST else None


def _as_kept(address: str) -> str:
    """Return an address as the trail has it; whatever else was written stays as it is."""
    try:
        return str(ip_address(address))
    except ValueError:
        return address


def _whose(wanted: Wanted, emails: Mapping[str, str]) -> Markup:
    """Say whose events alone are listed, and how to see everybody's again."""
    if not wanted.user:
        return Markup()
    named = link(isolated(emails.get(wanted.user, wanted.user)), "users", id=wanted.user)
    return Markup("<p>{} {}</p>").format(words.only_of(named), link(words.EVERYBODYS, "events"))
