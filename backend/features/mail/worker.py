"""The mail worker: sends the outbox, with retries.

It queries the database only when a mail was queued, when a retry is due, and once at start, so that
an idle database may sleep.

While a mail is being sent, it is hidden from other processes, whatever their clocks say. If this
process dies meanwhile, or the database is away afterwards, the mail is sent once more when that
time is over, with the same Message-ID: mailbox providers show it once.
"""

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from backend.features.mail.delivery_errors import NotSent, Rejected
from backend.features.mail.service import Mailer, Message, open_message
from backend.features.mail.transports import Transport
from backend.kernel.client import SYSTEM
from backend.kernel.redaction import Redactor
from backend.storage.clock_check import ClockCheck
from backend.storage.db import Db
from backend.storage.engine import DatabaseUnavailable
from backend.storage.queries import outbox
from backend.storage.queries.outbox import Mail
from backend.storage.work import Runtime, Work, run_query

CLAIM_DURATION = timedelta(minutes=5)  # longer than a slow mail server needs
# Seconds; three days in all.
RETRY_DELAYS = (30, 120, 900, 3600, 10_800, 28_800, 43_200, 86_400, 86_400)
_DATABASE_RETRY = 5.0  # seconds before the next try
_SOON = 0.1  # seconds
_STOP_WITHIN = 5.0  # seconds to finish the current mail
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")

log = structlog.get_logger()


class MailWorker:
    """A thread that sends. Several processes may each have one: each mail is claimed by one."""

    def __init__(
        self, runtime: Runtime, mailer: Mailer, transport: Transport, clock_check: ClockCheck
    ) -> None:
        self._runtime = runtime
        self._mailer = mailer
        self._transport = transport
        self._clock_check = clock_check
        self._redactor = runtime.settings.redactor()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mail", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the current mail if that is quick, and stop; the others stay in the outbox."""
        self._stopping.set()
        self._mailer.wake_up.set()
        self._thread.join(_STOP_WITHIN)
        if not self._thread.is_alive():  # its socket must not be closed under it
            self._transport.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._mailer.wake_up.wait(self._send_all_due())
            self._mailer.wake_up.clear()

    def _send_all_due(self) -> float | None:
        """Send what is due; returns the seconds until the next mail, or None if none waits."""
        try:
            while not self._stopping.is_set() and (mail := self._claim()):
                self._send(mail)
            return self._until_next_due()
        except DatabaseUnavailable as error:
            log.warning("mail_waits_for_database", reason=str(error))
        except Exception:  # this thread must survive every bug, or no mail would be sent
            log.exception("mail_worker_failed")
        return _DATABASE_RETRY

    def _claim(self) -> Mail | None:
        with Work(self._runtime, SYSTEM) as work:
            earliest, latest = self._clock_check.now_bounds(work.db)
            return outbox.claim_due(work.db, earliest, latest + CLAIM_DURATION)

    def _send(self, mail: Mail) -> None:
        message = open_message(self._mailer, mail)
        if message is None:
            self._give_up(mail, "no key of this server opens the letter")
            return
        try:
            self._transport.send(mail, message)
        except Rejected as problem:
            self._give_up(mail, self._redact_secrets(message, problem))
        except NotSent as problem:
            self._try_again(mail, self._redact_secrets(message, problem))
        except Exception as error:
            log.exception("mail_transport_failed", mail=str(mail.id))
            self._try_again(mail, type(error).__name__)
        else:
            now = self._runtime.clock.now()
            self._write(lambda db: outbox.mark_sent(db, mail.id, now))
            log.info("mail_sent", mail=str(mail.id), kind=mail.kind, attempts=mail.attempts)

    def _try_again(self, mail: Mail, problem: str) -> None:
        if mail.attempts > len(RETRY_DELAYS):
            self._give_up(mail, problem)
            return
        delay = RETRY_DELAYS[mail.attempts - 1]

        def schedule_retry(db: Db) -> None:
            earliest, _ = self._clock_check.now_bounds(db)
            outbox.mark_waiting(db, mail.id, earliest + timedelta(seconds=delay), problem)

        self._write(schedule_retry)
        log.warning("mail_not_sent", **_log_fields(mail, problem), again_in=delay)

    def _give_up(self, mail: Mail, problem: str) -> None:
        self._write(lambda db: outbox.mark_given_up(db, mail.id, problem))
        log.error("mail_given_up", **_log_fields(mail, problem))

    def _write(self, operation: Callable[[Db], None]) -> None:
        """Write down what became of a mail, as soon as the database is there."""
        while True:
            try:
                with Work(self._runtime, SYSTEM) as work:
                    operation(work.db)
                return
            except DatabaseUnavailable as error:
                log.warning("mail_waits_for_database", reason=str(error))
                if self._stopping.wait(_DATABASE_RETRY):
                    raise

    def _redact_secrets(self, message: Message, problem: Exception) -> str:
        # A server may quote the mail it refuses, which opens an account, or what we showed it.
        own = Redactor(filter(None, (message.url, message.token, message.code)))
        return self._redactor.redact_secrets(own.redact_secrets(str(problem)))[:500]

    def _until_next_due(self) -> float | None:
        def waits(db: Db) -> timedelta | None:
            due = outbox.find_next_due(db)
            return due - self._clock_check.now_bounds(db)[0] if due else None

        wait = run_query(self._runtime.database, waits)
        # What is due now but was not ours to claim is in another process's hands at this moment.
        return None if wait is None else max(_SOON, wait.total_seconds())


def _log_fields(mail: Mail, problem: str) -> dict[str, str | int]:
    """Return what the log says of a mail: never whose it was."""
    reason = _ADDRESS.sub("(address)", problem)[:200]
    return {"mail": str(mail.id), "kind": mail.kind, "attempts": mail.attempts, "reason": reason}
