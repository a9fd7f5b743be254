"""Sessions: the list, and a page for each at /admin/sessions?id=…"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any

import gradio as gr

from panel.client.api import ApiError
from panel.pages.sessions import words
from panel.pages.sessions.actions import (
    ListedSessions,
    SessionJson,
    admins_in,
    ask_end_listed,
    own_id,
)
from panel.pages.sessions.detail import SessionDetail, badges_of, ipv6_prefix
from panel.services import PageContext, Services
from panel.ui import timestamps
from panel.ui.confirm import Confirmation
from panel.ui.layout import Components, filter_text, page_header, search_button
from panel.ui.markup import Markup, alert, breakable, isolate, link, list_location
from panel.ui.paging import CursorList, CursorStack, ListOrDetail, stack_from
from panel.ui.table import render_table
from panel.ui.urls import is_id
from panel.ui.user_agents import render_device
from panel.ui.wiring import Updates, check_filters, error_toast, on, warn_of_unused

PAGE = 25


@dataclass(frozen=True)
class SessionFilters:
    """Filters of the list, named as the parameters of the API's list."""

    user: str = ""
    address: str = ""
    search: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "SessionFilters":
        """Read the page's address; invalid values are dropped."""
        user, address = query.get("user", ""), query.get("address", "")
        return cls(
            user=user if is_id(user) else "",
            address=address if is_address(address) else "",
            search=query.get("search", ""),
        )


class SessionListView(CursorList):
    """The list and its filters."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="filters"):
            self.search = filter_text(
                words.SEARCH, words.SEARCH_HINT, scale=5, min_width=220, name="search"
            )
            self.address = filter_text(
                words.ADDRESS, words.ADDRESS_HINT, scale=4, min_width=180, name="address"
            )
            self.find = search_button()
        super().__init__("whose", "sessions", elem_classes="listed")
        self.end = gr.Button(visible=False, variant="stop", size="md", elem_id="end-listed")
        self.listed_sessions = gr.State(ListedSessions())  # what `ask_end_listed` asks about
        self.inputs = [self.search, self.address]

    async def on_filter(self, context: PageContext, search: str, address: str) -> Updates:
        """Apply the filters and show the first page."""
        if address.strip() and not is_address(address.strip()):
            raise error_toast(words.NO_SUCH_ADDRESS)
        filters = SessionFilters(
            SessionFilters.from_query(context.query).user, address.strip(), search.strip()
        )
        check_filters(asdict(filters))
        return await self.page_at(context, CursorStack(), filters)

    async def page_at(
        self, context: PageContext, stack: CursorStack, filters: SessionFilters | None = None
    ) -> Updates:
        """Show one page."""
        filters = filters or SessionFilters.from_query(context.query)
        params = asdict(filters)
        page = await context.get("/api/admin/sessions", **params, limit=PAGE, cursor=stack.cursor)
        sessions, stack = page["sessions"], CursorStack(stack.cursors, page["cursor"] or "")
        own = await own_id(context)
        admins = await admins_in(context, sessions)
        listed = _others(sessions, own, more=bool(stack.next or stack.cursors))
        can_end = any(params.values()) and bool(listed.ids)  # never everybody's at once
        place = list_location("sessions", **params, cursor=stack.cursor)
        return {
            self.note: _filter_note(filters, sessions),
            self.listed: place + render_rows(sessions, own, admins, context.now()),
            self.listed_sessions: listed,
            self.end: gr.Button(words.end_listed(len(listed.ids)), visible=can_end),
            **self.page_updates(len(sessions), "session", stack),
        }


class SessionsPage(Components):
    """The page: the list, or one session if the address names one."""

    def __init__(self, services: Services) -> None:
        self.over = gr.Markdown(elem_id="over")  # set when the admin has ended their own session
        with gr.Column() as list_column:
            self.refresh = page_header(words.TITLE, words.LEAD, stays_fresh=True)
            self.index = SessionListView()
        self.bar = Confirmation()
        with gr.Column(visible=False) as detail_column:
            self.session = SessionDetail(services, self.bar)
        self.layout = ListOrDetail(list_column, detail_column)

    async def on_load(self, context: PageContext) -> Updates:
        """Show the list, or the session that the page\'s address names."""
        if "id" in context.query:
            return self.layout.show(detail=True) | await self.session.render(context)
        filters = SessionFilters.from_query(context.query)
        warn_of_unused(context, asdict(filters))
        return {
            **self.layout.show(detail=False),
            self.index.search: filters.search,
            self.index.address: filters.address,
            **await self.index.page_at(context, stack_from(context.query), filters),
        }

    async def after(self, context: PageContext) -> Updates:
        """Show the result of an action, or that it ended the admin's own session."""
        try:
            return {self.over: "", **await self.on_load(context)}
        except ApiError as refused:
            if refused.status != 401:
                raise
            return {self.over: alert(words.YOURS_OVER)}


