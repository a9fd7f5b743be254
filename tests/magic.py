"""Magic links of the people in a scene."""

from typing import Any

import httpx

from tests.in_process import Gatehouse, Visitor
from tests.mailbox import Mailbox, ReceivedMail

ADA = "ada@example.com"
CLICK = {
    "accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "sec-fetch-site": "none",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
}
"""The headers of a browser in which somebody opens a link of a mail."""
FETCH = {"accept": "*/*", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
"""The headers of a page's `fetch`."""


def ask(visitor: Visitor, mailbox: Mailbox, email: str = ADA, **fields: Any) -> ReceivedMail:
    """Ask for a magic link in this browser; returns the mail."""
    body = {"email": email, "callbackURL": "/in", **fields}
    response = visitor.post("sign-in/magic-link", body)
    assert (response.status_code, response.json()) == (200, {"status": True})
    return mailbox.last("magic-link", email.lower())


def click(visitor: Visitor, mail: ReceivedMail) -> httpx.Response:
    """Open the link of a mail, as a click does."""
    return visitor.get(mail.path, headers=CLICK)


def press_button(visitor: Visitor, mail: ReceivedMail) -> httpx.Response:
    """Press the button of the page that the link of a mail leads to."""
    form = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    return visitor.post(mail.path, headers=form)


def sign_in(gatehouse: Gatehouse, mailbox: Mailbox, email: str = ADA) -> Visitor:
    """A browser that has signed in with a magic link."""
    visitor = gatehouse.visitor()
    assert click(visitor, ask(visitor, mailbox, email)).headers["location"].endswith("/in")
    return visitor
