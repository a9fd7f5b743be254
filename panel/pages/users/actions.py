"""What an admin can do to a user, with confirmations. The API decides whether it is allowed.

A question loads the user first, to say who is affected and what will end. Its action is bound to
the user's id and the chosen values, so it does exactly what was confirmed.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from doctor.client.set_cookie import parse_set_cookie
from panel.client.api import ApiError
from panel.pages.users import words
from panel.services import PageContext
from panel.ui import timestamps
from panel.ui.confirm import Action, Question
from panel.ui.markup import strong
from panel.ui.user_agents import describe_device
from panel.ui.wiring import error_toast

UserJson = Mapping[str, Any]
FactorsJson = Mapping[str, Any]
PasskeyJson = Mapping[str, Any]
AccountJson = Mapping[str, Any]
PASSWORD = "credential"  # noqa: S105  how the API lists a password
_AUTH = "/api/auth/admin"
MAX_REASON = 1000  # characters; the API takes no more


async def find_user(context: PageContext) -> UserJson:
    """Return the user that the page's address names; raises ApiError 404."""
    user_id = context.query.get("id", "")
    page = await context.get("/api/admin/users", search=user_id, limit=25)
    user: UserJson | None = next((each for each in page["users"] if each["id"] == user_id), None)
    if user is None:
        raise ApiError(404, "USER_NOT_FOUND", words.GONE)
    return user


async def mark_verified(context: PageContext) -> str:
    """Mark the address as verified."""
    return await _mark(context, verified=True)


async def mark_unverified(context: PageContext) -> str:
    """Mark the address as not verified."""
    return await _mark(context, verified=False)


async def send_reset(context: PageContext) -> str:
    """Mail a link to reset the password."""
    payload = {"userId": context.query.get("id", "")}
    sent = await context.post("/api/admin/send-reset", payload)
    return words.reset_sent(sent["email"], sent["sends"])


async def unban(context: PageContext) -> str:
    """Lift a ban."""
    payload = {"userId": context.query.get("id", "")}
    user = await context.post(f"{_AUTH}/unban-user", payload)
    return words.UNBANNED.format(user["user"]["email"])


async def ask_role(context: PageContext, role: str) -> Question:
    """Confirm a change of role."""
    user = await find_user(context)
    payload = {"userId": user["id"], "role": role}
    action = _post_action("set-role", payload, words.HAS_ROLE.format(user["email"], role))
    return Question(words.ask_role(strong(user["email"]), role), words.SET_ROLE, action)


async def ask_username(context: PageContext, username: str) -> Question:
    """Confirm another user name, or none."""
    name = username.strip()
    user = await find_user(context)
    data = {"username": name or None, "displayUsername": name or None}
    email = user["email"]
    done = words.HAS_USERNAME.format(email, name) if name else words.HAS_NO_USERNAME.format(email)
    action = _post_action("update-user", {"userId": user["id"], "data": data}, done)
    sentence = words.ask_username(strong(email), name, user["username"] or "")
    return Question(sentence, words.SET_USERNAME, action)


async def ask_ban(context: PageContext, until: str, reason: str) -> Question:
    """Confirm a ban, until the end of a day or permanent."""
    now = context.now()
    end = _end_of(until.strip(), now)
    if len(reason.strip()) > MAX_REASON:
        raise error_toast(words.REASON_TOO_LONG.format(MAX_REASON))
    user = await find_user(context)
    # Not `ban-user`, which counts seconds from the moment it is confirmed: the day would move.
    ban: dict[str, Any] = {"banned": True, "banExpires": end.isoformat() if end else None}
    ban |= {"banReason": reason.strip()} if reason.strip() else {}
    payload = {"userId": user["id"], "data": ban}
    until_text = timestamps.format_exact(end) if end else ""
    sentence = words.ask_ban(strong(user["email"]), until_text, user["activeSessions"])
    action = _post_action("update-user", payload, words.banned(user["email"], until_text))
    return Question(sentence, words.BAN, action)


async def ask_password(context: PageContext, password: str) -> Question:
    """Confirm a new password."""
    if not password:
        raise error_toast(words.WRITE_IT_FIRST)
    user = await find_user(context)
    payload = {"userId": user["id"], "newPassword": password}
    action = _post_action("set-user-password", payload, words.PASSWORD_SET.format(user["email"]))
    sentence = words.ask_password(strong(user["email"]), user["activeSessions"])
    return Question(sentence, words.SET_PASSWORD, action)


async def find_factors(context: PageContext, user: UserJson) -> FactorsJson | None:
    """Return the second factors of a user; None without any."""
    if not user["twoFactorEnabled"]:
        return None
    factors: FactorsJson = await context.get("/api/admin/second-factors", userId=user["id"])
    return factors


async def list_passkeys(context: PageContext, user: UserJson) -> Sequence[PasskeyJson]:
    """Return the passkeys of a user, oldest first."""
    listed = await context.get("/api/admin/passkeys", userId=user["id"])
    passkeys: Sequence[PasskeyJson] = listed["passkeys"]
    return passkeys


async def ask_remove_passkeys(context: PageContext) -> Question:
    """Confirm removing all passkeys."""
    user = await find_user(context)
    passkeys = await list_passkeys(context, user)
    names = ", ".join(each["name"] or words.UNNAMED for each in passkeys)

    async def remove(context: PageContext) -> str:
        removed = await context.post("/api/admin/remove-passkeys", {"userId": user["id"]})
        return words.passkeys_removed(user["email"], removed["removed"])

    sentence = words.ask_remove_passkeys(strong(user["email"]), strong(names), len(passkeys))
    return Question(sentence, words.REMOVE_PASSKEYS, remove)


