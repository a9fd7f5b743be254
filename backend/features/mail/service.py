"""Posting a mail: a row in the transaction of what caused it.

If the deed is rolled back there is no mail, if it is committed the mail leaves, whatever crashes.
The body holds live links, so it is sealed with a key that is not in the database.
"""

import json
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlsplit

from backend.features.mail.mailbox import Mailbox
from backend.features.mail.wake import Bell
from backend.kernel.secrets.sealing import Sealer
from backend.kernel.settings import MailKind, Settings
from backend.storage.queries import outbox
from backend.storage.queries.outbox import DECOY, HELD, WAITING, Mail
from backend.storage.work import Work


@dataclass(frozen=True, slots=True)
class Letter:
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
class PostOffice:
    """What posting needs beside the work itself."""

    sealer: Sealer
    mailbox: Mailbox | None
    """The file in which MAILBOX_FILE wants a line for each mail."""
    bell: Bell
    """Wakes the worker that sends."""
    sends: bool
    """Whether a mailer is set; without one mails stay in the outbox, for the panel to show."""


def post(work: Work, office: PostOffice, letter: Letter) -> None:
    """Put a letter into the outbox; it leaves once this work is committed.

    Its subject is the owner's, where MAIL_SUBJECTS has one for this kind.
    """
    letter = _with_own_subject(letter, work.settings)
    _insert(work, office, letter, WAITING if office.sends else HELD)
    if office.mailbox is not None:
        mailbox = office.mailbox
        work.after_commit(lambda: mailbox.append(letter))


def post_decoy(work: Work, office: PostOffice, letter: Letter) -> None:
    """Write a row like any other that nobody will be sent.

    Asked for a stranger's address, the server does the same work in the same time (ASVS 6.3.8).
    """
    _insert(work, office, letter, DECOY)


def open_letter(office: PostOffice, mail: Mail) -> Letter | None:
    """Return what a mail says; None once it was sent, or when no key of this server opens it."""
    text = office.sealer.open(mail.sealed) if mail.sealed else None
    return Letter(**json.loads(text)) if text else None


def _insert(work: Work, office: PostOffice, letter: Letter, state: str) -> None:
    mail_id, now = work.new_id(), work.now()
    outbox.insert(
        work.db,
        Mail(
            id=mail_id,
            kind=letter.kind,
            recipient="" if state == DECOY else letter.to,
            message_id=f"<{mail_id}@{_domain(work.settings)}>",
            sealed=office.sealer.seal(json.dumps(asdict(letter)), work.randomness),
            state=state,
            attempts=0,
            due_at=now if state == WAITING else None,
            created_at=now,
            sent_at=None,
            last_error=None,
        ),
    )
    # Also for a decoy, so that what the worker then does cannot be told from outside.
    work.after_commit(office.bell.ring)


def _with_own_subject(letter: Letter, settings: Settings) -> Letter:
    own = settings.mail_subjects.get(letter.kind)
    return replace(letter, subject=own.replace("{app}", settings.app_name)) if own else letter


def _domain(settings: Settings) -> str:
    host = urlsplit(settings.base_url).hostname or ""
    return "localhost" if ":" in host else host  # an IPv6 address would need brackets of its own
