"""One session: whose it is, from where, how long, and how to end it."""

from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import gradio as gr

from panel.pages.sessions import words
from panel.pages.sessions.actions import (
    SessionJson,
    admins_in,
    ask_end_all,
    ask_end_one,
    find_session,
    own_id,
)
from panel.services import PageContext, Services
from panel.ui import timestamps
from panel.ui.confirm import Confirmation
from panel.ui.layout import Components, back_link
from panel.ui.markup import Markup, badge, empty_state, isolate, link, pairs, see_also, shorten
from panel.ui.user_agents import describe_device
from panel.ui.wiring import Updates

_PREFIX_BITS = 64  # of the IPv6 addresses of one subscriber


class SessionDetail(Components):
    """The page of one session."""

    def __init__(self, services: Services, bar: Confirmation) -> None:
        back_link(words.BACK, "sessions")
        self.about = gr.Markdown(elem_id="session", latex_delimiters=[])
        with gr.Row(visible=False, elem_classes="ends") as self.actions:
            end_one = gr.Button(words.END_ONE, variant="stop", size="md", min_width=120)
            end_all = gr.Button(words.END_ALL, size="md", min_width=120)
        bar.add_button(services, end_one, ask_end_one)
        bar.add_button(services, end_all, ask_end_all)

    async def render(self, context: PageContext) -> Updates:
        """Show the session, or that it has ended."""
        session = await find_session(context)
        if session is None:
            gone = empty_state(words.OVER, words.OVER_HINT)
            return {self.about: gone, self.actions: gr.Row(visible=False)}
        own = await own_id(context)
        admins = await admins_in(context, [session])
        html = render_session(session, own, admins, context.now())
        return {self.about: html, self.actions: gr.Row(visible=True)}


def render_session(
    session: SessionJson, own: str, admins: dict[str, dict[str, Any]], now: datetime
) -> Markup:
    """Return everything known about a session."""
    user = session["user"]
    facts = [
        Markup("{} <span class='soft'>{}</span>").format(
            link(isolate(user["email"], 300), "users", id=user["id"]), isolate(user["name"], 300)
        ),
        shorten(describe_device(session["userAgent"])),
        isolate(session["userAgent"], 1000) if session["userAgent"] else words.SAYS_NOTHING,
        session["ipAddress"] or words.UNKNOWN_ADDRESS,
        timestamps.render_both(session["createdAt"], now),
        timestamps.render_both(session["updatedAt"], now),
        timestamps.render_both(session["expiresAt"], now),
        Markup("<code>{}</code>").format(session["id"]),
    ]
    rows = list(zip(words.FACTS, facts, strict=True))
    if session["impersonatedBy"]:
        rows.insert(1, (words.ACTED_BY, _admin(session, admins)))
    badges = badges_of(session, own, admins)
    return Markup("<div class='card'><h1>{} {}</h1>{}{}</div>").format(
        words.SESSION_OF.format(isolate(user["email"], 60)), badges, pairs(rows), _see_also(session)
    )


def badges_of(session: SessionJson, own: str, admins: dict[str, dict[str, Any]]) -> Markup:
    """Return the badge of the admin's own session, or of an impersonated one and by whom."""
    if session["id"] == own:
        return badge(words.YOURS, "good")
    if not session["impersonatedBy"]:
        return Markup()
    admin = admins.get(session["impersonatedBy"])
    by_whom = words.BY.format(admin["email"] if admin else words.GONE_ADMIN)
    return Markup("{} <span class='soft'>{}</span>").format(
        badge(words.IMPERSONATED, "warn"), by_whom
    )


def ipv6_prefix(address: str) -> str:
    """Return the /64 of an IPv6 address; empty for other addresses."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if not isinstance(parsed, IPv6Address) or parsed.ipv4_mapped:
        return ""
    return str(ip_network((parsed, _PREFIX_BITS), strict=False))


def _admin(session: SessionJson, admins: dict[str, dict[str, Any]]) -> Markup:
    admin = admins.get(session["impersonatedBy"])
    if admin is None:
        return Markup.escape(words.GONE_ADMIN)
    return link(isolate(admin["email"], 300), "users", id=admin["id"])


def _see_also(session: SessionJson) -> Markup:
    user, address = session["user"], session["ipAddress"]
    links = [
        link(words.ALL_OF.format(isolate(user["email"], 60)), "sessions", user=user["id"]),
        link(words.EVENTS_OF.format(isolate(user["email"], 60)), "events", user=user["id"]),
    ]
    if address:
        links.append(link(words.SAME_ADDRESS, "sessions", address=address))
        links.append(link(words.EVENTS_OF_ADDRESS, "events", address=address))
    if prefix := ipv6_prefix(address):
        links.append(link(f"{words.SAME_NETWORK} {prefix}", "sessions", address=prefix))
    return see_also(words.SEE, links)
