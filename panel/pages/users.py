"""Users: found, made, and each with a page of their own at /admin/users?id=…"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from panel import paging, when
from panel.markup import Markup, badge, heading, here, isolated, link
from panel.pages import user as one_user
from panel.paging import Pager
from panel.paths import USERS_CSV
from panel.query import written
from panel.table import Column, table
from panel.tools import Asked, Tools
from panel.wiring import error_toast, on, say
from panel.words import common
from panel.words import users as words

PAGE = 25
_FILTERS = ("search", "role", "banned", "verified")


@dataclass(frozen=True)
class _List:
    filters: list[Any]
    """What `Wanted.of` reads: search, role, banned, verified, order."""
    offset: gr.State
    pager: Pager
    listed: gr.Markdown
    csv: gr.Markdown

    @property
    def outputs(self) -> list[Any]:
        return [self.listed, self.csv, self.offset, *self.pager.outputs]


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
    def chosen(cls, filters: tuple[str, ...], offset: int = 0) -> "Wanted":
        """Read what is chosen above the list."""
        search, role, banned, verified, order = filters
        return cls(search.strip(), role, banned, verified, order, offset)

    def asked(self) -> dict[str, str]:
        """Return what the API is asked for; what is empty is not asked."""
        sort_by, _, direction = self.order.partition(" ")
        said = {name: getattr(self, name) for name in _FILTERS}
        said |= {"sortBy": sort_by, "sortDirection": direction}
        return {name: value for name, value in said.items() if value}


def build(blocks: gr.Blocks, tools: Tools) -> None:
    """Lay out the page: the list, and in its place one user where the address names one."""
    with gr.Column() as every:
        gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
        fields, create, made = _form()
        shown = _list()
    with gr.Column(visible=False) as one:
        one_user.build(blocks, tools)
    inputs = [*shown.filters, shown.offset]
    on(tools, blocks.load, opened, None, [every, one, *shown.filters, *shown.outputs])
    triggers = [shown.filters[0].submit, *(each.input for each in shown.filters[1:])]
    on(tools, triggers, listed, shown.filters, shown.outputs)
    on(tools, shown.pager.newer.click, newer, inputs, shown.outputs)
    on(tools, shown.pager.older.click, older, inputs, shown.outputs)
    on(tools, create.click, created, [*fields, *inputs], [made, *fields, *shown.outputs])


def _list() -> _List:
    with gr.Row(elem_classes="filters"):
        search = gr.Textbox(
            label=words.SEARCH,
            placeholder=words.SEARCH_HINT,
            max_lines=1,
            scale=6,
            min_width=220,
            elem_id="search",
        )
        filters = [
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
    listed = gr.Markdown(elem_classes="listed", elem_id="users", latex_delimiters=[])
    pager = paging.pager()
    csv = gr.Markdown(elem_classes="soft")
    return _List([search, *filters], gr.State(0), pager, listed, csv)


def _form() -> tuple[list[Any], gr.Button, gr.Markdown]:
    with gr.Accordion(words.NEW, open=False, elem_id="new-user"):
        with gr.Row():
            email = gr.Textbox(label=words.EMAIL, max_lines=1, min_width=200)
            name = gr.Textbox(label=words.NAME, max_lines=1, min_width=160)
            role = gr.Dropdown(words.ROLES_TO_GIVE, value="user", label=words.NEW_ROLE)
            password = gr.Textbox(
                label=words.PASSWORD, type="password", placeholder=words.NONE_YET, min_width=200
            )
        create = gr.Button(words.CREATE, variant="primary", size="md")
        made = gr.Markdown(latex_delimiters=[])
    return [email, name, role, password], create, made


async def opened(tools: Tools, asked: Asked) -> tuple[Any, ...]:
    """Show the list as the page's address asks for it, or leave the place to one user."""
    wanted = Wanted.by(asked.query)
    filters = (wanted.search, wanted.role, wanted.banned, wanted.verified, wanted.order)
    if "id" in asked.query:
        kept = [gr.skip()] * 6
        return gr.Column(visible=False), gr.Column(visible=True), *filters, *kept
    shown = await page_of(tools, asked, wanted)
    return gr.Column(visible=True), gr.Column(visible=False), *filters, *shown


async def listed(tools: Tools, asked: Asked, *filters: str) -> tuple[Any, ...]:
    """Show the first page of what the filters let pass."""
    return await page_of(tools, asked, Wanted.chosen(filters))


async def newer(tools: Tools, asked: Asked, *given: Any) -> tuple[Any, ...]:
    """Turn one page back."""
    *filters, offset = given
    return await page_of(tools, asked, Wanted.chosen(tuple(filters), max(offset - PAGE, 0)))


async def older(tools: Tools, asked: Asked, *given: Any) -> tuple[Any, ...]:
    """Turn one page on."""
    *filters, offset = given
    return await page_of(tools, asked, Wanted.chosen(tuple(filters), offset + PAGE))


async def created(
    tools: Tools, asked: Asked, email: str, name: str, role: str, password: str, *given: Any
) -> tuple[Any, ...]:
    """Make an account, and show where it is."""
    if not email.strip() or not name.strip():
        raise error_toast(words.NEEDS_NAME)
    said = {"email": email.strip(), "name": name.strip(), "role": role}
    said |= {"password": password} if password else {}
    user = (await tools.api.post(asked.owner, "/api/auth/admin/create-user", said))["user"]
    say(words.created(user["email"]))
    opens = link(words.open_user(user["email"]), "users", id=user["id"])
    made = Markup("<p>{}</p>").format(opens)
    *filters, _ = given
    shown = await page_of(tools, asked, Wanted.chosen(tuple(filters)))
    return made, "", "", "user", "", *shown


async def page_of(tools: Tools, asked: Asked, wanted: Wanted) -> tuple[Any, ...]:
    """Return the list, the link to it as a file, where it begins, and the pager."""
    told = wanted.asked()
    page = await tools.api.get(
        asked.owner, "/api/admin/users", **told, limit=PAGE, offset=wanted.offset
    )
    users, total = page["users"], page["total"]
    first, last = wanted.offset + 1, wanted.offset + len(users)
    sentence = common.place_in_list(first, last, total, "user", about=page["totalIsEstimate"])
    turned = paging.turned(
        sentence, newer=wanted.offset > 0, older=len(users) == PAGE and last < total
    )
    place = here("users", **told, offset=str(wanted.offset or ""))
    return place + rows(users, tools), _csv(told, total), wanted.offset, *turned


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
            when.shown(user["lastSignInAt"], now),
            when.shown(user["createdAt"], now),
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
