"""Users: found, made, and each with a page of their own at /admin/users?id=…"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from panel.pages.users import detail as one_user
from panel.pages.users import words
from panel.services import Asked, Tools
from panel.ui import timestamps
from panel.ui import words as common_words
from panel.ui.layout import Parts, filter_text
from panel.ui.markup import Markup, badge, heading, here, isolated, link
from panel.ui.paging import Pager, Places
from panel.ui.table import Column, table
from panel.ui.urls import USERS_CSV, written
from panel.ui.wiring import Updates, error_toast, on, say

PAGE = 25
_FILTERS = ("search", "role", "banned", "verified")


@dataclass(frozen=True)
class Wanted:
    """Which users, in which order, beginning where."""

    search: str = ""
    role: str = ""
    banned: str = ""
    verified: str = ""
    order: str = "createdAt desc"
    offset: int = 0

    @classmethod
    def by(cls, query: Mapping[str, str]) -> "Wanted":
        """Read what the page's address asks for."""
        order = f"{query.get('sortBy')} {query.get('sortDirection')}"
        known = {value for _, value in words.ORDERS}
        offset = query.get("offset", "")
        return cls(
            **{name: query.get(name, "") for name in _FILTERS},
            order=order if order in known else "createdAt desc",
            offset=int(offset) if offset.isdecimal() and len(offset) < 8 else 0,
        )

    @classmethod
    def chosen(
        cls, search: str, role: str, banned: str, verified: str, order: str, offset: int = 0
    ) -> "Wanted":
        """Read what is chosen above the list."""
        return cls(search.strip(), role, banned, verified, order, offset)

    def newer(self) -> "Wanted":
        """Turn one page back."""
        return replace(self, offset=max(self.offset - PAGE, 0))

    def older(self) -> "Wanted":
        """Turn one page on."""
        return replace(self, offset=self.offset + PAGE)

    def asked(self) -> dict[str, str]:
        """Return what the API is asked for; what is empty is not asked."""
        sort_by, _, direction = self.order.partition(" ")
        said = {name: getattr(self, name) for name in _FILTERS}
        said |= {"sortBy": sort_by, "sortDirection": direction}
        return {name: value for name, value in said.items() if value}


class UserList(Parts):
    """The list, and what narrows it down."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="filters"):
            search = filter_text(
                words.SEARCH, words.SEARCH_HINT, scale=6, min_width=220, name="search"
            )
            chosen = [
                gr.Dropdown(
                    choices,
                    value=choices[0][1],
                    label=label,
                    filterable=False,
                    scale=width,
                    min_width=110,
                )
                for label, choices, width in (
                    (words.ROLE, words.ROLES, 2),
                    (words.STATE, words.STATES, 2),
                    (words.ADDRESS, words.VERIFIED, 2),
                    (words.ORDER, words.ORDERS, 3),
                )
            ]
        self.listed = gr.Markdown(elem_classes="listed", elem_id="users", latex_delimiters=[])
        self.pager = Pager()
        self.csv = gr.Markdown(elem_classes="soft")
        self.offset = gr.State(0)
        self.inputs = [search, *chosen]  # what `Wanted.chosen` reads

    def filled(self, wanted: Wanted) -> Updates:
        """Show in the filters what is wanted."""
        said = (wanted.search, wanted.role, wanted.banned, wanted.verified, wanted.order)
        return dict(zip(self.inputs, said, strict=True))

    async def filtered(self, tools: Tools, asked: Asked, *filters: Any) -> Updates:
        """Show the first page of what the filters let pass."""
        return await self.page_of(tools, asked, Wanted.chosen(*filters))

    async def newer(self, tools: Tools, asked: Asked, *given: Any) -> Updates:
        """Turn one page back."""
        return await self.page_of(tools, asked, Wanted.chosen(*given).newer())

    async def older(self, tools: Tools, asked: Asked, *given: Any) -> Updates:
        """Turn one page on."""
        return await self.page_of(tools, asked, Wanted.chosen(*given).older())

    async def page_of(self, tools: Tools, asked: Asked, wanted: Wanted) -> Updates:
        """Show one page of what is wanted, and the link to all of it as a file."""
        told = wanted.asked()
        page = await tools.api.get(
            asked.owner, "/api/admin/users", **told, limit=PAGE, offset=wanted.offset
        )
        users, total = page["users"], page["total"]
        first, last = wanted.offset + 1, wanted.offset + len(users)
        said = common_words.place_in_list(first, last, total, "user", about=page["totalIsEstimate"])
        older = len(users) == PAGE and last < total
        place = here("users", **told, offset=str(wanted.offset or ""))
        return {
            self.listed: place + rows(users, tools),
            self.csv: _csv(told, total),
            self.offset: wanted.offset,
            **self.pager.turned(said, newer=wanted.offset > 0, older=older),
        }


class NewUser:
    """The form in which an account is made."""

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
            self.made = gr.Markdown(latex_delimiters=[])
        self.fields = [email, name, self.role, password]


class Users:
    """The page: the list, and in its place one user where the address names one."""

    def __init__(self, blocks: gr.Blocks, tools: Tools) -> None:
        with gr.Column() as every:
            gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
            self.form, self.index = NewUser(), UserList()
        with gr.Column(visible=False) as one:
            self.user = one_user.build(blocks, tools)
        self.places = Places(every, one)

    async def opened(self, tools: Tools, asked: Asked) -> Updates:
        """Show the list as the page's address asks for it, or leave the place to one user."""
        wanted = Wanted.by(asked.query)
        filled = self.index.filled(wanted)
        if "id" in asked.query:
            return self.places.show(one=True) | filled
        shown = await self.index.page_of(tools, asked, wanted)
        return self.places.show(one=False) | filled | shown

    async def created(
        self,
        tools: Tools,
        asked: Asked,
        email: str,
        name: str,
        role: str,
        password: str,
        *filters: str,
    ) -> Updates:
        """Make an account, and show where it is."""
        if not email.strip() or not name.strip():
            raise error_toast(words.NEEDS_NAME)
        said = {"email": email.strip(), "name": name.strip(), "role": role}
        said |= {"password": password} if password else {}
        user = (await tools.api.post(asked.owner, "/api/auth/admin/create-user", said))["user"]
        say(words.CREATED.format(user["email"]))
        opens = link(words.OPEN_USER.format(user["email"]), "users", id=user["id"])
        made = Markup("<p>{}</p>").format(opens)
        shown = await self.index.filtered(tools, asked, *filters)
        emptied = dict.fromkeys(self.form.fields, "") | {self.form.role: "user"}
        return {self.form.made: made, **emptied, **shown}


