"""The last check: the doctor leaves nothing behind."""

from contextlib import suppress

import httpx

from doctor.account import SIGN_OUT
from doctor.browser import Browser
from doctor.check import check
from doctor.examination import Examination
from doctor.findings import CannotTell, Outcome, failed, passed

_TRIES = 3


@check("account.deleted", "The throw-away account is deleted again")
def farewell(exam: Examination) -> Outcome:
    """Without it each examination would leave a user behind."""
    account = exam.account
    try:
        if not account.asked_for:
            raise CannotTell("no account was made")
        told = _deleted_by_itself(exam)
        if told is not None and exam.deployment.admin is not None:
            told = _deleted_by_admin(exam)
    finally:
        _leave(exam)
    if told is None:
        return passed("deleted, and its sessions with it")
    return failed(
        f"{account.email} is still there: {told}",
        f"Delete {account.email} in the panel, under Users. With DELETE_USER=off or "
        "DELETE_USER_NEEDS_LINK=on give the doctor an admin (--email), who can delete it.",
    )


def _deleted_by_itself(exam: Examination) -> str | None:
    """Return why the account could not delete itself, or None."""
    account = exam.account
    try:
        browser = _signed_in(exam)
    except httpx.TransportError as error:
        return f"no answer to signing in: {error or type(error).__name__}"
    except CannotTell as reason:
        if not account.id and (account.was_refused or "401" in str(reason)):
            raise CannotTell("no account was made") from None
        return str(reason)
    by_token = exam.stranger()
    by_token.bearer = account.token
    told = ""
    # A proxy that spoils cookies leaves the token, and of several servers one may know it.
    for each in (browser, by_token, by_token) * _TRIES:
        reply = account.delete(each)
        if reply.status == 200 and reply.field("message") == "User deleted":
            return None
        told = told or f"delete-user answered {reply.told}"
    return told


def _signed_in(exam: Examination) -> Browser:
    for _ in range(_TRIES - 1 if exam.account.id else 0):
        with suppress(CannotTell):
            return exam.signed_in()
    return exam.signed_in()


def _deleted_by_admin(exam: Examination) -> str | None:
    account, admin = exam.account, exam.admin()
    if not account.id:  # interrupted before the answer that names it had come
        found = admin.get(f"/api/auth/admin/list-users?searchValue={account.email}").field("users")
        if not found:
            return None
        account.id = str(found[0]["id"])
    reply = admin.post("/api/auth/admin/remove-user", {"userId": account.id})
    return None if reply.status == 200 else f"remove-user answered {reply.told}"


def _leave(exam: Examination) -> None:
    """End the admin's session, if the doctor began it."""
    given = exam.deployment.admin
    if given is not None and not given.session and exam.has_admin:
        exam.admin().post(SIGN_OUT, {})
