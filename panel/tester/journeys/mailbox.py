"""The steps of the journeys with a mailed link and a mailed code, which sign in."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from panel.client.loopback import Call
from panel.tester.exchange import response_json
from panel.tester.journeys import words
from panel.tester.journeys.runner import JourneyRun, Step, StepAction, StepResult
from panel.tester.quick_actions import call_me, post

_CODE = re.compile(r"\b\d{6}\b")
_NO_CODE = "000000"


def ask_for_mail(path: str, payload: Mapping[str, str], off: str = "") -> StepAction:
    """Return an action that asks for a mail to the test user, unless mails really leave."""

    async def step_action(run: JourneyRun) -> StepResult:
        outbox = await run.api.get(run.admin, "/api/admin/outbox", limit=1)
        if outbox["sends"]:
            return StepResult(False, words.SENDS_MAIL)
        call = post(path, {"email": run.person.email, **payload})
        result = await run.expect(words.FIRST, call, 200)
        is_off = result.exchanges[0].response.status == 404
        return replace(result, message=off) if off and is_off else result

    return step_action


async def find_mail(
    run: JourneyRun, is_meant: Callable[[Mapping[str, Any]], bool]
) -> Mapping[str, Any] | None:
    """Return the newest mail to the test user that is meant; raises ApiError."""
    outbox = await run.api.get(run.admin, "/api/admin/outbox", limit=100)
    mails: list[Mapping[str, Any]] = outbox["mails"]
    theirs = (each for each in mails if each["to"] == run.person.email)
    return next(filter(is_meant, theirs), None)


def find_link(part: str) -> StepAction:
    """Return an action that finds the mailed link with this part in its path."""

    async def step_action(run: JourneyRun) -> StepResult:
        mail = await find_mail(run, lambda each: part in (each["url"] or ""))
        if mail is None:
            return StepResult(False, words.NO_MAIL)
        parts = urlsplit(mail["url"])
        run.link = f"{parts.path}?{parts.query}"
        return StepResult(True, words.NOTHING_SENT)

    return step_action


async def _open_link(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, Call("GET", run.link), 302)


async def _open_again(run: JourneyRun) -> StepResult:
    result = await run.expect(words.SECOND, Call("GET", run.link), 302)
    is_refused = "error=" in (result.exchanges[0].response.header("location") or "")
    return replace(result, passed=result.passed and is_refused)


async def _call_first(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, call_me(run.person), 200)


async def _find_code(run: JourneyRun) -> StepResult:
    mail = await find_mail(run, lambda each: bool(_CODE.search(each["text"] or "")))
    found = _CODE.search(mail["text"]) if mail else None
    if found is None:
        return StepResult(False, words.NO_MAIL)
    run.mailed_code = found[0]
    return StepResult(True, words.NOTHING_SENT)


async def _wrong_code(run: JourneyRun) -> StepResult:
    wrong = _NO_CODE if run.mailed_code != _NO_CODE else "111111"
    return await run.expect(words.FIRST, _with_code(run, wrong), 400)


async def _right_code(run: JourneyRun) -> StepResult:
    result = await run.expect(words.FIRST, _with_code(run, run.mailed_code), 200)
    payload = response_json(result.exchanges[0].response)
    signed_in = isinstance(payload, dict) and bool(payload.get("token"))
    return replace(result, passed=result.passed and signed_in)


async def _code_again(run: JourneyRun) -> StepResult:
    return await run.expect(words.SECOND, _with_code(run, run.mailed_code), 400)


def _with_code(run: JourneyRun, code: str) -> Call:
    return post("/api/auth/sign-in/email-otp", {"email": run.person.email, "otp": code})


_ASK_LINK = ask_for_mail("/api/auth/sign-in/magic-link", {"callbackURL": "/"}, words.NO_MAGIC_LINK)
_ASK_CODE = ask_for_mail(
    "/api/auth/email-otp/send-verification-otp", {"type": "sign-in"}, words.NO_EMAIL_CODE
)
LINK_STEPS = (
    Step(words.ASK_LINK, _ASK_LINK),
    Step(words.FIND_LINK, find_link("/magic-link/verify")),
    Step(words.LINK_OPENS, _open_link),
    Step(words.ME, _call_first),
    Step(words.LINK_ONCE, _open_again),
)
CODE_STEPS = (
    Step(words.ASK_CODE, _ASK_CODE),
    Step(words.FIND_CODE, _find_code),
    Step(words.WRONG_CODE, _wrong_code),
    Step(words.MAILED_CODE, _right_code),
    Step(words.ME, _call_first),
    Step(words.CODE_ONCE, _code_again),
)
