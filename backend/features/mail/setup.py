"""Opening the post office: what the settings ask for."""

from backend.features.mail.mailbox import Mailbox
from backend.features.mail.service import Mailer
from backend.features.mail.transports import transport_for
from backend.features.mail.wake import Bell
from backend.features.mail.worker import MailWorker
from backend.kernel.secrets.sealing import Sealer
from backend.kernel.secrets.signing import Keyring
from backend.storage.clock_check import ClockCheck
from backend.storage.work import Runtime


def open_mailer(
    runtime: Runtime, keyring: Keyring, clock_check: ClockCheck
) -> tuple[Mailer, MailWorker | None]:
    """Return what posting needs and, if mails are to leave, the worker that sends them.

    Raises SettingsError when the mail settings cannot work.
    """
    settings = runtime.settings
    transport = transport_for(settings)
    mailbox = Mailbox(settings.mailbox_file) if settings.mailbox_file else None
    mailer = Mailer(Sealer(keyring, "outbox"), mailbox, Bell(), sends=transport is not None)
    worker = MailWorker(runtime, mailer, transport, clock_check) if transport else None
    return mailer, worker
