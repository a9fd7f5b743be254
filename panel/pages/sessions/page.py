"""Sessions: everybody's live ones, and each with a page of its own at /admin/sessions?id=…"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import gradio as gr

from panel.client.api import ApiRefused
from panel.pages.sessions import words
from panel.pages.sessions.actions import Listed, Session, admins_in, ask_end_listed, own_id
from panel.pages.sessions.detail import OneSession, marks_of, subscriber
from panel.services import Asked, Tools
from panel.ui import timestamps
from panel.ui.confirm import Confirmation
from panel.ui.layout import Parts, filter_text, titled
from panel.ui.markup import Markup, alert, here, isolated, link, short
from panel.ui.paging import CursorList, Places, Walk, walk_of
from panel.ui.table import Column, table
from panel.ui.urls import is_id
from panel.ui.user_agents import device
from panel.ui.wiring import Updates, error_toast, on

PAGE = 25


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


class SessionList(CursorList):
    """The list, and what narrows it down."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="filters"):
            self.search = filter_text(
                words.SEARCH, words.SEARCH_HINT, scale=5, min_width=220, name="search"
            )
            self.address = filter_text(
                words.ADDRESS, words.ADDRESS_HINT, scale=4, min_width=180, name="address"
            )
        super().__init__("whose", "sessions", elem_classes="listed")
        self.end = gr.Button(visible=False, variant="stop", size="md", elem_id="end-listed")
        self.seen = gr.State(Listed())  # what `ask_end_listed` asks about
        self.inputs = [self.search, self.address]

    async def filtered(self, tools: Tools, asked: Asked, search: str, address: str) -> Updates:
        """Show the first page of what the filters let pass."""
        if address.strip() and not is_address(address.strip()):
            raise error_toast(words.NO_SUCH_ADDRESS)
        wanted = Wanted(Wanted.by(asked.query).user, address.strip(), search.strip())
        return await self.page_of(tools, asked, wanted, Walk())

    async def page_at(self, tools: Tools, asked: Asked, walk: Walk) -> Updates:
        """Show the page to which a walk has led, of what the page's address asks for."""
        return await self.page_of(tools, asked, Wanted.by(asked.query), walk)

    async def page_of(self, tools: Tools, asked: Asked, wanted: Wanted, walk: Walk) -> Updates:
        """Show one page of what is wanted."""
        told = wanted.asked()
        page = await tools.api.get(
            asked.owner, "/api/admin/sessions", **told, limit=PAGE, cursor=walk.cursor
        )
        sessions, walk = page["sessions"], Walk(walk.cursors, page["cursor"] or "")
        own = await own_id(tools, asked.owner)
        admins = await admins_in(tools, asked.owner, sessions)
        seen = _others(sessions, own, more=bool(walk.next or walk.cursors))
        can_end = bool(told) and bool(seen.ids)  # never everybody's at once
        place = here("sessions", **told, cursor=walk.cursor)
        return {
            self.note: _whose(wanted, sessions),
            self.listed: place + rows(sessions, own, admins, tools),
            self.seen: seen,
            self.end: gr.Button(words.end_listed(len(seen.ids)), visible=can_end),
            **self.walked(len(sessions), "session", walk),
        }


class Sessions(Parts):
    """The page: the list, and in its place one session where the address names one."""

    def __init__(self, tools: Tools) -> None:
        self.over = gr.Markdown(elem_id="over")  # says that it was one's own session that is over
        with gr.Column() as every:
            self.refresh = titled(words.TITLE, words.LEAD, stays_fresh=True)
            self.index = SessionList()
        self.bar = Confirmation()
        with gr.Column(visible=False) as one:
            self.session = OneSession(tools, self.bar)
        self.places = Places(every, one)

    async def opened(self, tools: Tools, asked: Asked) -> Updates:
        """Show the list as the page's address asks for it, or leave the place to one session."""
        if "id" in asked.query:
            return self.places.show(one=True) | await self.session.look(tools, asked)
        wanted = Wanted.by(asked.query)
        return {
            **self.places.show(one=False),
            self.index.search: wanted.search,
            self.index.address: wanted.address,
            **await self.index.page_of(tools, asked, wanted, walk_of(asked.query)),
        }

    async def after(self, tools: Tools, asked: Asked) -> Updates:
        """Show what a deed has changed; if it ended one's own session, that is all there is."""
        try:
            return {self.over: "", **await self.opened(tools, asked)}
        except ApiRefused as refused:
            if refused.status != 401:
                raise
            return {self.over: alert(words.YOURS_OVER)}


def build(blocks: gr.Blocks, tools: Tools) -> Sessions:
    """Lay out the page."""
    page = Sessions(tools)
    shown, bar = page.index, page.bar
    on(tools, blocks.load, page.opened, None, page.outputs)
    on(tools, [each.submit for each in shown.inputs], shown.filtered, shown.inputs, shown.outputs)
    on(tools, page.refresh.click, shown.freshened, shown.walk, shown.outputs)
    shown.can_be_turned(tools)
    bar.asks(tools, shown.end, ask_end_listed, shown.seen)
    bar.leads_to(tools, page.after, page.outputs)
    on(tools, page.over.change, leave)
    return page


async def leave(_: Tools, __: Asked) -> None:
    """Do nothing: an event of somebody who is signed out is refused, and leads to the sign-in."""


def rows(
    sessions: list[dict[str, Any]], own: str, admins: dict[str, dict[str, Any]], tools: Tools
) -> Markup:
    """Return sessions as a table; each row opens that session."""
    now = tools.clock.now()
    cells = [
        [
            Markup("{} {}").format(
                link(isolated(each["user"]["email"]), "sessions", id=each["id"]),
                marks_of(each, own, admins),
            ),
            short(device(each["userAgent"])),
            _from(each["ipAddress"]),
            timestamps.shown(each["createdAt"], now),
            timestamps.shown(each["updatedAt"], now),
            timestamps.shown(each["expiresAt"], now),
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
    return not slash or (said == f"{address}/64" and bool(subscriber(address)))


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
    return Markup("<p>{} {}</p>").format(
        words.ONLY_OF.format(named), link(words.EVERYBODYS, "sessions")
    )
