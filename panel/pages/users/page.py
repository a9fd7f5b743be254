"""Users: the list, creating one, and a page for each at /admin/users?id=…"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import gradio as gr

from panel.pages.users import detail as user_detail
from panel.pages.users import words
from panel.pages.users.profile import verified_badge
from panel.services import PageContext, Services
from panel.ui import timestamps
from panel.ui import words as common_words
from panel.ui.layout import Components, filter_text, search_button
from panel.ui.markup import (
    Markup,
    badge,
    breakable,
    heading,
    isolate,
    link,
    list_location,
    loading_state,
)
from panel.ui.paging import ListOrDetail, Pager
from panel.ui.table import render_table
from panel.ui.wiring import (
    Updates,
    check_filters,
    error_toast,
    on,
    show_success,
    warn_of_unused,
)

Choices = Sequence[tuple[str, str]]
"""Label and value of each."""

PAGE = 25
_CHOICES = {"role": words.ROLES, "banned": words.STATES, "verified": words.VERIFIED}
_FILTERS = ("search", *_CHOICES)


@dataclass(frozen=True)
class UserFilters:
    """Filters, order and offset of the list."""

    search: str = ""
    role: str = ""
    banned: str = ""
    verified: str = ""
    order: str = "createdAt desc"
    offset: int = 0

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "UserFilters":
        """Read the page's address."""
        if query.get("anonymous") == "true" and "verified" not in query:
            query = {**query, "verified": words.NO_ADDRESS}
        order = f"{query.get('sortBy')} {query.get('sortDirection')}"
        offset = query.get("offset", "")
        return cls(
            search=query.get("search", ""),
            **{name: _choose(query, name, choices) for name, choices in _CHOICES.items()},
            order=order if order in _values(words.ORDERS) else "createdAt desc",
            offset=int(offset) if offset.isdecimal() and len(offset) < 8 else 0,
        )

    @classmethod
    def from_inputs(
        cls, search: str, role: str, banned: str, verified: str, order: str, offset: int = 0
    ) -> "UserFilters":
        """Read the filter components."""
        return cls(search.strip(), role, banned, verified, order, offset)

    def to_params(self) -> dict[str, str]:
        """Return the parameters of the API's list."""
        sort_by, _, direction = self.order.partition(" ")
        params = {name: getattr(self, name) for name in _FILTERS}
        if self.verified == words.NO_ADDRESS:
            params |= {"verified": "", "anonymous": "true"}
        return params | {"sortBy": sort_by, "sortDirection": direction}


class UserListView(Components):
    """The list and its filters."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="filters"):
            search = filter_text(
                words.SEARCH, words.SEARCH_HINT, scale=6, min_width=220, name="search"
            )
            self.find = search_button()
            dropdowns = [
                gr.Dropdown(
                    choices,
                    value=choices[0][1],
                    label=label,
                    filterable=False,
                    scale=scale,
                    min_width=110,
                )
                for label, choices, scale in (
                    (words.ROLE, words.ROLES, 2),
                    (words.STATE, words.STATES, 2),
                    (words.ADDRESS, words.VERIFIED, 2),
                    (words.ORDER, words.ORDERS, 3),
                )
            ]
        self.listed = gr.Markdown(
            loading_state(common_words.LOADING),
            elem_classes="listed",
            elem_id="users",
            latex_delimiters=[],
        )
        self.pager = Pager()
        self.csv = gr.Markdown(elem_classes="soft")
        self.offset = gr.State(0)
        self.inputs = [search, *dropdowns]  # what `UserFilters.from_inputs` reads

    def fill(self, filters: UserFilters) -> Updates:
        """Set the filter components."""
        values = (filters.search, filters.role, filters.banned, filters.verified, filters.order)
        return dict(zip(self.inputs, values, strict=True))

    async def on_filter(self, context: PageContext, *filters: Any) -> Updates:
        """Apply the filters and show the first page."""
        chosen = UserFilters.from_inputs(*filters)
        check_filters(chosen.to_params())
        return await self.load_page(context, chosen)

    async def newer(self, context: PageContext, *inputs: Any) -> Updates:
        """Go one page back."""
        return await self._turn(context, inputs, -PAGE)

    async def older(self, context: PageContext, *inputs: Any) -> Updates:
        """Go one page forward."""
        return await self._turn(context, inputs, PAGE)

    async def load_page(self, context: PageContext, filters: UserFilters) -> Updates:
        """Show one page, and the link to the CSV of all."""
        params = filters.to_params()
        page = await context.get("/api/admin/users", **params, limit=PAGE, offset=filters.offset)
        users, total = page["users"], page["total"]
        first, last = filters.offset + 1, filters.offset + len(users)
        position = common_words.place_in_list(
            first, last, total, "user", about=page["totalIsEstimate"]
        )
        older = len(users) == PAGE and last < total
        place = list_location("users", **params, offset=str(filters.offset or ""))
        return {
            self.listed: place + render_rows(users, context.now()),
            self.csv: _csv(params, total),
            self.offset: filters.offset,
            **self.pager.update(position, newer=filters.offset > 0, older=older),
        }

    async def _turn(self, context: PageContext, inputs: Sequence[Any], step: int) -> Updates:
        filters = UserFilters.from_inputs(*inputs)
        return await self.load_page(context, replace(filters, offset=max(filters.offset + step, 0)))


class NewUserForm:
    """The form that creates a user."""

    def __init__(self) -> None:
        with gr.Accordion(words.NEW, open=False, elem_id="new-user"):
            with gr.Row():
                email = gr.Textbox(label=words.EMAIL, max_lines=1, min_width=200)
                name = gr.Textbox(label=words.NAME, max_lines=1, min_width=160)
                self.role = gr.Dropdown(words.ROLES_TO_GIVE, value="user", label=words.NEW_ROLE)
                password = gr.Textbox(
                    label=words.PASSWORD, type="password", placeholder=words.NONE_YET, min_width=200
                )
            self.create = gr.Button(words.CREATE, variant="primary", size="md")
            self.created = gr.Markdown(latex_delimiters=[])
        self.fields = [email, name, self.role, password]


class UsersPage:
    """The page: the list, or one user if the address names one."""

    def __init__(self, blocks: gr.Blocks, services: Services) -> None:
        with gr.Column() as list_column:
            gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
            self.form, self.index = NewUserForm(), UserListView()
        with gr.Column(visible=False) as detail_column:
            self.user = user_detail.build(blocks, services)
        self.layout = ListOrDetail(list_column, detail_column)

    async def on_load(self, context: PageContext) -> Updates:
        """Show the list, or the user that the page\'s address names."""
        filters = UserFilters.from_query(context.query)
        filters_filled = self.index.fill(filters)
        if "id" in context.query:
            return self.layout.show(detail=True) | filters_filled
        warn_of_unused(context, filters.to_params() | {"offset": str(filters.offset)})
        updates = await self.index.load_page(context, filters)
        return self.layout.show(detail=False) | filters_filled | updates

    async def on_create(
        self, context: PageContext, email: str, name: str, role: str, password: str, *filters: str
    ) -> Updates:
        """Create a user, and link to their page."""
        if not email.strip() or not name.strip():
            raise error_toast(words.NEEDS_NAME)
        payload = {"email": email.strip(), "name": name.strip(), "role": role}
        payload |= {"password": password} if password else {}
        user = (await context.post("/api/auth/admin/create-user", payload))["user"]
        show_success(words.CREATED.format(user["email"]))
        user_link = link(words.OPEN_USER.format(user["email"]), "users", id=user["id"])
        notice = Markup("<p>{}</p>").format(user_link)
        updates = await self.index.on_filter(context, *filters)
        cleared = dict.fromkeys(self.form.fields, "") | {self.form.role: "user"}
        return {self.form.created: notice, **cleared, **updates}


