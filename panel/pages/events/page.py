"""Events: the audit trail, and each event with a page of its own at /admin/events?id=…"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import ip_address
from typing import Any

import gradio as gr

from panel.pages.events import audit_table, words
from panel.pages.events.audit_words import KINDS
from panel.pages.events.detail import OneEvent, log_of
from panel.services import Asked, Tools
from panel.ui.layout import Parts, filter_text, titled
from panel.ui.markup import Markup, here, isolated, link
from panel.ui.paging import CursorList, Places, Walk, walk_of
from panel.ui.urls import is_id
from panel.ui.wiring import Updates, error_toast, on

PAGE = 25
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(8999, 1, 1, tzinfo=UTC)


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


class EventList(CursorList):
    """The list, and what narrows it down."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="filters"):
            self.kinds = gr.Dropdown(
                [(said, kind) for kind, said in KINDS.items()],
                value=[],
                multiselect=True,
                label=words.KINDS,
                scale=5,
                min_width=240,
                elem_id="kinds",
            )
            self.email = filter_text(words.EMAIL, words.EMAIL_HINT, scale=4)
            self.request = filter_text(words.REQUEST, words.REQUEST_HINT, scale=4)
        with gr.Accordion(words.MORE, open=False, elem_id="more") as self.more, gr.Row():
            self.address = filter_text(words.ADDRESS, words.ADDRESS_HINT, scale=3)
            self.since = filter_text(words.SINCE, words.SINCE_HINT, scale=3)
            self.until = filter_text(words.UNTIL, words.UNTIL_HINT, scale=3)
        super().__init__("whose", "events", elem_classes="listed")
        self.log = gr.Markdown(elem_id="log", latex_delimiters=[])
        self.written = [self.email, self.request, self.address, self.since, self.until]
        self.inputs = [self.kinds, *self.written]

    def filled(self, wanted: Wanted) -> Updates:
        """Show in the filters what is wanted."""
        more = any((wanted.address, wanted.since, wanted.until))
        return {
            self.kinds: list(wanted.kinds),
            self.email: wanted.email,
            self.request: wanted.request_id,
            self.more: gr.Accordion(open=more),
            self.address: wanted.address,
            self.since: wanted.since,
            self.until: wanted.until,
        }

    async def filtered(
        self, tools: Tools, asked: Asked, kinds: list[str], *written: str
    ) -> Updates:
        """Show the first page of what the filters let pass."""
        email, request_id, address, since, until = (each.strip() for each in written)
        user = Wanted.by(asked.query).user
        wanted = Wanted(tuple(kinds), user, email, request_id, _as_kept(address), since, until)
        begin, end = moment(since), moment(until, end=True)
        if (since and begin is None) or (until and end is None):
            raise error_toast(words.NO_SUCH_MOMENT)
        if begin and end and begin >= end:
            raise error_toast(words.WRONG_WAY_ROUND)
        return await self.page_of(tools, asked, wanted, Walk())

    async def page_at(self, tools: Tools, asked: Asked, walk: Walk) -> Updates:
        """Show the page to which a walk has led, of what the page's address asks for."""
        return await self.page_of(tools, asked, Wanted.by(asked.query), walk)

    async def page_of(self, tools: Tools, asked: Asked, wanted: Wanted, walk: Walk) -> Updates:
        """Show one page of what is wanted, and the log of a request."""
        page = await tools.api.get(
            asked.owner, "/api/admin/events", **wanted.asked(), limit=PAGE, cursor=walk.cursor
        )
        now, walk = tools.clock.now(), replace(walk, next=page["nextCursor"] or "")
        rows = audit_table.shown(page, now, nothing=words.NONE, hint=words.NONE_HINT)
        return {
            self.note: _whose(wanted, page["emails"]),
            self.listed: here("events", **wanted.place(), cursor=walk.cursor) + rows,
            self.log: await log_of(tools, asked.owner, wanted.request_id),
            **self.walked(len(page["events"]), "event", walk),
        }


class Events(Parts):
    """The page: the list, and in its place one event where the address names one."""

    def __init__(self) -> None:
        with gr.Column() as every:
            self.refresh = titled(words.TITLE, words.LEAD, stays_fresh=True)
            self.index = EventList()
        with gr.Column(visible=False) as one:
            self.event = OneEvent()
        self.places = Places(every, one)

    async def opened(self, tools: Tools, asked: Asked) -> Updates:
        """Show the list as the page's address asks for it, or leave the place to one event."""
        if is_id(asked.query.get("id", "")):
            return self.places.show(one=True) | await self.event.look(tools, asked)
        wanted = Wanted.by(asked.query)
        shown = await self.index.page_of(tools, asked, wanted, walk_of(asked.query))
        return self.places.show(one=False) | self.index.filled(wanted) | shown


def build(blocks: gr.Blocks, tools: Tools) -> Events:
    """Lay out the page."""
    page = Events()
    shown = page.index
    on(tools, blocks.load, page.opened, None, page.outputs)
    triggers = [shown.kinds.input, *(each.submit for each in shown.written)]
    on(tools, triggers, shown.filtered, shown.inputs, shown.outputs)
    on(tools, page.refresh.click, shown.freshened, shown.walk, shown.outputs)
    shown.can_be_turned(tools)
    return page


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
    return Markup("<p>{} {}</p>").format(
        words.ONLY_OF.format(named), link(words.EVERYBODYS, "events")
    )
