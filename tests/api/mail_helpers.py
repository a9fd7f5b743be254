"""Helpers of the tests about mail: queue mails, and read the outbox."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from backend.features.mail import templates
from backend.features.mail.service import Mailer, enqueue
from backend.features.mail.worker import CLAIM_DURATION
from backend.kernel.client import SYSTEM
from backend.kernel.secrets.secret import Secret
from backend.storage.tables import outbox
from backend.storage.work import Work
from tests.in_process import Gatehouse
from tests.rig.processes import wait_until
from tests.rig.smtp import SmtpServer

TOKEN = "a-live-token"
LINK = f"https://auth.example.com/api/auth/reset-password/{TOKEN}"


def smtp_settings(smtp: SmtpServer) -> dict[str, Any]:
    """The settings that send mails through this server."""
    return {"smtp_url": Secret(smtp.url), "mail_from": "Gatehouse <auth@example.com>"}


def get_mailer(gatehouse: Gatehouse) -> Mailer:
    mailer: Mailer = gatehouse.context.services[Mailer]
    return mailer


def enqueue_reset_mail(gatehouse: Gatehouse, to: str = "ada@example.com") -> None:
    """Queue the mail that a request for a new password would queue."""
    message = templates.RESET_PASSWORD.render("Gatehouse", to, LINK, TOKEN)
    with Work(gatehouse.context.runtime, SYSTEM) as work:
        enqueue(work, get_mailer(gatehouse), message)


def list_mails(gatehouse: Gatehouse) -> list[Any]:
    """The rows of the outbox, oldest first."""
    return gatehouse.rows(select(*outbox.c).order_by(outbox.c.id))


def wait_for_state(gatehouse: Gatehouse, state: str) -> None:
    """Wait until every mail is in this state."""
    wait_until(lambda: {mail.state for mail in list_mails(gatehouse)} == {state}, f"all {state}")


def wait_for_failed_attempt(gatehouse: Gatehouse, number: int) -> Any:
    """Wait until the only mail has failed this many times; returns its row."""

    def has_failed() -> bool:
        (mail,) = list_mails(gatehouse)
        wait = mail.due_at - gatehouse.clock.now()
        is_claimed = wait == CLAIM_DURATION  # claimed, and the outcome is not known yet
        return mail.attempts == number and wait > timedelta(0) and not is_claimed

    wait_until(has_failed, f"failure {number}")
    return list_mails(gatehouse)[0]


def advance_time(gatehouse: Gatehouse, seconds: float) -> None:
    """Move the clock, and let the worker look at it."""
    gatehouse.clock.advance(seconds=seconds)
    get_mailer(gatehouse).wake_up.set()
