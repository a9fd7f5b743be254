"""The journey of a second factor. Its authenticator app is this server itself."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp

from panel.client.loopback import Call
from panel.tester.exchange import response_json
from panel.tester.journeys import words
from panel.tester.journeys.runner import JourneyRun, Step, StepResult
from panel.tester.quick_actions import call_me, post, sign_in

_API = "/api/auth/two-factor"
_NO_CODE = "000000"


async def _sign_in_first(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, sign_in(run.person), 200)


async def _begin(run: JourneyRun) -> StepResult:
    result = await run.expect(words.FIRST, _post("enable", password=run.person.password), 200)
    if result.exchanges[0].response.status == 404:
        return replace(result, message=words.TWO_FACTOR_OFF)
    payload = response_json(result.exchanges[0].response)
    if not result.passed or not isinstance(payload, dict):
        return replace(result, passed=False)
    run.app_secret = parse_qs(urlsplit(payload["totpURI"]).query)["secret"][0]
    run.backup_codes = tuple(payload["backupCodes"])
    return result


async def _first_code(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, _post("verify-totp", code=_app_code(run)), 200)


async def _challenged(run: JourneyRun) -> StepResult:
    result = await run.expect(words.SECOND, sign_in(run.person), 200)
    payload = response_json(result.exchanges[0].response)
    if isinstance(payload, dict) and payload.get("twoFactorRedirect") is True:
        return result
    return replace(result, passed=False, message=words.NOT_CHALLENGED)


async def _refused_yet(run: JourneyRun) -> StepResult:
    return await run.expect(words.SECOND, call_me(run.person), 401)


async def _wrong_code(run: JourneyRun) -> StepResult:
    wrong = _NO_CODE if _app_code(run) != _NO_CODE else "111111"
    return await run.expect(words.SECOND, _post("verify-totp", code=wrong), 401)


async def _right_code(run: JourneyRun) -> StepResult:
    return await run.expect(words.SECOND, _post("verify-totp", code=_app_code(run)), 200)


async def _second_in(run: JourneyRun) -> StepResult:
    return await run.expect(words.SECOND, call_me(run.person), 200)


async def _backup_code(run: JourneyRun) -> StepResult:
    call = _post("verify-backup-code", code=run.backup_codes[0])
    return await run.expect(words.SECOND, call, 200)


async def _remove(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, _post("disable", password=run.person.password), 200)


async def _factor_gone(run: JourneyRun) -> StepResult:
    result = await run.expect(words.FIRST, Call("GET", "/api/auth/get-session"), 200)
    payload = response_json(result.exchanges[0].response)
    is_gone = isinstance(payload, dict) and payload["user"]["twoFactorEnabled"] is False
    return replace(result, passed=result.passed and is_gone)


def _post(endpoint: str, **payload: Any) -> Call:
    return post(f"{_API}/{endpoint}", payload)


def _app_code(run: JourneyRun) -> str:
    return pyotp.TOTP(run.app_secret).at(run.tester.clock.now())


STEPS = (
    Step(words.SIGN_IN_FIRST, _sign_in_first),
    Step(words.BEGIN_FACTOR, _begin),
    Step(words.FIRST_CODE, _first_code),
    Step(words.CHALLENGED, _challenged),
    Step(words.NO_SESSION_YET, _refused_yet),
    Step(words.WRONG_CODE, _wrong_code),
    Step(words.RIGHT_CODE, _right_code),
    Step(words.SECOND_IN, _second_in),
    Step(words.CHALLENGED_AGAIN, _challenged),
    Step(words.BACKUP_CODE, _backup_code),
    Step(words.REMOVE_FACTOR, _remove),
    Step(words.FACTOR_GONE, _factor_gone),
)
"""Between creating the test user and deleting them."""