def build(blocks: gr.Blocks, tools: Tools) -> Users:
    """Lay out the page."""
    page = Users(blocks, tools)
    form, shown = page.form, page.index
    opened = [*page.places.outputs, *shown.inputs, *shown.outputs]
    on(tools, blocks.load, page.opened, None, opened)
    search, *chosen = shown.inputs
    triggers = [search.submit, *(each.input for each in chosen)]
    on(tools, triggers, shown.filtered, shown.inputs, shown.outputs)
    turned = [*shown.inputs, shown.offset]
    on(tools, shown.pager.newer.click, shown.newer, turned, shown.outputs)
    on(tools, shown.pager.older.click, shown.older, turned, shown.outputs)
    inputs = [*form.fields, *shown.inputs]
    on(tools, form.create.click, page.created, inputs, [form.made, *form.fields, *shown.outputs])
    return page


def rows(users: list[dict[str, Any]], tools: Tools) -> Markup:
    """Return users as a table; each row opens that user."""
    now = tools.clock.now()
    cells = [
        [
            Markup("{}<br><span class='soft'>{}</span>").format(
                link(isolated(user["email"]), "users", id=user["id"]), isolated(user["name"])
            ),
            badge(user["role"], "turn" if "admin" in user["role"] else ""),
            state(user),
            f"{user['activeSessions']:,}",
            timestamps.shown(user["lastSignInAt"], now),
            timestamps.shown(user["createdAt"], now),
        ]
        for user in users
    ]
    columns = [Column(title) for title in words.COLUMNS]
    columns[0] = Column(words.COLUMNS[0], wide=True)
    return table(
        columns, cells, caption=words.CAPTION, nothing=words.NOBODY, hint=words.NOBODY_HINT
    )


def state(user: Mapping[str, Any]) -> Markup:
    """Say in pills whether a user's address is verified, and whether they are banned."""
    verified = (
        badge(words.IS_VERIFIED, "good")
        if user["emailVerified"]
        else badge(words.IS_UNVERIFIED, "")
    )
    return badge(words.IS_BANNED, "bad") + Markup(" ") + verified if user["banned"] else verified


def _csv(told: dict[str, str], total: int) -> Markup:
    if not total:
        return Markup()
    file = f"{USERS_CSV}?{written(told)}"
    return Markup("<p><a href='{}'>{}</a></p>").format(file, words.CSV)
