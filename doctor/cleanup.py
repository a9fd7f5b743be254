"""The last check: deletes the throw-away account."""

from contextlib import suppress

import httpx

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.browser import SimulatedBrowser
from doctor.client.throwaway_account import SIGN_OUT
from doctor.findings import CheckResult, CheckSkipped, failed, passed

_MAX_ATTEMPTS = 3


@check("account.deleted", "The throw-away account is deleted")
def clean_up(context: CheckContext) -> CheckResult:
    """Otherwise each run would leave a user behind."""
    account = context.account
    try:
        if not account.sign_up_attempted:
            raise CheckSkipped("no account was created")
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
    """Return why the account could not delete itself, or None."""
    account = context.account
    try:
        browser = _signed_in_browser(context)
    except httpx.TransportError as error:
        return f"no response to the sign-in: {error or type(error).__name__}"
    except CheckSkipped as reason:
        if not account.id and (account.sign_up_refused or "401" in str(reason)):
            raise CheckSkipped("no account was created") from None
        return str(reason)
    by_token = context.anonymous_browser()
    by_token.bearer = account.token
    problem = ""
    # The token works behind a proxy that breaks cookies, and one of several servers may know it.
    for each in (browser, by_token, by_token) * _MAX_ATTEMPTS:
        reply = account.delete(each)
        if reply.status == 200 and reply.field("message") == "User deleted":
            return None
        problem = problem or f"delete-user answered {reply.summary}"
    return problem


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
