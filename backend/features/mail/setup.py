"""Sets up mail as the settings say."""

import threading

from backend.features.mail.mailbox import Mailbox
from backend.features.mail.service import Mailer
from backend.features.mail.transports import open_transport
from backend.features.mail.worker import MailWorker
from backend.kernel.secrets.sealing import Sealer
from backend.kernel.secrets.signing import Keyring
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
    mailbox = Mailbox(settings.mailbox_file) if settings.mailbox_file else None
    mailer = Mailer(
        Sealer(keyring, "outbox"), mailbox, threading.Event(), sends=transport is not None
    )
    worker = MailWorker(runtime, mailer, transport, clock_check) if transport else None
    return mailer, worker
