"""What an admin can do to a user, and what is asked before. The API decides; these only ask it.

A question reads the user first: it names who is meant and what will end, as things are now. Its
deed carries the user's id and what was chosen, so what was asked is what is done.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from doctor.set_cookie import read_set_cookie
from panel.client.api import ApiRefused
from panel.pages.users import words
from panel.services import Asked, Tools
from panel.ui import timestamps
from panel.ui.confirm import Deed, Question
from panel.ui.markup import Markup, isolated
from panel.ui.user_agents import device
from panel.ui.wiring import error_toast

User = Mapping[str, Any]
_AUTH = "/api/auth/admin"
LONGEST_REASON = 1000  # characters; the API takes no more


async def find_user(tools: Tools, asked: Asked) -> User:
    """Return the user whom the page's address names; raises ApiRefused with 404 if nobody."""
    wanted = asked.query.get("id", "")
    found = await tools.api.get(asked.owner, "/api/admin/users", search=wanted, limit=25)
    user: User | None = next((each for each in found["users"] if each["id"] == wanted), None)
    if user is None:
        raise ApiRefused(404, "USER_NOT_FOUND", words.GONE)
    return user


async def mark_verified(tools: Tools, asked: Asked) -> str:
    """Let the address count as verified."""
    return await _mark(tools, asked, verified=True)


async def mark_unverified(tools: Tools, asked: Asked) -> str:
    """Let the address count as not verified."""
    return await _mark(tools, asked, verified=False)


async def send_reset(tools: Tools, asked: Asked) -> str:
    """Mail a link for a new password."""
    said = {"userId": asked.query.get("id", "")}
    sent = await tools.api.post(asked.owner, "/api/admin/send-reset", said)
    return words.reset_sent(sent["email"], sent["sends"])


async def unban(tools: Tools, asked: Asked) -> str:
    """Let a banned user in again."""
    said = {"userId": asked.query.get("id", "")}
    user = await tools.api.post(asked.owner, f"{_AUTH}/unban-user", said)
    return words.UNBANNED.format(user["user"]["email"])


async def ask_role(tools: Tools, asked: Asked, role: str) -> Question:
    """Ask before a role is given."""
    user = await find_user(tools, asked)
    said = {"userId": user["id"], "role": role}
    deed = _doing("set-role", said, words.HAS_ROLE.format(user["email"], role))
    return Question(words.ask_role(_who(user), role), words.SET_ROLE, deed)


async def ask_ban(tools: Tools, asked: Asked, until: str, reason: str) -> Question:
    """Ask before a ban, until the end of a day or for good."""
    now = tools.clock.now()
    end = _end_of(until.strip(), now)
    if len(reason.strip()) > LONGEST_REASON:
        raise error_toast(words.REASON_TOO_LONG.format(LONGEST_REASON))
    user = await find_user(tools, asked)
    said: dict[str, Any] = {"userId": user["id"]}
    said |= {"banReason": reason.strip()} if reason.strip() else {}
    said |= {"banExpiresIn": int((end - now).total_seconds())} if end else {}
    told = timestamps.exact(end) if end else ""
    sentence = words.ask_ban(_who(user), told, user["activeSessions"])
    deed = _doing("ban-user", said, words.banned(user["email"], told))
    return Question(sentence, words.BAN, deed)


async def ask_password(tools: Tools, asked: Asked, password: str) -> Question:
    """Ask before a password is set."""
    if not password:
        raise error_toast(words.WRITE_IT_FIRST)
    user = await find_user(tools, asked)
    said = {"userId": user["id"], "newPassword": password}
    deed = _doing("set-user-password", said, words.PASSWORD_SET.format(user["email"]))
    sentence = words.ask_password(_who(user), user["activeSessions"])
    return Question(sentence, words.SET_PASSWORD, deed)


