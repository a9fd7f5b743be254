"""Sets up mail as the settings say."""

import threading

from backend.features.mail.mailbox import Mailbox
from backend.features.mail.service import Mailer
from backend.features.mail.transports import open_transport
from backend.features.mail.worker import MailWorker
from backend.kernel.secrets.sealing import Sealer
from backend.kernel.secrets.signing import Keyring
from backend.kernel.settings import Settings
from backend.storage.clock_check import ClockCheck
from backend.storage.work import Runtime


def open_mailer(
    runtime: Runtime, keyring: Keyring, clock_check: ClockCheck
) -> tuple[Mailer, MailWorker | None]:
    """Build the mailer and, if a transport is set, the worker that sends.

    Raises SettingsError for unusable mail settings.
    """
    settings = runtime.settings
    transport = open_transport(settings)
    mailer = build_mailer(settings, keyring, sends=transport is not None)
    worker = MailWorker(runtime, mailer, transport, clock_check) if transport else None
    return mailer, worker


def build_mailer(settings: Settings, keyring: Keyring, *, sends: bool) -> Mailer:
    """Build what puts mails into the outbox; `sends` if this or another process sends them."""
    mailbox = Mailbox(settings.mailbox_file) if settings.mailbox_file else None
    return Mailer(Sealer(keyring, "outbox"), mailbox, threading.Event(), sends=sends)
