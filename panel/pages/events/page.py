"""Events: the audit trail, and a page for each event at /admin/events?id=…"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import ip_address
from typing import Any

import gradio as gr

from panel.pages.events import audit_table, words
from panel.pages.events.audit_words import KINDS
from panel.pages.events.detail import EventDetail, render_log
from panel.services import PageContext, Services
from panel.ui.layout import Components, filter_text, page_header, search_button
from panel.ui.markup import Markup, alert, isolate, link, list_location
from panel.ui.paging import CursorList, CursorStack, ListOrDetail, stack_from
from panel.ui.urls import is_id
from panel.ui.wiring import Updates, check_filters, error_toast, on, warn_of_unused

PAGE = 25
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(8999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class EventFilters:
    """Filters of the list; times as entered."""

    kinds: tuple[str, ...] = ()
    user: str = ""
    email: str = ""
    request_id: str = ""
    address: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "EventFilters":
        """Read the page's address; invalid values are dropped."""
        since, until = query.get("from", ""), query.get("to", "")
        return cls(
            kinds=tuple(kind for kind in query.get("kind", "").split(",") if kind in KINDS),
            user=query.get("user", "") if is_id(query.get("user", "")) else "",
            email=query.get("email", ""),
            request_id=query.get("requestId", ""),
            address=query.get("address", ""),
            since=since if parse_time(since) else "",
            until=until if parse_time(until) else "",
        )

    def to_query(self) -> dict[str, str]:
        """Return the query of the page's address."""
        query = {"kind": ",".join(self.kinds), "user": self.user, "email": self.email}
        query |= {"requestId": self.request_id, "address": self.address}
        return query | {"from": self.since, "to": self.until}

    def to_params(self) -> dict[str, Any]:
        """Return the parameters of the API's list."""
        since, until = parse_time(self.since), parse_time(self.until, end=True)
        return {
            **self.to_query(),
            "kind": list(self.kinds),
            "from": since.isoformat() if since else "",
            "to": until.isoformat() if until else "",
        }


class EventListView(CursorList):
    """The list and its filters."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="filters"):
            self.kinds = gr.Dropdown(
                [(label, kind) for kind, label in KINDS.items()],
                value=[],
                multiselect=True,
                label=words.KINDS,
                scale=5,
                min_width=240,
                elem_id="kinds",
            )
            self.email = filter_text(words.EMAIL, words.EMAIL_HINT, scale=4)
            self.request = filter_text(words.REQUEST, words.REQUEST_HINT, scale=4)
            self.find = search_button()
        with gr.Accordion(words.MORE, open=False, elem_id="more") as self.more, gr.Row():
            self.address = filter_text(words.ADDRESS, words.ADDRESS_HINT, scale=3)
            self.since = filter_text(words.SINCE, words.SINCE_HINT, scale=3)
            self.until = filter_text(words.UNTIL, words.UNTIL_HINT, scale=3)
        super().__init__("whose", "events", elem_classes="listed")
        self.log = gr.Markdown(elem_id="log", latex_delimiters=[])
        self.texts = [self.email, self.request, self.address, self.since, self.until]
        self.inputs = [self.kinds, *self.texts]

    def fill(self, filters: EventFilters) -> Updates:
        """Set the filter components."""
        more = any((filters.address, filters.since, filters.until))
        return {
            self.kinds: list(filters.kinds),
            self.email: filters.email,
            self.request: filters.request_id,
            self.more: gr.Accordion(open=more),
            self.address: filters.address,
            self.since: filters.since,
            self.until: filters.until,
        }

    async def on_filter(self, context: PageContext, kinds: list[str], *texts: str) -> Updates:
        """Apply the filters and show the first page."""
        email, request_id, address, since, until = (each.strip() for each in texts)
        user = EventFilters.from_query(context.query).user
        filters = EventFilters(
            tuple(kinds), user, email, request_id, _normalize_address(address), since, until
        )
        if (since and not parse_time(since)) or (until and not parse_time(until)):
            raise error_toast(words.NO_SUCH_MOMENT)
        if problem := _find_problem(filters):
            raise error_toast(problem)
        check_filters(filters.to_query())
        return await self.page_at(context, CursorStack(), filters)

    async def page_at(
        self, context: PageContext, stack: CursorStack, filters: EventFilters | None = None
    ) -> Updates:
        """Show one page, and the log of a request."""
        filters = filters or EventFilters.from_query(context.query)
        params = filters.to_params()
        page = await context.get("/api/admin/events", **params, limit=PAGE, cursor=stack.cursor)
        now, stack = context.now(), replace(stack, next=page["nextCursor"] or "")
        rows = audit_table.render(page, now, empty_text=words.NONE, hint=words.NONE_HINT)
        return {
            self.note: _user_note(filters, page["emails"]),
            self.listed: list_location("events", **filters.to_query(), cursor=stack.cursor) + rows,
            self.log: await render_log(context, filters.request_id),
            **self.page_updates(len(page["events"]), "event", stack),
        }


class EventsPage(Components):
    """The page: the list, or one event if the address names one."""

    def __init__(self) -> None:
        with gr.Column() as list_column:
            self.refresh = page_header(words.TITLE, words.LEAD, stays_fresh=True)
            self.index = EventListView()
        with gr.Column(visible=False) as detail_column:
            self.event = EventDetail()
        self.layout = ListOrDetail(list_column, detail_column)

    async def on_load(self, context: PageContext) -> Updates:
        """Show the list, or the event that the page\'s address names."""
        if is_id(context.query.get("id", "")):
            return self.layout.show(detail=True) | await self.event.render(context)
        filters = EventFilters.from_query(context.query)
        warn_of_unused(context, filters.to_query() | {"id": ""})
        updates = await self.index.page_at(context, stack_from(context.query), filters)
        return self.layout.show(detail=False) | self.index.fill(filters) | updates


