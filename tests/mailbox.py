"""The mailboxes of the people in a scene."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.in_process import Gatehouse, Visitor


@dataclass(frozen=True)
class ReceivedMail:
    """One mail as its reader sees it."""

    kind: str
    to: str
    subject: str
    text: str
    url: str = ""
    token: str = ""
    code: str = ""

    @property
    def path(self) -> str:
        """The link without its host, for a visitor's `get`."""
        return "/" + self.url.split("/", 3)[3]


@dataclass(frozen=True)
class Mailbox:
    """All mails that were sent, oldest first."""

    file: Path

    def all(self, to: str | None = None, kind: str | None = None) -> list[ReceivedMail]:
        """The mails to one address, of one kind; or all of them."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        mails = [ReceivedMail(**json.loads(line)) for line in lines]
        return [mail for mail in mails if to in {None, mail.to} and kind in {None, mail.kind}]

    def last(self, kind: str, to: str = "ada@example.com") -> ReceivedMail:
        """The newest mail of this kind."""
        return self.all(to, kind)[-1]

    def kinds(self, to: str = "ada@example.com") -> list[str]:
        """What kinds of mail somebody got, in order."""
        return [mail.kind for mail in self.all(to)]


Start = Callable[..., Gatehouse]


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    """What `mailing_gatehouse` applications send."""
    return Mailbox(tmp_path / "mails")


@pytest.fixture
def start_mailing(start: Start, mailbox: Mailbox) -> Start:
    """As `start`, with mails that come into `mailbox`."""

    def start_with_mailbox(**overrides: Any) -> Gatehouse:
        return start(mailbox_file=mailbox.file, **overrides)

    return start_with_mailbox


@pytest.fixture
def mailing_gatehouse(start_mailing: Start) -> Gatehouse:
    """A running application whose mails come into `mailbox`."""
    return start_mailing()


@pytest.fixture
def any_mailing_gatehouse(start_on: Start, mailbox: Mailbox) -> Gatehouse:
    """As `mailing_gatehouse`, on each kind of database in turn."""
    return start_on(mailbox_file=mailbox.file)


def open_link(visitor: Visitor, mail: ReceivedMail) -> httpx.Response:
    """Open the link of a mail in this browser."""
    return visitor.get(mail.path)
