"""Do mails leave?"""

from typing import Any

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

RESET = "/api/auth/request-password-reset"
_PATIENCE, _PAUSE = 20.0, 1.0  # seconds
_OVER = {"sent", "given_up", "held"}


@check("mail.leaves", "Mails leave the server", "account.sign-up")
def leaves(context: CheckContext) -> CheckResult:
    """Nobody confirms an address or gets a new password without."""
    mail = context.status().get("mail", {})
    if mail.get("sends") == "outbox":
        return warned(
            "no mailer is set: mails stay in the outbox",
            "Set SMTP_URL or, on a Space, MAIL_API_URL, and MAIL_FROM. Until then admins read the "
            "mails in the panel, under Outbox.",
        )
    to = context.deployment.mail_to or context.account.email
    before = _newest(context, to) if context.deployment.mail_to else None
    if context.deployment.mail_to or _newest(context, to) is None:
        reply = context.anonymous_browser().post(RESET, {"email": to})
        if reply.status != 200:
            raise CheckSkipped(f"asking for a reset mail answered {reply.summary}")
    found = _watched(context, to, before["id"] if before else "")
    if found is None:
        raise CheckSkipped(
            f"no mail to {to} was written: it must be the address of an account, and gets at most "
            "three an hour"
        )
    return _judged(context, found)


def _watched(context: CheckContext, to: str, before: str) -> dict[str, Any] | None:
    """Watch the newest mail to `to`, if it is not the one of `before`, until it left."""
    until = context.clock.monotonic() + _PATIENCE
    while True:
        found = _newest(context, to)
        if found is None or found["id"] == before:
            return None
        left = until - context.clock.monotonic()
        if found["state"] in _OVER or found.get("lastError") or left <= 0:
            return found
        context.report_progress(f"waiting for a mail to {to} to leave, {left:.0f} s at most")
        context.clock.wait(_PAUSE)


def _newest(context: CheckContext, to: str) -> dict[str, Any] | None:
    reply = context.admin_browser().get("/api/admin/outbox?limit=50")
    mails = reply.field("mails")
    if reply.status != 200 or not isinstance(mails, list):
        raise CheckSkipped(f"GET /api/admin/outbox answered {reply.summary}")
    return next((mail for mail in mails if mail["to"] == to.lower()), None)


def _judged(context: CheckContext, mail: dict[str, Any]) -> CheckResult:
    what = f"the {mail['kind']} mail to {mail['to']}"
    if mail["state"] == "sent":
        return passed(f"{what} left; whether it arrives, its reader sees")
    told = mail.get("lastError") or f"still {mail['state']} after {_PATIENCE:.0f} s"
    if mail["to"] == context.account.email and mail.get("lastError"):
        return warned(
            f"{what} was not taken: {told}",
            "Some providers refuse example.com, where nobody reads. Try with an account of your "
            "own: --mail-to ADDRESS. If that fails too, look at the mailer's settings.",
        )
    return failed(
        f"{what} did not leave: {told}",
        "Look at SMTP_URL or MAIL_API_URL, MAIL_API_KEY and MAIL_FROM. A Space reaches no SMTP "
        "ports: use MAIL_API_URL there. The outbox in the panel says more.",
    )


CHECKS = (leaves,)
