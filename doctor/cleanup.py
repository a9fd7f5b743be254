"""The last check: deletes the throw-away account."""

from contextlib import suppress
from dataclasses import replace

import httpx

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.browser import Reply, SimulatedBrowser
from doctor.client.throwaway_account import SIGN_OUT
from doctor.findings import CheckResult, CheckSkipped, failed, passed

_MAX_ATTEMPTS = 3
_NO_SESSION = {401, 403}
_MAX_WAIT = 130  # seconds in all, for rate limits: two of the longest windows


@check("account.deleted", "The throw-away account is deleted")
def clean_up(context: CheckContext) -> CheckResult:
    """Otherwise each run would leave a user behind."""
    account = context.account
    context.server.allow_waiting(_MAX_WAIT)
    try:
        if not account.sign_up_attempted:
            raise CheckSkipped("no account was created")
        context.report_progress(f"deleting the account {account.email}")
        problem = _delete_as_user(context)
        if problem is not None and context.deployment.admin is not None:
            problem = _delete_as_admin(context)
    finally:
        _sign_out_admin(context)
    if problem is None:
        return passed("deleted, with its sessions")
    return failed(
        f"{account.email} is still there: {problem}",
        f"Delete {account.email} in the panel, under Users. With DELETE_USER=off or "
        "DELETE_USER_NEEDS_LINK=on give the doctor an admin (--email), who can delete it.",
    )


def _delete_as_user(context: CheckContext) -> str | None:
    """Return why the account could not delete itself, or None.

    A sign-in may have to wait for the rate limit, so the sessions that are there come first.
    """
    account = context.account
    try:
        refusal = _try_to_delete(context, context.visitor)
        if refusal is not None and refusal.status in _NO_SESSION:
            refusal = _try_to_delete(context, _signed_in_browser(context))
    except httpx.TransportError as error:
        return f"no response: {error or type(error).__name__}"
    except CheckSkipped as reason:
        if not account.id and (account.sign_up_refused or "401" in str(reason)):
            raise CheckSkipped("no account was created") from None
        return str(reason)
    return f"delete-user answered {refusal.summary}" if refusal else None


def _try_to_delete(context: CheckContext, browser: SimulatedBrowser) -> Reply | None:
    """Delete with each token and with this browser; return the refusal that says most, or None.

    A token works behind a proxy that breaks cookies, and only one of several servers may know it.
    """
    refusals: list[Reply] = []
    for _ in range(_MAX_ATTEMPTS):
        for each in (*_browsers_with_tokens(context), browser.copy()):
            reply = context.account.delete(each)
            if reply.status == 200 and reply.field("message") == "User deleted":
                return None
            refusals.append(reply)
        if all(reply.status not in _NO_SESSION for reply in refusals):
            break
    return min(refusals, key=lambda reply: reply.status in _NO_SESSION)


def _browsers_with_tokens(context: CheckContext) -> list[SimulatedBrowser]:
    """Return a browser for each of the account's tokens, the newest first."""
    tokens = reversed(context.account.tokens[-_MAX_ATTEMPTS:])
    return [replace(context.anonymous_browser(), bearer=token) for token in tokens]


def _signed_in_browser(context: CheckContext) -> SimulatedBrowser:
    for _ in range(_MAX_ATTEMPTS - 1 if context.account.id else 0):
        with suppress(CheckSkipped):
            return context.signed_in_browser()
    return context.signed_in_browser()


def _delete_as_admin(context: CheckContext) -> str | None:
    account, admin = context.account, context.admin_browser()
    if not account.id:  # interrupted before the response with its id arrived
        users = admin.get(f"/api/auth/admin/list-users?searchValue={account.email}").field("users")
        if not users:
            return None
        account.id = str(users[0]["id"])
    reply = admin.post("/api/auth/admin/remove-user", {"userId": account.id})
    return None if reply.status == 200 else f"remove-user answered {reply.summary}"


def _sign_out_admin(context: CheckContext) -> None:
    """End the admin's session, if the doctor started it."""
    admin = context.deployment.admin
    if admin is not None and not admin.session and context.has_admin:
        context.admin_browser().post(SIGN_OUT, {})
