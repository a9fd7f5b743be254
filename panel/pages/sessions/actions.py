"""What an admin can do to sessions, and what is asked before. The API decides; these only ask it.

A deed carries the ids of the sessions that were seen, so what was asked is what is done. The
session that asks is the admin's own: it ends only where that is said, never among many.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from panel.client.api import ApiRefused
from panel.client.visitor import Owner
from panel.pages.sessions import words
from panel.services import Asked, Tools
from panel.ui.confirm import Deed, Question
from panel.ui.markup import Markup, isolated, short
from panel.ui.user_agents import device
from panel.ui.wiring import sentence

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


async def own_id(tools: Tools, owner: Owner) -> str:
    """Return the id of the session that asks."""
    path = "/api/auth/get-session"
    current = await tools.api.get(owner, path, disableRefresh=True)
    return str(current["session"]["id"]) if current else ""


async def find_session(tools: Tools, asked: Asked) -> Session | None:
    """Return the session whom the page's address names, or None if it is over.

    Ids are in order, and a page begins behind its cursor: behind the next id comes this one.
    """
    wanted = asked.query.get("id", "")
    try:
        behind = UUID(int=UUID(wanted).int + 1)
    except ValueError:
        return None
    page = await tools.api.get(asked.owner, _LIVE, cursor=behind, limit=1)
    return next((each for each in page["sessions"] if each["id"] == wanted), None)


async def admins_in(
    tools: Tools, owner: Owner, sessions: Iterable[Session]
) -> dict[str, dict[str, Any]]:
    """Return the admins, by id, who use these sessions as somebody else; without those deleted."""
    wanted = sorted({each["impersonatedBy"] for each in sessions if each["impersonatedBy"]})
    pages = await asyncio.gather(
        *(tools.api.get(owner, "/api/admin/users", search=each, limit=1) for each in wanted)
    )
    return {user["id"]: user for page in pages for user in page["users"] if user["id"] in wanted}


async def ask_end_one(tools: Tools, asked: Asked) -> Question:
    """Ask before the session is ended that the page's address names."""
    session, own = await _session_and_own(tools, asked)
    named = short(device(session["userAgent"]), 60)
    deed = _end_one(session)
    if session["id"] == own:
        return Question(words.ASK_END_MINE.format(named), words.END_MINE, deed)
    address = short(session["ipAddress"]) or words.UNKNOWN_ADDRESS
    told = words.ASK_END_ONE.format(_who(session), named, address)
    return Question(told, words.END_ONE, deed)


async def ask_end_all(tools: Tools, asked: Asked) -> Question:
    """Ask before all sessions are ended of whoever has the one that the page's address names."""
    session, own = await _session_and_own(tools, asked)
    user = session["user"]
    found = await tools.api.get(asked.owner, _LIVE, user=user["id"], limit=_MANY)
    ids = [each["id"] for each in found["sessions"]]
    live = words.ends(len(ids), or_more=found["cursor"] is not None)

    async def end_all(tools: Tools, asked: Asked) -> str:
        path = "/api/auth/admin/revoke-user-sessions"
        await tools.api.post(asked.owner, path, {"userId": user["id"]})
        return words.ALL_ENDED.format(short(user["email"]))

    if own in ids:
        return Question(words.ASK_END_ALL_MINE.format(live), words.END_MINE, end_all)
    return Question(words.ASK_END_ALL.format(_who(session), live), words.END_ALL, end_all)


async def ask_end_listed(_: Tools, __: Asked, listed: Listed) -> Question:
    """Ask before everything is ended that the page lists."""
    told = words.ask_end_listed(
        len(listed.ids), listed.people, yours_stays=listed.yours_stays, more=listed.more
    )
    return Question(told, words.end_listed(len(listed.ids)), _end_each(listed.ids))


def _end_one(session: Session) -> Deed:
    async def end(tools: Tools, asked: Asked) -> str:
        await _end(tools, asked, session["id"])
        named = device(session["userAgent"])
        return words.ONE_ENDED.format(session["user"]["email"], named)

    return end


def _end_each(ids: tuple[str, ...]) -> Deed:
    """Return the deed that ends one after another; refused on the way, it says how far it came."""

    async def end(tools: Tools, asked: Asked) -> str:
        for ended, each in enumerate(ids):
            try:
                await _end(tools, asked, each)
            except ApiRefused as refused:
                if ended == 0:
                    raise
                return words.listed_ended(ended, len(ids), sentence(refused))
        return words.listed_ended(len(ids), len(ids))

    return end


async def _end(tools: Tools, asked: Asked, session: str) -> None:
    path = "/api/auth/admin/revoke-user-session"
    await tools.api.post(asked.owner, path, {"sessionToken": session})


async def _session_and_own(tools: Tools, asked: Asked) -> tuple[Session, str]:
    session = await find_session(tools, asked)
    if session is None:
        raise ApiRefused(404, "SESSION_NOT_FOUND", words.OVER)
    return session, await own_id(tools, asked.owner)


def _who(session: Session) -> Markup:
    return Markup("<b>{}</b>").format(isolated(session["user"]["email"]))
