"""Events of the audit trail, as lists show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from panel.pages.events import audit_words as words
from panel.ui import timestamps
from panel.ui.markup import Markup, badge, isolate, link, short
from panel.ui.table import Column, table
from panel.ui.user_agents import device

Event = Mapping[str, Any]
"""One event as `GET /api/admin/events` tells it."""
_WHO = 1  # the place of the column


def render(
    page: Mapping[str, Any],
    now: datetime,
    *,
    nothing: str,
    hint: str = "",
    whose: str | None = None,
) -> Markup:
    """Return the events of a page of the trail as a table; each opens on the page for events.

    `whose` leaves out the column for who it happened to, and names only others who did it.
    """
    events, emails = page["events"], page["emails"]
    columns = [Column(title, wide=title == words.WHO) for title in words.COLUMNS]
    rows = [
        [
            link(what(event), "events", id=event["id"], requestId=event["requestId"]),
            Markup("<span>{}</span>").format(who(event, emails)),
            Markup("<span class='from'>{}</span>").format(where(event)),
            timestamps.render_relative(event["at"], now),
        ]
        for event in events
    ]
    if whose is not None:
        del columns[_WHO]
        for row, event in zip(rows, events, strict=True):
            row[0] += Markup(" ") + _by(event, whose, emails)
            del row[_WHO]
    return table(columns, rows, caption=words.CAPTION, nothing=nothing, hint=hint)


def what(event: Event) -> Markup:
    """Say in a pill what happened."""
    severity = words.SEVERITIES.get(event["kind"], "")
    return badge(words.happened(event["kind"], event["detail"]), severity)


def who(event: Event, emails: Mapping[str, str]) -> Markup:
    """Name whom it happened to, with a link to their page, and who else did it."""
    subject = event["subject"] or event["actor"]
    return (named(subject, emails) + Markup(" ") + _by(event, subject, emails)).rstrip()


def where(event: Event) -> Markup:
    """Say from where it came: address, browser and system."""
    named = short(device(event["agent"]))
    return Markup("{} <span class='soft'>{}</span>").format(from_address(event["address"]), named)


def from_address(address: str) -> Markup:
    """Name an address, with a link to what happened from there."""
    return link(short(address), "events", address=address) if address else Markup()


def details(event: Event) -> list[tuple[str, Markup]]:
    """Say in words what else is known of an event."""
    facts = [words.detail(name, value) for name, value in event["detail"].items()]
    return [(name[:80], isolate(value, 500)) for name, value in facts]


def _by(event: Event, subject: str | None, emails: Mapping[str, str]) -> Markup:
    actor = event["impersonatedBy"] or event["actor"]
    if actor is None or actor == subject:
        return Markup()
    return Markup("<span class='soft'>{}</span> {}").format(words.BY, named(actor, emails))


def named(user: str | None, emails: Mapping[str, str]) -> Markup:
    """Name a user by their address, with a link to their page; nobody and who is gone too."""
    if user is None or user not in emails:
        label = words.NOBODY if user is None else words.GONE
        return Markup("<span class='soft'>{}</span>").format(label)
    return link(isolate(emails[user]), "users", id=user)
