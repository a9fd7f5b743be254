"""Sessions: everybody's live ones, and each with a page of its own at /admin/sessions?id=…"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import gradio as gr

from panel.client.api import ApiError
from panel.pages.sessions import words
from panel.pages.sessions.actions import Listed, Session, admins_in, ask_end_listed, own_id
from panel.pages.sessions.detail import SessionDetail, marks_of, subscriber
from panel.services import PageContext, Services
from panel.ui import timestamps
from panel.ui.confirm import Confirmation
from panel.ui.layout import Components, filter_text, page_header
from panel.ui.markup import Markup, alert, here, isolate, link, short
from panel.ui.paging import CursorList, CursorStack, ListOrDetail, stack_from
from panel.ui.table import Column, table
from panel.ui.urls import is_id
from panel.ui.user_agents import device
from panel.ui.wiring import Updates, error_toast, on

PAGE = 25


@dataclass(frozen=True)
class SessionFilters:
    """Which sessions."""

    user: str = ""
    address: str = ""
    search: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "SessionFilters":
        """Read what the page's address asks for; invalid values are left out."""
        user, address = query.get("user", ""), query.get("address", "")
        return cls(
            user=user if is_id(user) else "",
            address=address if is_address(address) else "",
            search=query.get("search", ""),
        )

    def to_params(self) -> dict[str, str]:
        """Return the parameters of the API's list, empty ones left out."""
        params = {"user": self.user, "address": self.address, "search": self.search}
        return {name: value for name, value in params.items() if value}


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

    async def on_filter(
        self, services: Services, context: PageContext, search: str, address: str
    ) -> Updates:
        """Show the first page of what the filters let pass."""
        if address.strip() and not is_address(address.strip()):
            raise error_toast(words.NO_SUCH_ADDRESS)
        filters = SessionFilters(
            SessionFilters.from_query(context.query).user, address.strip(), search.strip()
        )
        return await self.load_page(services, context, filters, CursorStack())

    async def page_at(
        self, services: Services, context: PageContext, stack: CursorStack
    ) -> Updates:
        """Show the page to which a walk has led, of what the page's address asks for."""
        return await self.load_page(
            services, context, SessionFilters.from_query(context.query), stack
        )

    async def load_page(
        self, services: Services, context: PageContext, filters: SessionFilters, stack: CursorStack
    ) -> Updates:
        """Show one page of what is filters."""
        params = filters.to_params()
        page = await services.api.get(
            context.owner, "/api/admin/sessions", **params, limit=PAGE, cursor=stack.cursor
        )
        sessions, stack = page["sessions"], CursorStack(stack.cursors, page["cursor"] or "")
        own = await own_id(services, context.owner)
        admins = await admins_in(services, context.owner, sessions)
        seen = _others(sessions, own, more=bool(stack.next or stack.cursors))
        can_end = bool(params) and bool(seen.ids)  # never everybody's at once
        place = here("sessions", **params, cursor=stack.cursor)
        return {
            self.note: _filter_note(filters, sessions),
            self.listed: place + rows(sessions, own, admins, services),
            self.seen: seen,
            self.end: gr.Button(words.end_listed(len(seen.ids)), visible=can_end),
            **self.page_updates(len(sessions), "session", stack),
        }


class Sessions(Components):
    """The page: the list, and in its place one session where the address names one."""

    def __init__(self, services: Services) -> None:
        self.over = gr.Markdown(elem_id="over")  # says that it was one's own session that is over
        with gr.Column() as every:
            self.refresh = page_header(words.TITLE, words.LEAD, stays_fresh=True)
            self.index = SessionList()
        self.bar = Confirmation()
        with gr.Column(visible=False) as one:
            self.session = SessionDetail(services, self.bar)
        self.layout = ListOrDetail(every, one)

    async def on_load(self, services: Services, context: PageContext) -> Updates:
        """Show the list as the page's address asks for it, or leave the place to one session."""
        if "id" in context.query:
            return self.layout.show(one=True) | await self.session.render(services, context)
        filters = SessionFilters.from_query(context.query)
        return {
            **self.layout.show(one=False),
            self.index.search: filters.search,
            self.index.address: filters.address,
            **await self.index.load_page(services, context, filters, stack_from(context.query)),
        }

    async def after(self, services: Services, context: PageContext) -> Updates:
        """Show what an action has changed; if it ended the own session, nothing else."""
        try:
            return {self.over: "", **await self.on_load(services, context)}
        except ApiError as refused:
            if refused.status != 401:
                raise
            return {self.over: alert(words.YOURS_OVER)}


def build(blocks: gr.Blocks, services: Services) -> Sessions:
    """Lay out the page."""
    page = Sessions(services)
    index, bar = page.index, page.bar
    on(services, blocks.load, page.on_load, None, page.outputs)
    on(
        services,
        [each.submit for each in index.inputs],
        index.on_filter,
        index.inputs,
        index.outputs,
    )
    on(services, page.refresh.click, index.refresh_list, index.stack, index.outputs)
    index.bind_pager(services)
    bar.add_button(services, index.end, ask_end_listed, index.seen)
    bar.bind(services, page.after, page.outputs)
    on(services, page.over.change, leave)
    return page


async def leave(_: Services, __: PageContext) -> None:
    """Do nothing: an event of somebody who is signed out is refused, and leads to the sign-in."""


def rows(
    sessions: list[dict[str, Any]], own: str, admins: dict[str, dict[str, Any]], services: Services
) -> Markup:
    """Return sessions as a table; each row opens that session."""
    now = services.clock.now()
    cells = [
        [
            Markup("{} {}").format(
                link(isolate(each["user"]["email"]), "sessions", id=each["id"]),
                marks_of(each, own, admins),
            ),
            short(device(each["userAgent"])),
            Markup("<span class='from'>{}</span>").format(_from(each["ipAddress"])),
            timestamps.render_relative(each["createdAt"], now),
            timestamps.render_relative(each["updatedAt"], now),
            timestamps.render_relative(each["expiresAt"], now),
        ]
        for each in sessions
    ]
    columns = [Column(title, wide=title == words.COLUMNS[0]) for title in words.COLUMNS]
    return table(columns, cells, caption=words.CAPTION, nothing=words.NONE, hint=words.NONE_HINT)


def is_address(text: str) -> bool:
    """Tell whether the API takes this for an address, or for the /64 of a subscriber."""
    address, slash, _ = text.partition("/")
    try:
        ip_address(address)
    except ValueError:
        return False
    return not slash or (text == f"{address}/64" and bool(subscriber(address)))


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


def _filter_note(filters: SessionFilters, sessions: list[Session]) -> Markup:
    """Say whose sessions alone are listed, and how to see everybody's again."""
    if not filters.user:
        return Markup()
    user = sessions[0]["user"]["email"] if sessions else filters.user
    named = link(isolate(user), "users", id=filters.user)
    return Markup("<p>{} {}</p>").format(
        words.ONLY_OF.format(named), link(words.EVERYBODYS, "sessions")
    )