async def list_accounts(context: PageContext, user: UserJson) -> Sequence[AccountJson]:
    """Return the ways in of a user, the password first."""
    listed = await context.get("/api/admin/accounts", userId=user["id"])
    accounts: Sequence[AccountJson] = listed["accounts"]
    return accounts


def name_account(account: AccountJson) -> str:
    """Return what people call the provider of an account."""
    return str(account["providerName"] or account["providerId"])


async def ask_unlink(context: PageContext, account_id: str | None) -> Question:
    """Confirm unlinking one account at a provider."""
    user = await find_user(context)
    accounts = await list_accounts(context, user)
    account = next((each for each in accounts if each["id"] == account_id), None)
    if account is None:
        raise error_toast(words.CHOOSE_ACCOUNT)
    name, payload = name_account(account), {"userId": user["id"], "accountId": account["id"]}

    async def unlink(context: PageContext) -> str:
        await context.post("/api/admin/unlink-account", payload)
        return words.UNLINKED.format(name, user["email"])

    sentence = words.ASK_UNLINK.format(strong(name), account["accountId"], strong(user["email"]))
    return Question(sentence, words.UNLINK, unlink)


async def ask_remove_factor(context: PageContext) -> Question:
    """Confirm removing the second factors."""
    user = await find_user(context)

    async def remove(context: PageContext) -> str:
        await context.post("/api/admin/remove-two-factor", {"userId": user["id"]})
        return words.FACTOR_REMOVED.format(user["email"])

    sentence = words.ASK_REMOVE_FACTOR.format(strong(user["email"]))
    return Question(sentence, words.REMOVE_FACTOR, remove)


async def ask_end_one(context: PageContext, session: str | None) -> Question:
    """Confirm ending one session."""
    if not session:
        raise error_toast(words.CHOOSE_SESSION)
    user = await find_user(context)
    live = await live_sessions(context)
    device_name = next(
        (describe_device(each["userAgent"]) for each in live if each["id"] == session), session
    )
    payload = {"sessionToken": session}
    action = _post_action("revoke-user-session", payload, words.SESSION_ENDED.format(user["email"]))
    return Question(
        words.ASK_END_ONE.format(strong(user["email"]), device_name), words.END_ONE, action
    )


async def ask_end_all(context: PageContext) -> Question:
    """Confirm ending all sessions."""
    user = await find_user(context)
    payload = {"userId": user["id"]}
    action = _post_action(
        "revoke-user-sessions", payload, words.SESSIONS_ENDED.format(user["email"])
    )
    return Question(
        words.ask_end_all(strong(user["email"]), user["activeSessions"]), words.END_ALL, action
    )


async def ask_delete(context: PageContext) -> Question:
    """Confirm deleting the user."""
    user = await find_user(context)
    action = _post_action(
        "remove-user", {"userId": user["id"]}, words.DELETED.format(user["email"])
    )
    sentence = words.ask_delete(strong(user["email"]), user["activeSessions"])
    return Question(sentence, words.DELETE, action, typed=user["email"])


async def ask_act_as(context: PageContext) -> Question:
    """Confirm impersonating the user."""
    user = await find_user(context)

    async def act_as(context: PageContext) -> str:
        """Open the session in a browser of the Tester; the panel keeps its own.

        The response also sets a cookie with the admin's own session, to return to. It is left out,
        since the Tester shows its cookies, and this one opens the panel.
        """
        payload = {"userId": user["id"]}
        path = f"{_AUTH}/impersonate-user"
        response = await context.services.api.call(context.admin.visitor, "POST", path, payload)
        if not response.is_success:
            raise ApiError.from_response(response)
        name = words.ACTS_AS.format(user["email"])
        browser = context.services.tester.add_browser(context.admin, name, impersonates=True)
        for cookie in map(parse_set_cookie, response.headers.get_list("set-cookie")):
            if not cookie.name.endswith("admin_session"):
                browser.keep(cookie)
        browser.signed_in_as = user["email"]
        return words.ACTING.format(user["email"])

    return Question(words.ASK_ACT_AS.format(strong(user["email"])), words.ACT_AS, act_as)


async def live_sessions(context: PageContext) -> list[dict[str, Any]]:
    """Return the live sessions of the user that the page's address names, newest first."""
    user_id = context.query.get("id", "")
    page = await context.get("/api/admin/sessions", user=user_id, limit=100)
    sessions: list[dict[str, Any]] = page["sessions"]
    return sessions


async def _mark(context: PageContext, *, verified: bool) -> str:
    payload = {"userId": context.query.get("id", ""), "data": {"emailVerified": verified}}
    user = await context.post(f"{_AUTH}/update-user", payload)
    return words.verified(user["email"], verified)


def _post_action(endpoint: str, payload: dict[str, Any], message: str) -> Action:
    """Return an action that calls the API and returns `message`."""

    async def post(context: PageContext) -> str:
        await context.post(f"{_AUTH}/{endpoint}", payload)
        return message

    return post


def _end_of(text: str, now: datetime) -> datetime | None:
    """Return the end of a day in UTC, or None without a day."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise error_toast(words.NO_SUCH_DAY) from None
    last = datetime.max.replace(tzinfo=UTC)
    end = last if day == date.max else datetime.combine(day, time(), UTC) + timedelta(days=1)
    if end <= now:
        raise error_toast(words.DAY_IS_OVER)
    return end
