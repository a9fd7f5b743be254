"""Ending sessions, with confirmations. The API decides whether it is allowed.

An action is bound to the ids that were shown, so it does exactly what was confirmed. The admin's
own session ends only when the question says so, never as one of many.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from panel.client.api import ApiError
from panel.pages.sessions import words
from panel.services import PageContext
from panel.ui.confirm import Action, Question
from panel.ui.markup import shorten, strong
from panel.ui.user_agents import describe_device
from panel.ui.wiring import explain

SessionJson = Mapping[str, Any]
"""A session as in `GET /api/admin/sessions`."""
_SESSIONS = "/api/admin/sessions"
_MAX_LISTED = 200


@dataclass(frozen=True)
class ListedSessions:
    """The sessions on a page, without the admin's own."""

    ids: tuple[str, ...] = ()
    user_count: int = 0
    yours_stays: bool = False
    more: bool = False
    """Whether the filters match more, on other pages."""


async def own_id(context: PageContext) -> str:
    """Return the id of the admin's own session."""
    current = await context.get("/api/auth/get-session", disableRefresh=True)
    return str(current["session"]["id"]) if current else ""


async def find_session(context: PageContext) -> SessionJson | None:
    """Return the session that the page's address names, or None if it has ended.

    The list is ordered by id, newest first, and starts after its cursor: after id + 1 comes id.
    """
    session_id = context.query.get("id", "")
    try:
        cursor = UUID(int=UUID(session_id).int + 1)
    except ValueError:
        return None
    page = await context.get(_SESSIONS, cursor=cursor, limit=1)
    return next((each for each in page["sessions"] if each["id"] == session_id), None)


async def admins_in(
    context: PageContext, sessions: Iterable[SessionJson]
) -> dict[str, dict[str, Any]]:
    """Return by id the admins who impersonate in these sessions; deleted ones are missing."""
    ids = sorted({each["impersonatedBy"] for each in sessions if each["impersonatedBy"]})
    pages = await asyncio.gather(
        *(context.get("/api/admin/users", search=each, limit=1) for each in ids)
    )
    return {user["id"]: user for page in pages for user in page["users"] if user["id"] in ids}


async def ask_end_one(context: PageContext) -> Question:
    """Confirm ending the session that the page's address names."""
    session, own = await _session_and_own(context)
    device_name = shorten(describe_device(session["userAgent"]), 60)
    action = _end_one(session)
    if session["id"] == own:
        return Question(words.ASK_END_MINE.format(device_name), words.END_MINE, action)
    address = shorten(session["ipAddress"]) or words.UNKNOWN_ADDRESS
    sentence = words.ASK_END_ONE.format(strong(session["user"]["email"]), device_name, address)
    return Question(sentence, words.END_ONE, action)


async def ask_end_all(context: PageContext) -> Question:
    """Confirm ending all sessions of that session's user."""
    session, own = await _session_and_own(context)
    user = session["user"]
    listed = await context.get(_SESSIONS, user=user["id"], limit=_MAX_LISTED)
    ids = [each["id"] for each in listed["sessions"]]
    live = words.ends(len(ids), or_more=listed["cursor"] is not None)

    async def end_all(context: PageContext) -> str:
        path = "/api/auth/admin/revoke-user-sessions"
        await context.post(path, {"userId": user["id"]})
        return words.ALL_ENDED.format(shorten(user["email"]))

    if own in ids:
        return Question(words.ASK_END_ALL_MINE.format(live), words.END_MINE, end_all)
    return Question(words.ASK_END_ALL.format(strong(user["email"]), live), words.END_ALL, end_all)


async def ask_end_listed(_: PageContext, listed: ListedSessions) -> Question:
    """Confirm ending all sessions on the page."""
    sentence = words.ask_end_listed(
        len(listed.ids), listed.user_count, yours_stays=listed.yours_stays, more=listed.more
    )
    return Question(sentence, words.end_listed(len(listed.ids)), _end_each(listed.ids))


def _end_one(session: SessionJson) -> Action:
    async def end(context: PageContext) -> str:
        await _end(context, session["id"])
        device_name = describe_device(session["userAgent"])
        return words.ONE_ENDED.format(session["user"]["email"], device_name)

    return end


def _end_each(ids: tuple[str, ...]) -> Action:
    """Return the action that ends them in turn; after an error it says how many have ended."""

    async def end(context: PageContext) -> str:
        for ended, each in enumerate(ids):
            try:
                await _end(context, each)
            except ApiError as refused:
                if ended == 0:
                    raise
                return words.listed_ended(ended, len(ids), explain(refused))
        return words.listed_ended(len(ids), len(ids))

    return end


async def _end(context: PageContext, session: str) -> None:
    path = "/api/auth/admin/revoke-user-session"
    await context.post(path, {"sessionToken": session})


async def _session_and_own(context: PageContext) -> tuple[SessionJson, str]:
    session = await find_session(context)
    if session is None:
        raise ApiError(404, "SESSION_NOT_FOUND", words.OVER)
    return session, await own_id(context)