async def ask_end_one(tools: Tools, asked: Asked, session: str | None) -> Question:
    """Ask before one session is ended."""
    if not session:
        raise error_toast(words.CHOOSE_SESSION)
    user = await find_user(tools, asked)
    live = await live_sessions(tools, asked)
    known = next((device(each["userAgent"]) for each in live if each["id"] == session), session)
    said = {"sessionToken": session}
    deed = _doing("revoke-user-session", said, words.SESSION_ENDED.format(user["email"]))
    return Question(words.ASK_END_ONE.format(_who(user), known), words.END_ONE, deed)


async def ask_end_all(tools: Tools, asked: Asked) -> Question:
    """Ask before all sessions are ended."""
    user = await find_user(tools, asked)
    said = {"userId": user["id"]}
    deed = _doing("revoke-user-sessions", said, words.SESSIONS_ENDED.format(user["email"]))
    return Question(words.ask_end_all(_who(user), user["activeSessions"]), words.END_ALL, deed)


async def ask_delete(tools: Tools, asked: Asked) -> Question:
    """Ask before a user is deleted."""
    user = await find_user(tools, asked)
    deed = _doing("remove-user", {"userId": user["id"]}, words.DELETED.format(user["email"]))
    return Question(words.ask_delete(_who(user), user["activeSessions"]), words.DELETE, deed)


async def ask_act_as(tools: Tools, asked: Asked) -> Question:
    """Ask before a session as this user is opened."""
    user = await find_user(tools, asked)

    async def act_as(tools: Tools, asked: Asked) -> str:
        """Open the session in a browser of the Tester; the panel's own stays as it is.

        The answer's cookies also hold the admin's own session, to go back to. It is left out: the
        Tester shows its cookies, and this one opens the panel.
        """
        said = {"userId": user["id"]}
        path = f"{_AUTH}/impersonate-user"
        answer = await tools.api.call(asked.owner.visitor, "POST", path, said)
        if not answer.is_success:
            raise ApiRefused.by(answer)
        name = words.ACTS_AS.format(user["email"])
        browser = tools.tester.add_browser(asked.owner, name, impersonates=True)
        for cookie in map(read_set_cookie, answer.headers.get_list("set-cookie")):
            if not cookie.name.endswith("admin_session"):
                browser.keep(cookie)
        browser.signed_in_as = user["email"]
        return words.ACTING.format(user["email"])

    return Question(words.ASK_ACT_AS.format(_who(user)), words.ACT_AS, act_as)


async def live_sessions(tools: Tools, asked: Asked) -> list[dict[str, Any]]:
    """Return the live sessions of the user whom the page's address names, newest first."""
    wanted = asked.query.get("id", "")
    found = await tools.api.get(asked.owner, "/api/admin/sessions", user=wanted, limit=100)
    sessions: list[dict[str, Any]] = found["sessions"]
    return sessions


async def _mark(tools: Tools, asked: Asked, *, verified: bool) -> str:
    said = {"userId": asked.query.get("id", ""), "data": {"emailVerified": verified}}
    user = await tools.api.post(asked.owner, f"{_AUTH}/update-user", said)
    return words.verified(user["email"], verified)


def _doing(what: str, said: dict[str, Any], sentence: str) -> Deed:
    """Return the deed that asks the API for this, and then says so."""

    async def done(tools: Tools, asked: Asked) -> str:
        await tools.api.post(asked.owner, f"{_AUTH}/{what}", said)
        return sentence

    return done


def _who(user: User) -> Markup:
    return Markup("<b>{}</b>").format(isolated(user["email"]))


def _end_of(said: str, now: datetime) -> datetime | None:
    """Return the end of a day in UTC, or None where none is said."""
    if not said:
        return None
    try:
        day = date.fromisoformat(said)
    except ValueError:
        raise error_toast(words.NO_SUCH_DAY) from None
    last = datetime.max.replace(tzinfo=UTC)
    end = last if day == date.max else datetime.combine(day, time(), UTC) + timedelta(days=1)
    if end <= now:
        raise error_toast(words.DAY_IS_OVER)
    return end