def build(blocks: gr.Blocks, services: Services) -> EventsPage:
    """Lay out the page."""
    page = EventsPage()
    index = page.index
    on(services, blocks.load, page.on_load, None, page.outputs)
    triggers = [index.kinds.input, index.find.click, *(each.submit for each in index.texts)]
    on(services, triggers, index.on_filter, index.inputs, index.outputs)
    on(services, page.refresh.click, index.refresh_list, index.stack, index.outputs)
    index.bind_pager(services)
    return page


def parse_time(text: str, *, end: bool = False) -> datetime | None:
    """Parse a day or a time in UTC, or return None; with `end`, a day means its end."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _parse_timestamp(text)
    start = datetime.combine(day, time(), UTC)
    return _within_range(start + timedelta(days=1) if end and day != date.max else start)


def _parse_timestamp(text: str) -> datetime | None:
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _within_range(then if then.tzinfo else then.replace(tzinfo=UTC))


def _within_range(then: datetime) -> datetime | None:
    return then if _EARLIEST <= then <= _LATEST else None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _normalize_address(address: str) -> str:
    """Return an address as the audit trail writes it; other text unchanged."""
    try:
        return str(ip_address(address))
    except ValueError:
        return address


def _find_problem(filters: EventFilters) -> str:
    """Say why no event can match, if so."""
    begin, end = parse_time(filters.since), parse_time(filters.until, end=True)
    if begin and end and begin >= end:
        return words.WRONG_WAY_ROUND
    if filters.address and not _is_address(filters.address):
        return words.NO_SUCH_ADDRESS
    return words.NO_SUCH_EMAIL if filters.email and "@" not in filters.email else ""


def _user_note(filters: EventFilters, emails: Mapping[str, str]) -> Markup:
    """Say whose events are listed, with a link to the whole list, or why none can be found."""
    if problem := _find_problem(filters):  # in a link that somebody wrote
        return alert(problem)
    if not filters.user:
        return Markup()
    user_link = link(isolate(emails.get(filters.user, filters.user)), "users", id=filters.user)
    return Markup("<p>{} {}</p>").format(
        words.ONLY_OF.format(user_link), link(words.EVERYBODYS, "events")
    )
