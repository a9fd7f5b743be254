"""Sessions: everybody's live ones, and each with a page of its own at /admin/sessions?id=…"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import gradio as gr

from panel import paging, when
from panel.api import ApiRefused
from panel.confirm import Confirmation
from panel.devices import device
from panel.markup import Markup, alert, heading, here, isolated, link, short
from panel.pages import session as one_session
from panel.paging import Pager, Walk, walk_of, walked
from panel.query import is_id
from panel.session_deeds import Listed, Session, admins_in, ask_end_listed, own_id
from panel.table import Column, table
from panel.tools import Asked, Tools
from panel.wiring import error_toast, on, sentence
from panel.words import common
from panel.words import sessions as words

PAGE = 25


@dataclass(frozen=True)
class _List:
    search: gr.Textbox
    address: gr.Textbox
    whose: gr.Markdown
    listed: gr.Markdown
    walk: gr.State
    pager: Pager
    seen: gr.State
    """What `ask_end_listed` asks about."""
    end: gr.Button

    @property
    def outputs(self) -> list[Any]:
        return [
            *(self.whose, self.listed, self.walk, self.seen, self.end),
            *self.pager.outputs,
        ]


@dataclass(frozen=True)
class Wanted:
    """Which sessions."""

    user: str = ""
    address: str = ""
    search: str = ""

    @classmethod
    def by(cls, query: Mapping[str, str]) -> "Wanted":
        """Read what the page's address asks for; what there cannot be is not asked."""
        user, address = query.get("user", ""), query.get("address", "")
        return cls(
            user=user if is_id(user) else "",
            address=address if is_address(address) else "",
            search=query.get("search", ""),
        )

    def asked(self) -> dict[str, str]:
        """Return what the API is asked for; what is empty is not asked."""
        told = {"user": self.user, "address": self.address, "search": self.search}
        return {name: value for name, value in told.items() if value}


def build(blocks: gr.Blocks, tools: Tools) -> None:
    """Lay out the page: the list, and in its place one session where the address names one."""
    over = gr.Markdown(elem_id="over")
    with gr.Column() as every:
        with gr.Row(elem_classes="titled"):
            gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
            refresh = gr.Button(common.REFRESH, size="sm", min_width=90, elem_classes="fresh")
        shown = _list()
    bar = Confirmation()
    with gr.Column(visible=False) as one:
        about = one_session.build(tools, bar)
    everything = [every, one, shown.search, shown.address, *shown.outputs, *about]
    on(tools, blocks.load, opened, None, everything)
    filters = [shown.search, shown.address]
    on(tools, [each.submit for each in filters], listed, filters, shown.outputs)
    on(tools, refresh.click, freshened, shown.walk, shown.outputs)
    on(tools, shown.pager.newer.click, newer, shown.walk, shown.outputs)
    on(tools, shown.pager.older.click, older, shown.walk, shown.outputs)
    bar.asks(tools, shown.end, ask_end_listed, shown.seen)
    bar.leads_to(tools, after, [over, *everything])
    on(tools, over.change, leave)


def _list() -> _List:
    with gr.Row(elem_classes="filters"):
        search = gr.Textbox(
            label=words.SEARCH,
            placeholder=words.SEARCH_HINT,
            max_lines=1,
            scale=5,
            min_width=220,
            elem_id="search",
        )
        address = gr.Textbox(
            label=words.ADDRESS,
            placeholder=words.ADDRESS_HINT,
            max_lines=1,
            scale=4,
            min_width=180,
            elem_id="address",
        )
    whose = gr.Markdown(elem_id="whose", latex_delimiters=[])
    listed = gr.Markdown(elem_classes="listed", elem_id="sessions", latex_delimiters=[])
    pager = paging.pager()
    end = gr.Button(visible=False, variant="stop", size="md", elem_id="end-listed")
    seen = gr.State(Listed())
    return _List(search, address, whose, listed, gr.State(Walk()), pager, seen, end)


async def opened(tools: Tools, asked: Asked) -> tuple[Any, ...]:
    """Show the list as the page's address asks for it, or leave the place to one session."""
    wanted = Wanted.by(asked.query)
    if "id" in asked.query:
        shown = await one_session.look(tools, asked)
        kept = (gr.skip(),) * 10
        return gr.Column(visible=False), gr.Column(visible=True), *kept, *shown
    shown = await page_of(tools, asked, wanted, walk_of(asked.query))
    fields = wanted.search, wanted.address
    one = gr.skip(), gr.skip()
    return gr.Column(visible=True), gr.Column(visible=False), *fields, *shown, *one


