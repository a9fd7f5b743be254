"""The journeys that the Tester offers."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from doctor.set_cookie import read_set_cookie
from panel.client.loopback import Call
from panel.tester import journey_words as words
from panel.tester.exchange import json_of
from panel.tester.journeys import Found, Journey, Step, Take, Walk
from panel.tester.quick_actions import (
    Deed,
    Person,
    call_me,
    list_sessions,
    post,
    sign_in,
    sign_out,
    sign_up,
)

_ADMIN = "/api/auth/admin"
_ATTEMPTS = 12
_NEW = "-and-new"


def _expects(device: str, deed: Deed, status: int) -> Take:
    """Return how a step is taken that sends this from a device, and wants that status."""

    async def taken(walk: Walk) -> Found:
        return await walk.expect(device, deed(walk.person), status)

    return taken


_second_refused = _expects(words.SECOND, call_me, 401)


async def _make_account(walk: Walk) -> Found:
    person = walk.person
    said = {"name": person.name, "email": person.email, "password": person.password}
    more = {"data": {"emailVerified": True}}
    owner = walk.owner
    made = await walk.api.post(owner, f"{_ADMIN}/create-user", {**said, **more})
    walk.user_id = made["user"]["id"]
    return Found(True, words.NOTHING_SENT)


async def _clean_up(walk: Walk) -> Found:
    said, walk.user_id = {"userId": walk.user_id}, ""
    await walk.api.post(walk.owner, f"{_ADMIN}/remove-user", said)
    return Found(True, words.NOTHING_SENT)


async def _sign_up(walk: Walk) -> Found:
    found = await walk.expect(words.FIRST, sign_up(walk.person), 200)
    said = json_of(found.exchanges[0].response)
    if not found.passed:
        code = said.get("code") if isinstance(said, dict) else ""
        off = code == "EMAIL_PASSWORD_SIGN_UP_DISABLED"
        return replace(found, said=words.SIGN_UP_OFF) if off else found
    walk.user_id = said["user"]["id"]
    return found


async def _verify(walk: Walk) -> Found:
    """Do what a click in the mail would, where sign-up alone does not sign in."""
    if walk.tester.browser(walk.owner, words.FIRST).signed_in_as:
        return Found(True, words.ALREADY)
    said = {"userId": walk.user_id, "data": {"emailVerified": True}}
    await walk.api.post(walk.owner, f"{_ADMIN}/update-user", said)
    return Found(True, words.NOTHING_SENT)


async def _old_cookie(walk: Walk) -> Found:
    """Put the cookie of before sign-out into a browser that is empty."""
    sent = next(each.request for each in walk.seen if each.call.path == "/api/me")
    browser = walk.tester.browser(walk.owner, words.SECOND)
    for pair in dict(sent.headers).get("Cookie", "").split("; "):
        browser.keep(read_set_cookie(f"{pair}; Path=/"))
    return await _second_refused(walk)


async def _both_listed(walk: Walk) -> Found:
    found = await walk.expect(words.FIRST, list_sessions(walk.person), 200)
    listed = json_of(found.exchanges[0].response)
    number = len(listed) if isinstance(listed, list) else 0
    return Found(number == 2, words.sessions_seen(number), found.exchanges)


async def _ask_reset(walk: Walk) -> Found:
    outbox = await walk.api.get(walk.owner, "/api/admin/outbox", limit=1)
    if outbox["sends"]:
        return Found(False, words.SENDS_MAIL)
    said = {"email": walk.person.email, "redirectTo": "/reset-password"}
    return await walk.expect(words.FIRST, post("/api/auth/request-password-reset", said), 200)


async def _find_link(walk: Walk) -> Found:
    outbox = await walk.api.get(walk.owner, "/api/admin/outbox", limit=100)
    mine: list[dict[str, Any]] = [each for each in outbox["mails"] if _is_theirs(each, walk)]
    if not mine:
        return Found(False, words.NO_MAIL)
    parts = urlsplit(mine[0]["url"])
    walk.link = f"{parts.path}?{parts.query}"
    return Found(True, words.NOTHING_SENT)


def _is_theirs(mail: dict[str, Any], walk: Walk) -> bool:
    return mail["to"] == walk.person.email and "/reset-password/" in (mail["url"] or "")


async def _open_link(walk: Walk) -> Found:
    return await walk.expect(words.FIRST, Call("GET", walk.link), 302)


async def _set_new(walk: Walk) -> Found:
    return await walk.expect(words.FIRST, _new_password(walk), 200)


async def _set_again(walk: Walk) -> Found:
    return await walk.expect(words.FIRST, _new_password(walk), 400)


async def _new_works(walk: Walk) -> Found:
    renewed = replace(walk.person, password=walk.person.password + _NEW)
    return await walk.expect(words.FIRST, sign_in(renewed), 200)


def _new_password(walk: Walk) -> Call:
    token = walk.link.partition("?")[0].rpartition("/")[2]
    said = {"newPassword": walk.person.password + _NEW, "token": token}
    return post("/api/auth/reset-password", said)


async def _guess(walk: Walk) -> Found:
    exchanges = []
    for attempt in range(1, _ATTEMPTS + 1):
        wrong = replace(walk.person, password=f"a wrong guess, number {attempt}")
        exchanges.append(await walk.send(words.FIRST, sign_in(wrong)))
        if exchanges[-1].response.status == 429:
            return Found(True, words.BIT_AFTER.format(attempt), tuple(exchanges))
        if exchanges[-1].response.status != 401:
            said = words.status_was((401, 429), exchanges[-1].response.status)
            return Found(False, said, tuple(exchanges))
    return Found(False, words.LIMITS_OFF, tuple(exchanges))


async def _read_wait(walk: Walk) -> Found:
    refused = walk.seen[-1]
    wait = refused.response.header("retry-after")
    return Found(
        bool(wait), words.TRY_AGAIN_IN.format(wait) if wait else words.NOT_TOLD, (refused,)
    )


async def _foreign_asks(walk: Walk) -> Found:
    exchange = await walk.send(words.FIRST, replace(_renamed(walk.person), origin=words.FOREIGN))
    stopped = exchange.preflight is not None and not exchange.preflight.allows
    return Found(stopped, words.STOPPED if stopped else words.NOT_STOPPED, (exchange,))


async def _foreign_refused(walk: Walk) -> Found:
    status = walk.seen[-1].response.status
    return Found(status == 403, words.status_was((403,), status), (walk.seen[-1],))


async def _unchanged(walk: Walk) -> Found:
    found = await walk.expect(words.FIRST, Call("GET", "/api/auth/get-session"), 200)
    said = json_of(found.exchanges[0].response)
    same = isinstance(said, dict) and said["user"]["name"] == walk.person.name
    return replace(found, passed=found.passed and same)


def _renamed(_: Person) -> Call:
    return post("/api/auth/update-user", {"name": "Another name"})


def _revoke_others(_: Person) -> Call:
    return post("/api/auth/revoke-other-sessions", {})


_MADE, _GONE = Step(words.MAKE_ACCOUNT, _make_account), Step(words.CLEAN_UP, _clean_up)
JOURNEYS: tuple[Journey, ...] = (
    Journey(
        words.ROUND_TRIP,
        (
            Step(words.SIGN_UP, _sign_up),
            Step(words.VERIFY, _verify),
            Step(words.SIGN_IN, _expects(words.FIRST, sign_in, 200)),
            Step(words.ME, _expects(words.FIRST, call_me, 200)),
            Step(words.SIGN_OUT, _expects(words.FIRST, sign_out, 200)),
            Step(words.ME_AFTER, _expects(words.FIRST, call_me, 401)),
            Step(words.OLD_COOKIE, _old_cookie),
            _GONE,
        ),
    ),
    Journey(
        words.DEVICES,
        (
            _MADE,
            Step(words.SIGN_IN_FIRST, _expects(words.FIRST, sign_in, 200)),
            Step(words.SIGN_IN_SECOND, _expects(words.SECOND, sign_in, 200)),
            Step(words.LISTED, _both_listed),
            Step(words.REVOKED, _expects(words.FIRST, _revoke_others, 200)),
            Step(words.SECOND_OUT, _second_refused),
            Step(words.FIRST_IN, _expects(words.FIRST, call_me, 200)),
            _GONE,
        ),
    ),
    Journey(
        words.RESET,
        (
            _MADE,
            Step(words.ASK_RESET, _ask_reset),
            Step(words.FIND_LINK, _find_link),
            Step(words.OPEN_LINK, _open_link),
            Step(words.SET_NEW, _set_new),
            Step(words.OLD_FAILS, _expects(words.FIRST, sign_in, 401)),
            Step(words.NEW_WORKS, _new_works),
            Step(words.LINK_ONCE, _set_again),
            _GONE,
        ),
    ),
    Journey(
        words.LIMIT,
        (_MADE, Step(words.WRONG, _guess), Step(words.WAIT_TOLD, _read_wait), _GONE),
    ),
    Journey(
        words.ORIGIN,
        (
            _MADE,
            Step(words.SIGN_IN_FIRST, _expects(words.FIRST, sign_in, 200)),
            Step(words.PREFLIGHT, _foreign_asks),
            Step(words.REFUSED, _foreign_refused),
            Step(words.UNCHANGED, _unchanged),
            Step(words.OWN_PAGE, _expects(words.FIRST, _renamed, 200)),
            _GONE,
        ),
    ),
)