def build(blocks: gr.Blocks, services: Services) -> UsersPage:
    """Lay out the page."""
    page = UsersPage(blocks, services)
    form, index = page.form, page.index
    load_outputs = [*page.layout.outputs, *index.inputs, *index.outputs]
    on(services, blocks.load, page.on_load, None, load_outputs)
    search, *dropdowns = index.inputs
    triggers = [search.submit, index.find.click, *(each.input for each in dropdowns)]
    on(services, triggers, index.on_filter, index.inputs, index.outputs)
    pager_inputs = [*index.inputs, index.offset]
    on(services, index.pager.newer.click, index.newer, pager_inputs, index.outputs)
    on(services, index.pager.older.click, index.older, pager_inputs, index.outputs)
    inputs = [*form.fields, *index.inputs]
    outputs = [form.created, *form.fields, *index.outputs]
    on(services, form.create.click, page.on_create, inputs, outputs)
    return page


def _choose(query: Mapping[str, str], name: str, choices: Choices) -> str:
    value = query.get(name, "")
    return value if value in _values(choices) else ""


def _values(choices: Choices) -> set[str]:
    return {value for _, value in choices}


def render_rows(users: list[dict[str, Any]], now: datetime) -> Markup:
    """Return users as a table; each row links to the user."""
    cells = [
        [
            Markup("{}<br><span class='soft'>{}</span>").format(
                link(breakable(user["email"]), "users", id=user["id"]), _names(user)
            ),
            badge(user["role"], "warn" if "admin" in user["role"] else ""),
            state_badges(user),
            f"{user['activeSessions']:,}",
            timestamps.render_relative(user["lastSignInAt"], now),
            timestamps.render_relative(user["createdAt"], now),
        ]
        for user in users
    ]
    return render_table(
        words.COLUMNS,
        cells,
        caption=words.CAPTION,
        empty_text=words.NOBODY,
        hint=words.NOBODY_HINT,
        wide=words.COLUMNS[0],
    )


def _names(user: Mapping[str, Any]) -> Markup:
    name = isolate(user["name"])
    return name if user["username"] is None else Markup("{} · {}").format(name, user["username"])


def state_badges(user: Mapping[str, Any]) -> Markup:
    """Return badges: banned, verified or not, and whether there is a second factor."""
    badges = [badge(words.IS_BANNED, "bad")] if user["banned"] else []
    badges.append(verified_badge(user))
    badges += [badge(words.HAS_FACTOR, "good")] if user["twoFactorEnabled"] else []
    # In one element, or a phone's cards would spread them.
    return Markup("<span>{}</span>").format(Markup(" ").join(badges))


def _csv(params: dict[str, str], total: int) -> Markup:
    return Markup("<p>{}</p>").format(link(words.CSV, "users.csv", **params)) if total else Markup()