def build(blocks: gr.Blocks, services: Services) -> SessionsPage:
    """Lay out the page."""
    page = SessionsPage(services)
    index, bar = page.index, page.bar
    on(services, blocks.load, page.on_load, None, page.outputs)
    triggers = [index.find.click, *(each.submit for each in index.inputs)]
    on(services, triggers, index.on_filter, index.inputs, index.outputs)
    on(services, page.refresh.click, index.refresh_list, index.stack, index.outputs)
    index.bind_pager(services)
    bar.add_button(services, index.end, ask_end_listed, index.listed_sessions)
    bar.bind(services, page.after, page.outputs)
    on(services, page.over.change, on_signed_out)
    return page


async def on_signed_out(_: PageContext) -> None:
    """Do nothing: the guard refuses this event, and panel.js then opens the sign-in page."""


def render_rows(
    sessions: list[dict[str, Any]], own: str, admins: dict[str, dict[str, Any]], now: datetime
) -> Markup:
    """Return sessions as a table; each row links to the session."""
    cells = [
        [
            Markup("{} {}").format(
                link(breakable(each["user"]["email"]), "sessions", id=each["id"]),
                badges_of(each, own, admins),
            ),
            render_device(each["userAgent"]),
            Markup("<span class='from'>{}</span>").format(_address_link(each["ipAddress"])),
            timestamps.render_relative(each["createdAt"], now),
            timestamps.render_relative(each["updatedAt"], now),
            timestamps.render_relative(each["expiresAt"], now),
        ]
        for each in sessions
    ]
    return render_table(
        words.COLUMNS,
        cells,
        caption=words.CAPTION,
        empty_text=words.NONE,
        hint=words.NONE_HINT,
        wide=words.COLUMNS[0],
    )


def is_address(text: str) -> bool:
    """Tell whether the API accepts this as an address or as a /64 network."""
    address, slash, _ = text.partition("/")
    try:
        ip_address(address)
    except ValueError:
        return False
    return not slash or (text == f"{address}/64" and bool(ipv6_prefix(address)))


def _address_link(address: str) -> str:
    return (
        link(breakable(address), "sessions", address=address) if address else words.UNKNOWN_ADDRESS
    )


def _others(sessions: list[dict[str, Any]], own: str, *, more: bool) -> ListedSessions:
    others = [each for each in sessions if each["id"] != own]
    return ListedSessions(
        ids=tuple(each["id"] for each in others),
        user_count=len({each["user"]["id"] for each in others}),
        yours_stays=len(others) < len(sessions),
        more=more,
    )


def _filter_note(filters: SessionFilters, sessions: list[SessionJson]) -> Markup:
    """Say whose sessions are listed, with a link to the whole list."""
    if not filters.user:
        return Markup()
    user = sessions[0]["user"]["email"] if sessions else filters.user
    named = link(isolate(user), "users", id=filters.user)
    return Markup("<p>{} {}</p>").format(
        words.ONLY_OF.format(named), link(words.EVERYBODYS, "sessions")
    )
