"""One user: profile, sessions, events and actions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import gradio as gr

from panel.client.api import ApiError
from panel.pages.events import audit_table
from panel.pages.users import actions, words
from panel.pages.users.actions import AccountJson, UserJson
from panel.pages.users.profile import render_profile
from panel.services import PageContext, Services
from panel.ui import timestamps
from panel.ui import words as common_words
from panel.ui.confirm import Confirmation
from panel.ui.layout import Components, back_link
from panel.ui.markup import (
    Markup,
    badge,
    breakable,
    empty_state,
    link,
    loading_state,
    soft,
)
from panel.ui.table import render_table
from panel.ui.user_agents import describe_device, render_device
from panel.ui.wiring import EventHandler, Updates, on, show_success

_EVENTS = 15


class _Actions(Components):
    """The buttons: some ask for confirmation, some act at once."""

    def __init__(self, *, has_usernames: bool) -> None:
        gr.Markdown(Markup("<h2>{}</h2>").format(words.ACTIONS))
        with gr.Column(elem_classes=["card", "actions"]):
            self.verify, self.unverify = _button(words.VERIFY), _button(words.UNVERIFY)
            reset, self.remove_factor = _button(words.SEND_RESET), _button(words.REMOVE_FACTOR)
            self.remove_passkeys = _button(words.REMOVE_PASSKEYS)
        self.session, end_one, end_all = _session_card()
        self.accounts, self.account, unlink = _account_card()
        with gr.Column(elem_classes=["card", "actions"]):
            self.role = gr.Dropdown(words.ROLES_TO_GIVE, label=words.NEW_ROLE, filterable=False)
            set_role = _button(words.SET_ROLE)
        self.username, set_username = _username_card(visible=has_usernames)
        with gr.Column(elem_classes=["card", "actions"]):
            until, reason = _ban_fields()
            with gr.Row():
                ban, self.unban = _button(words.BAN), _button(words.UNBAN)
        self.password, set_password = _password_card()
        with gr.Column(elem_classes=["card", "actions"]):
            act_as = _button(words.ACT_AS)
            self.impersonation_note = gr.Markdown(soft(words.ACT_AS_HINT), elem_id="acting")
        delete = gr.Button(words.DELETE, variant="stop", size="md")
        self.confirmed: tuple[tuple[gr.Button, EventHandler, list[Any]], ...] = (
            (self.remove_factor, actions.ask_remove_factor, []),
            (self.remove_passkeys, actions.ask_remove_passkeys, []),
            (end_one, actions.ask_end_one, [self.session]),
            (unlink, actions.ask_unlink, [self.account]),
            (end_all, actions.ask_end_all, []),
            (set_role, actions.ask_role, [self.role]),
            (set_username, actions.ask_username, [self.username]),
            (ban, actions.ask_ban, [until, reason]),
            (set_password, actions.ask_password, [self.password]),
            (act_as, actions.ask_act_as, []),
            (delete, actions.ask_delete, []),
        )
        self.immediate = {
            self.verify: actions.mark_verified,
            self.unverify: actions.mark_unverified,
            reset: actions.send_reset,
            self.unban: actions.unban,
        }


class UserDetail(Components):
    """The page of one user."""

    def __init__(self, *, has_usernames: bool) -> None:
        back_link(words.BACK, "users")
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=7, min_width=320):
                self.about, self.sessions, self.events = (
                    gr.Markdown(
                        loading_state(common_words.LOADING), elem_id=name, latex_delimiters=[]
                    )
                    for name in ("about", "user-sessions", "user-events")
                )
            with gr.Column(scale=4, min_width=300, visible=False) as self.column:
                self.actions = _Actions(has_usernames=has_usernames)

    async def on_load(self, context: PageContext) -> Updates:
        """Show the user that the page's address names, if any."""
        return await self.render(context) if "id" in context.query else {}

    async def render(self, context: PageContext) -> Updates:
        """Show the user, or that there is no such user."""
        try:
            user = await actions.find_user(context)
        except ApiError as refused:
            if refused.status != 404:
                raise
            gone, hidden = empty_state(words.GONE, words.GONE_HINT), gr.Column(visible=False)
            return {self.about: gone, self.sessions: "", self.events: "", self.column: hidden}
        sessions, now = await actions.live_sessions(context), context.now()
        factors, is_self = (
            await actions.find_factors(context, user),
            user["email"] == context.admin.email,
        )
        passkeys = await actions.list_passkeys(context, user)
        accounts = await actions.list_accounts(context, user)
        events = await context.get("/api/admin/events", user=user["id"], limit=_EVENTS)
        choices = [(_session_name(each, now), each["id"]) for each in sessions]
        return {
            self.about: render_profile(user, accounts, factors, passkeys, now),
            self.sessions: render_sessions(sessions, now),
            self.events: _render_events(user, events, now),
            self.column: gr.Column(visible=True),
            self.actions.session: gr.Dropdown(choices, value=choices[0][1] if choices else None),
            **self._choose_account(accounts),
            self.actions.role: "admin" if "admin" in user["role"].split(",") else "user",
            self.actions.username: user["displayUsername"] or user["username"] or "",
            self.actions.password: "",
            self.actions.impersonation_note: _impersonation_note(user, context),
            self.actions.verify: gr.Button(visible=not user["emailVerified"]),
            self.actions.unverify: gr.Button(visible=user["emailVerified"]),
            # One's own is removed on the account's page, which asks for the password.
            self.actions.remove_factor: gr.Button(visible=factors is not None and not is_self),
            self.actions.remove_passkeys: gr.Button(visible=bool(passkeys)),
            self.actions.unban: gr.Button(visible=user["banned"]),
        }

    def _choose_account(self, accounts: Sequence[AccountJson]) -> Updates:
        at_providers = [each for each in accounts if each["providerId"] != actions.PASSWORD]
        choices = [(_account_name(each), each["id"]) for each in at_providers]
        chosen = choices[0][1] if choices else None
        return {
            self.actions.accounts: gr.Column(visible=bool(choices)),
            self.actions.account: gr.Dropdown(choices, value=chosen),
        }

    def handler_for(self, action: EventHandler) -> EventHandler:
        """Return the handler of a button that acts without confirmation."""

        async def handle(context: PageContext) -> Updates:
            show_success(await action(context))
            return await self.render(context)

        return handle