async def listed(tools: Tools, asked: Asked, search: str, address: str) -> tuple[Any, ...]:
    """Show the first page of what the filters let pass."""
    if address.strip() and not is_address(address.strip()):
        raise error_toast(words.NO_SUCH_ADDRESS)
    wanted = Wanted(Wanted.by(asked.query).user, address.strip(), search.strip())
    return await page_of(tools, asked, wanted, Walk())


async def freshened(tools: Tools, asked: Asked, walk: Walk) -> tuple[Any, ...]:
    """Show the same page as it is now. What cannot be read is said in its place: no toast.

    It asks for what the page's address says, so what is just being typed waits for its Enter.
    """
    try:
        return await page_of(tools, asked, Wanted.by(asked.query), walk)
    except ApiRefused as refused:
        return alert(sentence(refused)), *(gr.skip(),) * 7


async def newer(tools: Tools, asked: Asked, walk: Walk) -> tuple[Any, ...]:
    """Turn one page back."""
    return await page_of(tools, asked, Wanted.by(asked.query), walk.newer())


async def older(tools: Tools, asked: Asked, walk: Walk) -> tuple[Any, ...]:
    """Turn one page on."""
    return await page_of(tools, asked, Wanted.by(asked.query), walk.older())


async def after(tools: Tools, asked: Asked) -> tuple[Any, ...]:
    """Show what a deed has changed; where it was one's own session, that is all there is to say."""
    try:
        return "", *(await opened(tools, asked))
    except ApiRefused as refused:
        if refused.status != 401:
            raise
        return alert(words.YOURS_OVER), *(gr.skip(),) * 14


async def leave(_: Tools, __: Asked) -> None:
    """Do nothing: an event of somebody who is signed out is refused, and leads to the sign-in."""


async def page_of(tools: Tools, asked: Asked, wanted: Wanted, walk: Walk) -> tuple[Any, ...]:
    """Return the outputs of the list: one page of what is wanted."""
    told = wanted.asked()
    page = await tools.api.get(
        asked.owner, "/api/admin/sessions", **told, limit=PAGE, cursor=walk.cursor
    )
    sessions, walk = page["sessions"], Walk(walk.cursors, page["cursor"] or "")
    own = await own_id(tools, asked.owner)
    admins = await admins_in(tools, asked.owner, sessions)
    seen = _others(sessions, own, more=bool(walk.next or walk.cursors))
    can_end = bool(told) and bool(seen.ids)  # never everybody's at once
    return (
        _whose(wanted, sessions),
        here("sessions", **told, cursor=walk.cursor) + rows(sessions, own, admins, tools),
        walk,
        seen,
        gr.Button(words.end_listed(len(seen.ids)), visible=can_end),
        *walked(len(sessions), "session", walk),
    )


def rows(
    sessions: list[dict[str, Any]], own: str, admins: dict[str, dict[str, Any]], tools: Tools
) -> Markup:
    """Return sessions as a table; each row opens that session."""
    now = tools.clock.now()
    cells = [
        [
            Markup("{} {}").format(
                link(isolated(each["user"]["email"]), "sessions", id=each["id"]),
                one_session.marks_of(each, own, admins),
            ),
            short(device(each["userAgent"])),
            _from(each["ipAddress"]),
            when.shown(each["createdAt"], now),
            when.shown(each["updatedAt"], now),
            when.shown(each["expiresAt"], now),
        ]
        for each in sessions
    ]
    columns = [Column(title, wide=title == words.COLUMNS[0]) for title in words.COLUMNS]
    return table(columns, cells, caption=words.CAPTION, nothing=words.NONE, hint=words.NONE_HINT)


def is_address(said: str) -> bool:
    """Tell whether the API takes this for an address, or for the /64 of a subscriber."""
    address, slash, _ = said.partition("/")
    try:
        ip_address(address)
    except ValueError:
        return False
    return not slash or (said == f"{address}/64" and bool(one_session.subscriber(address)))


def _from(address: str) -> str:
    return link(short(address), "sessions", address=address) if address else words.UNKNOWN_ADDRESS


def _others(sessions: list[dict[str, Any]], own: str, *, more: bool) -> Listed:
    others = [each for each in sessions if each["id"] != own]
    return Listed(
        ids=tuple(each["id"] for each in others),
        people=len({each["user"]["id"] for each in others}),
        yours_stays=len(others) < len(sessions),
        more=more,
    )


def _whose(wanted: Wanted, sessions: list[Session]) -> Markup:
    """Say whose sessions alone are listed, and how to see everybody's again."""
    if not wanted.user:
        return Markup()
    user = sessions[0]["user"]["email"] if sessions else wanted.user
    named = link(isolated(user), "users", id=wanted.user)
    return Markup("<p>{} {}</p>").format(words.only_of(named), link(words.EVERYBODYS, "sessions"))
