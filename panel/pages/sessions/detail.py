"""One session: whose it is, from where, how long, and how to end it."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import gradio as gr

from panel.pages.sessions import words
from panel.pages.sessions.actions import (
    Session,
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
from panel.ui.markup import Markup, badge, empty, isolate, link, pairs, see_also, short
from panel.ui.user_agents import device
from panel.ui.wiring import Updates

_SUBSCRIBER = 64  # bits that all addresses of one IPv6 subscriber share


class SessionDetail(Components):
    """What is shown where the page's address names a session."""

    def __init__(self, services: Services, bar: Confirmation) -> None:
        back_link(words.BACK, "sessions")
        self.about = gr.Markdown(elem_id="session", latex_delimiters=[])
        with gr.Row(visible=False, elem_classes="ends") as self.actions:
            end_one = gr.Button(words.END_ONE, variant="stop", size="md", min_width=120)
            end_all = gr.Button(words.END_ALL, size="md", min_width=120)
        bar.add_button(services, end_one, ask_end_one)
        bar.add_button(services, end_all, ask_end_all)

    async def render(self, services: Services, context: PageContext) -> Updates:
        """Show a session as it is now; one that is over leaves a sentence."""
        session = await find_session(services, context)
        if session is None:
            gone = empty(words.OVER, words.OVER_HINT)
            return {self.about: gone, self.actions: gr.Row(visible=False)}
        own = await own_id(services, context.owner)
        admins = await admins_in(services, context.owner, [session])
        facts = about(session, own, admins, services)
        return {self.about: facts, self.actions: gr.Row(visible=True)}


def about(
    session: Session, own: str, admins: dict[str, dict[str, Any]], services: Services
) -> Markup:
    """Return all that is known of a session."""
    now, user = services.clock.now(), session["user"]
    facts = [
        Markup("{} <span class='soft'>{}</span>").format(
            link(isolate(user["email"], 300), "users", id=user["id"]), isolate(user["name"], 300)
        ),
        short(device(session["userAgent"])),
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
    marks = marks_of(session, own, admins)
    return Markup("<div class='card'><h1>{} {}</h1>{}{}</div>").format(
        words.SESSION_OF.format(isolate(user["email"], 60)), marks, pairs(rows), _see_also(session)
    )


def marks_of(session: Session, own: str, admins: dict[str, dict[str, Any]]) -> Markup:
    """Say in pills what is particular about a session: it is one's own, or an admin uses it."""
    if session["id"] == own:
        return badge(words.YOURS, "good")
    if not session["impersonatedBy"]:
        return Markup()
    admin = admins.get(session["impersonatedBy"])
    return badge(words.ACTS_AS_THEM.format(admin["email"] if admin else words.GONE_ADMIN), "warn")


def subscriber(address: str) -> str:
    """Return the /64 that an IPv6 address lies in, or nothing for any other address."""
    try:
        match = ip_address(address)
    except ValueError:
        return ""
    if not isinstance(match, IPv6Address) or match.ipv4_mapped:
        return ""
    return str(ip_network((match, _SUBSCRIBER), strict=False))


def _admin(session: Session, admins: dict[str, dict[str, Any]]) -> Markup:
    admin = admins.get(session["impersonatedBy"])
    if admin is None:
        return Markup.escape(words.GONE_ADMIN)
    return link(isolate(admin["email"], 300), "users", id=admin["id"])


def _see_also(session: Session) -> Markup:
    user, address = session["user"], session["ipAddress"]
    every = [
        link(words.ALL_OF.format(isolate(user["email"], 60)), "sessions", user=user["id"]),
        link(words.EVENTS_OF.format(isolate(user["email"], 60)), "events", user=user["id"]),
    ]
    if address:
        every.append(link(words.SAME_ADDRESS, "sessions", address=address))
        every.append(link(words.EVENTS_OF_ADDRESS, "events", address=address))
    if near := subscriber(address):
        every.append(link(f"{words.SAME_SUBSCRIBER} {near}", "sessions", address=near))
    return see_also(words.SEE, every)
