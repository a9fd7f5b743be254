"""Queueing a mail: a row of the outbox, in the transaction that causes it.

A rollback removes the mail; after a commit it is sent, whatever crashes. The body contains live
links, so it is encrypted with a key that is not in the database.
"""

import json
import threading
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlsplit

from backend.features.mail.mailbox import Mailbox
from backend.kernel.configuration.values import MailKind
from backend.kernel.secrets.sealing import Sealer
from backend.kernel.settings import Settings
from backend.storage.queries import outbox
from backend.storage.queries.outbox import DECOY, HELD, WAITING, Mail
from backend.storage.work import Work

_NEVER_EXISTS = ".invalid"  # RFC 6761, section 6.4


@dataclass(frozen=True, slots=True)
class Message:
    """One mail to one person."""

    kind: MailKind
    to: str
    subject: str
    text: str
    html: str
    url: str | None = None
    token: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Mailer:
    """The services that queueing a mail needs besides `Work`."""

    sealer: Sealer
    mailbox: Mailbox | None
    """The file of MAILBOX_FILE, if set."""
    wake_up: threading.Event
    """Wakes the worker, which clears it."""
    sends: bool
    """Whether a transport is set; without one mails stay in the outbox, for the panel."""

    def can_be_read(self, settings: Settings) -> bool:
        """Tell whether people can read their mails.

        In development they can be read in the panel; in production that would lock people out.
        """
        return self.sends or self.mailbox is not None or not settings.production


def enqueue(work: Work, mailer: Mailer, message: Message) -> None:
    """Put a mail into the outbox; it is sent after the commit.

    MAIL_SUBJECTS may replace its subject. To an address that cannot exist, such as an anonymous
    user's, nothing is sent.
    """
    if message.to.endswith(_NEVER_EXISTS):
        enqueue_decoy(work, mailer, message)
        return
    message = _with_own_subject(message, work.settings)
    _insert(work, mailer, message, WAITING if mailer.sends else HELD)
    if mailer.mailbox is not None:
        mailbox = mailer.mailbox
        work.after_commit(lambda: mailbox.append(message))


def enqueue_decoy(work: Work, mailer: Mailer, message: Message) -> None:
    """Write a row that is never sent, so that requests about unknown addresses cost the same.

    (ASVS 6.3.8)
    """
    _insert(work, mailer, message, DECOY)


def open_message(mailer: Mailer, mail: Mail) -> Message | None:
    """Decrypt a mail's content; None after it was sent, or if no key of this server opens it."""
    text = mailer.sealer.open(mail.sealed) if mail.sealed else None
    return Message(**json.loads(text)) if text else None


def _insert(work: Work, mailer: Mailer, message: Message, state: str) -> None:
    mail_id, now = work.new_id(), work.now()
    outbox.insert(
        work.db,
        Mail(
            id=mail_id,
            kind=message.kind,
            recipient="" if state == DECOY else message.to,
            message_id=f"<{mail_id}@{_domain(work.settings)}>",
            sealed=mailer.sealer.seal(json.dumps(asdict(message)), work.randomness),
            state=state,
            attempts=0,
            due_at=now if state == WAITING else None,
            created_at=now,
            sent_at=None,
            last_error=None,
        ),
    )
    # Also for a decoy, so that the worker's activity reveals nothing.
    work.after_commit(mailer.wake_up.set)


def _with_own_subject(message: Message, settings: Settings) -> Message:
    own = settings.mail_subjects.get(message.kind)
    return replace(message, subject=own.replace("{app}", settings.app_name)) if own else message


def _domain(settings: Settings) -> str:
    host = urlsplit(settings.base_url).hostname or ""
    return "localhost" if ":" in host else host  # an IPv6 address would need brackets