def build(blocks: gr.Blocks, services: Services) -> UserDetail:
    """Lay out the page."""
    user, bar = UserDetail(has_usernames=services.settings.username), Confirmation()
    on(services, blocks.load, user.on_load, None, user.outputs)
    for button, question, inputs in user.actions.confirmed:
        bar.add_button(services, button, question, inputs)
    for button, action in user.actions.immediate.items():
        on(services, button.click, user.handler_for(action), None, user.outputs)
    bar.bind(services, user.render, user.outputs)
    return user


def _username_card(*, visible: bool) -> tuple[gr.Textbox, gr.Button]:
    with gr.Column(elem_classes=["card", "actions"], visible=visible):
        field = gr.Textbox(label=words.NEW_USERNAME, placeholder=words.USERNAME_HINT, max_lines=1)
        return field, _button(words.SET_USERNAME)


def _session_card() -> tuple[gr.Dropdown, gr.Button, gr.Button]:
    with gr.Column(elem_classes=["card", "actions"]):
        session = gr.Dropdown([], label=words.WHICH, filterable=False)
        with gr.Row():
            return session, _button(words.END_ONE), _button(words.END_ALL)


def _account_card() -> tuple[gr.Column, gr.Dropdown, gr.Button]:
    """Lay out what unlinks an account at a provider; hidden without any."""
    with gr.Column(elem_classes=["card", "actions"], visible=False) as card:
        account = gr.Dropdown([], label=words.WHICH_ACCOUNT, filterable=False)
        return card, account, _button(words.UNLINK)


def _password_card() -> tuple[gr.Textbox, gr.Button]:
    with gr.Column(elem_classes=["card", "actions"]):
        field = gr.Textbox(label=words.NEW_PASSWORD, type="password", max_lines=1)
        return field, _button(words.SET_PASSWORD)


def _ban_fields() -> tuple[gr.Textbox, gr.Textbox]:
    until = gr.Textbox(label=words.UNTIL, placeholder=words.UNTIL_HINT, max_lines=1)
    max_length = actions.MAX_REASON
    return until, gr.Textbox(label=words.REASON, max_lines=1, max_length=max_length)


def _button(name: str) -> gr.Button:
    return gr.Button(name, size="md", min_width=90)


def render_sessions(sessions: list[dict[str, Any]], now: datetime) -> Markup:
    """Return a user's live sessions."""
    rows = [
        [
            Markup("{} {}").format(render_device(each["userAgent"]), _mark(each)),
            Markup("<span class='from'>{}</span>").format(breakable(each["ipAddress"])),
            timestamps.render_relative(each["createdAt"], now),
            timestamps.render_relative(each["updatedAt"], now),
            timestamps.render_relative(each["expiresAt"], now),
        ]
        for each in sessions
    ]
    listed = render_table(
        words.SESSION_COLUMNS,
        rows,
        caption=words.SESSIONS,
        empty_text=words.NO_SESSIONS,
        hint=words.NO_SESSIONS_HINT,
    )
    return Markup("<h2>{}</h2>{}").format(words.SESSIONS, listed)


def _mark(session: dict[str, Any]) -> Markup:
    return badge(words.ACTS_AS_MARK, "warn") if session["impersonatedBy"] else Markup()


def _render_events(user: UserJson, page: dict[str, Any], now: datetime) -> Markup:
    hint = words.NO_EVENTS_HINT
    listed = audit_table.render(page, now, empty_text=words.NO_EVENTS, hint=hint, whose=user["id"])
    more = link(words.ALL_EVENTS, "events", user=user["id"]) if page["nextCursor"] else ""
    return Markup("<h2>{}</h2>{}<p>{}</p>").format(words.EVENTS, listed, more)


def _session_name(session: dict[str, Any], now: datetime) -> str:
    begun = timestamps.format_relative(session["createdAt"], now)
    return f"{describe_device(session['userAgent'])}, {session['ipAddress']}, {begun}"


def _account_name(account: AccountJson) -> str:
    return f"{actions.name_account(account)}, {account['accountId']}"


def _impersonation_note(user: UserJson, context: PageContext) -> Markup:
    """Link to the Tester's browser that impersonates this user, if there is one."""
    name = words.ACTS_AS.format(user["email"])
    if name not in context.services.tester.browser_names(context.admin):
        return soft(words.ACT_AS_HINT)
    tester_link = link(words.OPEN_TESTER.format(user["email"]), "tester", browser=name)
    return Markup("<p>{}</p>").format(tester_link)
