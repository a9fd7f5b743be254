"""Tables of audit events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from panel.pages.events import audit_words as words
from panel.ui import timestamps
from panel.ui.markup import Markup, badge, breakable, isolate, link, shorten
from panel.ui.table import render_table
from panel.ui.user_agents import describe_device

EventJson = Mapping[str, Any]
"""An event as in `GET /api/admin/events`."""
_WHO = 1  # index of the column


def render(
    page: Mapping[str, Any],
    now: datetime,
    *,
    empty_text: str,
    hint: str = "",
    whose: str | None = None,
) -> Markup:
    """Return a page of events as a table; each row links to the event.

    With `whose`, a user's id, the column for the user is left out, and only other actors are named.
    """
    events, emails = page["events"], page["emails"]
    titles = list(words.COLUMNS)
    rows = [
        [
            link(render_kind(event), "events", id=event["id"], requestId=event["requestId"]),
            Markup("<span>{}</span>").format(render_user(event, emails)),
            Markup("<span class='from'>{}</span>").format(render_origin(event)),
            timestamps.render_relative(event["at"], now),
        ]
        for event in events
    ]
    if whose is not None:
        del titles[_WHO]
        for row, event in zip(rows, events, strict=True):
            row[0] += Markup(" ") + _render_actor(event, whose, emails)
            del row[_WHO]
    return render_table(
        titles, rows, caption=words.CAPTION, empty_text=empty_text, hint=hint, wide=words.WHO
    )


def render_kind(event: EventJson) -> Markup:
    """Return the badge that says what happened, and the reason if there is one."""
    label = badge(words.kind_label(event["kind"]), words.SEVERITIES.get(event["kind"], ""))
    reason = words.reason(event["detail"])
    return Markup("{} <span class='soft'>{}</span>").format(label, reason) if reason else label


def render_user(event: EventJson, emails: Mapping[str, str]) -> Markup:
    """Return links to the user and to another actor."""
    subject = event["subject"] or event["actor"]
    return (
        user_link(subject, emails) + Markup(" ") + _render_actor(event, subject, emails)
    ).rstrip()


def render_origin(event: EventJson) -> Markup:
    """Return address and device."""
    device = shorten(describe_device(event["agent"]))
    return Markup("{} <span class='soft'>{}</span>").format(address_link(event["address"]), device)


def address_link(address: str) -> Markup:
    """Link an address to its events."""
    return link(breakable(address), "events", address=address) if address else Markup()


def render_details(event: EventJson) -> list[tuple[str, Markup]]:
    """Return the labels and values of an event's details."""
    facts = [words.detail(name, value) for name, value in event["detail"].items()]
    return [(name[:80], isolate(value, 500)) for name, value in facts]


def _render_actor(event: EventJson, subject: str | None, emails: Mapping[str, str]) -> Markup:
    actor = event["impersonatedBy"] or event["actor"]
    if actor is None or actor == subject:
        return Markup()
    return Markup("<span class='soft'>{}</span> {}").format(words.BY, user_link(actor, emails))


def user_link(user: str | None, emails: Mapping[str, str]) -> Markup:
    """Link a user's e-mail to their page; users unknown or deleted get a label."""
    if user is None or user not in emails:
        label = words.NOBODY if user is None else words.GONE
        return Markup("<span class='soft'>{}</span>").format(label)
    return link(breakable(emails[user]), "users", id=user)
