"""What an admin can do to sessions, and the confirmations before. The API decides.

An action carries the ids of the sessions that were shown, so it does what was confirmed. The
admin's own session ends only where the question says so, never among many.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from panel.client.api import ApiError
from panel.client.visitor import Owner
from panel.pages.sessions import words
from panel.services import PageContext, Services
from panel.ui.confirm import Action, Question
from panel.ui.markup import Markup, isolate, short
from panel.ui.user_agents import device
from panel.ui.wiring import explain

Session = Mapping[str, Any]
"""One session as `GET /api/admin/sessions` tells it."""
_LIVE = "/api/admin/sessions"
_MANY = 200


@dataclass(frozen=True)
class Listed:
    """The sessions that a page lists, but for the one that asks."""

    ids: tuple[str, ...] = ()
    people: int = 0
    yours_stays: bool = False
    more: bool = False
    """Whether there are others like these on other pages."""


async def own_id(services: Services, owner: Owner) -> str:
    """Return the id of the session that asks."""
    path = "/api/auth/get-session"
    current = await services.api.get(owner, path, disableRefresh=True)
    return str(current["session"]["id"]) if current else ""


async def find_session(services: Services, context: PageContext) -> Session | None:
    """Return the session whom the page's address names, or None if it is over.

    Ids are in order, and a page begins behind its cursor: behind the next id comes this one.
    """
    session_id = context.query.get("id", "")
    try:
        behind = UUID(int=UUID(session_id).int + 1)
    except ValueError:
        return None
    page = await services.api.get(context.owner, _LIVE, cursor=behind, limit=1)
    return next((each for each in page["sessions"] if each["id"] == session_id), None)


async def admins_in(
    services: Services, owner: Owner, sessions: Iterable[Session]
) -> dict[str, dict[str, Any]]:
    """Return the admins, by id, who use these sessions as somebody else; without those deleted."""
    ids = sorted({each["impersonatedBy"] for each in sessions if each["impersonatedBy"]})
    pages = await asyncio.gather(
        *(services.api.get(owner, "/api/admin/users", search=each, limit=1) for each in ids)
    )
    return {user["id"]: user for page in pages for user in page["users"] if user["id"] in ids}


async def ask_end_one(services: Services, context: PageContext) -> Question:
    """Ask before the session is ended that the page's address names."""
    session, own = await _session_and_own(services, context)
    device_name = short(device(session["userAgent"]), 60)
    action = _end_one(session)
    if session["id"] == own:
        return Question(words.ASK_END_MINE.format(device_name), words.END_MINE, action)
    address = short(session["ipAddress"]) or words.UNKNOWN_ADDRESS
    sentence = words.ASK_END_ONE.format(_who(session), device_name, address)
    return Question(sentence, words.END_ONE, action)


async def ask_end_all(services: Services, context: PageContext) -> Question:
    """Ask before all sessions are ended of whoever has the one that the page's address names."""
    session, own = await _session_and_own(services, context)
    user = session["user"]
    listed = await services.api.get(context.owner, _LIVE, user=user["id"], limit=_MANY)
    ids = [each["id"] for each in listed["sessions"]]
    live = words.ends(len(ids), or_more=listed["cursor"] is not None)

    async def end_all(services: Services, context: PageContext) -> str:
        path = "/api/auth/admin/revoke-user-sessions"
        await services.api.post(context.owner, path, {"userId": user["id"]})
        return words.ALL_ENDED.format(short(user["email"]))

    if own in ids:
        return Question(words.ASK_END_ALL_MINE.format(live), words.END_MINE, end_all)
    return Question(words.ASK_END_ALL.format(_who(session), live), words.END_ALL, end_all)


async def ask_end_listed(_: Services, __: PageContext, listed: Listed) -> Question:
    """Ask before everything is ended that the page lists."""
    sentence = words.ask_end_listed(
        len(listed.ids), listed.people, yours_stays=listed.yours_stays, more=listed.more
    )
    return Question(sentence, words.end_listed(len(listed.ids)), _end_each(listed.ids))


def _end_one(session: Session) -> Action:
    async def end(services: Services, context: PageContext) -> str:
        await _end(services, context, session["id"])
        named = device(session["userAgent"])
        return words.ONE_ENDED.format(session["user"]["email"], named)

    return end


def _end_each(ids: tuple[str, ...]) -> Action:
    """Return the action that ends one after another; after a refusal it says how many ended."""

    async def end(services: Services, context: PageContext) -> str:
        for ended, each in enumerate(ids):
            try:
                await _end(services, context, each)
            except ApiError as refused:
                if ended == 0:
                    raise
                return words.listed_ended(ended, len(ids), explain(refused))
        return words.listed_ended(len(ids), len(ids))

    return end


async def _end(services: Services, context: PageContext, session: str) -> None:
    path = "/api/auth/admin/revoke-user-session"
    await services.api.post(context.owner, path, {"sessionToken": session})


async def _session_and_own(services: Services, context: PageContext) -> tuple[Session, str]:
    session = await find_session(services, context)
    if session is None:
        raise ApiError(404, "SESSION_NOT_FOUND", words.OVER)
    return session, await own_id(services, context.owner)


def _who(session: Session) -> Markup:
    return Markup("<b>{}</b>").format(isolate(session["user"]["email"]))
