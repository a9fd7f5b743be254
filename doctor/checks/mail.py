"""Sending mail."""

from typing import Any

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

RESET = "/api/auth/request-password-reset"
_MAX_WAIT, _POLL_INTERVAL = 20.0, 1.0  # seconds
_FINAL_STATES = {"sent", "given_up", "held"}


@check("mail.leaves", "The server can send mail", "account.sign-up")
def leaves(context: CheckContext) -> CheckResult:
    """Without mail nobody can verify an address or reset a password."""
    mail = context.status().get("mail", {})
    if mail.get("sends") == "outbox":
        return warned(
            "no mailer is configured: mails stay in the outbox",
            "Set MAIL_FROM, and SMTP_URL or, on a Space, MAIL_API_URL. Until then admins can read "
            "the mails in the panel, under Outbox.",
        )
    to = context.deployment.mail_to or context.account.email
    before = _newest_mail(context, to) if context.deployment.mail_to else None
    if context.deployment.mail_to or _newest_mail(context, to) is None:
        reply = context.anonymous_browser().post(RESET, {"email": to})
        if reply.status != 200:
            raise CheckSkipped(f"requesting a reset mail answered {reply.summary}")
    mail = _wait_until_sent(context, to, before["id"] if before else "")
    if mail is None:
        raise CheckSkipped(
            f"the server wrote no mail to {to}: it must be the address of an account, which gets "
            "at most three an hour"
        )
    return _judge(context, mail)


def _wait_until_sent(context: CheckContext, to: str, before: str) -> dict[str, Any] | None:
    """Wait until the newest mail to `to` is sent or fails; None if it is still `before`."""
    until = context.clock.monotonic() + _MAX_WAIT
    while True:
        mail = _newest_mail(context, to)
        if mail is None or mail["id"] == before:
            return None
        left = until - context.clock.monotonic()
        if mail["state"] in _FINAL_STATES or mail.get("lastError") or left <= 0:
            return mail
        context.report_progress(f"waiting for a mail to {to} to be sent, {left:.0f} s at most")
        context.clock.wait(_POLL_INTERVAL)


def _newest_mail(context: CheckContext, to: str) -> dict[str, Any] | None:
    reply = context.admin_browser().get("/api/admin/outbox?limit=50")
    mails = reply.field("mails")
    if reply.status != 200 or not isinstance(mails, list):
        raise CheckSkipped(f"GET /api/admin/outbox answered {reply.summary}")
    return next((mail for mail in mails if mail["to"] == to.lower()), None)


def _judge(context: CheckContext, mail: dict[str, Any]) -> CheckResult:
    name = f"the {mail['kind']} mail to {mail['to']}"
    if mail["state"] == "sent":
        return passed(f"the mailer accepted {name}; check that it arrives")
    reason = mail.get("lastError") or f"still {mail['state']} after {_MAX_WAIT:.0f} s"
    if mail["to"] == context.account.email and mail.get("lastError"):
        return warned(
            f"the mailer rejected {name}: {reason}",
            "Some providers reject example.com. Try again with your own account (--mail-to). If "
            "that fails too, check the mailer's settings.",
        )
    return failed(
        f"{name} was not sent: {reason}",
        "Check MAIL_FROM, and SMTP_URL or MAIL_API_URL and MAIL_API_KEY. A Space cannot reach SMTP "
        "ports: use MAIL_API_URL there. The panel's Outbox has details.",
    )


CHECKS = (leaves,)
