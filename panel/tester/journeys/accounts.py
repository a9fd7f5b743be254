"""The steps of the journeys with several accounts in one browser, and with none at all."""

from dataclasses import replace
from typing import Any

from panel.client.loopback import Call
from panel.tester.exchange import response_json
from panel.tester.journeys import words
from panel.tester.journeys.runner import JourneyRun, Step, StepResult
from panel.tester.quick_actions import call_me, post, sign_in

_ADMIN, _MULTI = "/api/auth/admin", "/api/auth/multi-session"
_SESSION = Call("GET", "/api/auth/get-session")


async def _make_other(run: JourneyRun) -> StepResult:
    payload = {**_credentials(run), "name": "Second test user"}
    verified = {"data": {"emailVerified": True}}
    created = await run.api.post(run.admin, f"{_ADMIN}/create-user", {**payload, **verified})
    run.other_ids.append(created["user"]["id"])
    return StepResult(True, words.NOTHING_SENT)


async def _sign_in(run: JourneyRun) -> StepResult:
    result = await run.expect(words.FIRST, sign_in(run.person), 200)
    run.first_token = _field(result, "token")
    return result


async def _sign_in_other(run: JourneyRun) -> StepResult:
    call = post("/api/auth/sign-in/email", _credentials(run))
    return await run.expect(words.FIRST, call, 200)


async def _list_both(run: JourneyRun) -> StepResult:
    return await _list(run, 2)


async def _activate_first(run: JourneyRun) -> StepResult:
    call = post(f"{_MULTI}/set-active", {"sessionToken": run.first_token})
    return await run.expect(words.FIRST, call, 200)


async def _is_first(run: JourneyRun) -> StepResult:
    return await _is_signed_in_as(run, run.person.email)


async def _revoke_first(run: JourneyRun) -> StepResult:
    call = post(f"{_MULTI}/revoke", {"sessionToken": run.first_token})
    return await run.expect(words.FIRST, call, 200)


async def _is_other(run: JourneyRun) -> StepResult:
    return await _is_signed_in_as(run, _credentials(run)["email"])


async def _list(run: JourneyRun, number: int) -> StepResult:
    call = Call("GET", f"{_MULTI}/list-device-sessions")
    result = await run.expect(words.FIRST, call, 200)
    listed = response_json(result.exchanges[0].response)
    found = len(listed) if isinstance(listed, list) else 0
    if result.exchanges[0].response.status == 404:
        return replace(result, message=words.NO_MULTI_SESSION)
    message = words.sessions_seen(found)
    return replace(result, passed=result.passed and found == number, message=message)


async def _try(run: JourneyRun) -> StepResult:
    result = await run.expect(words.FIRST, post("/api/auth/sign-in/anonymous", {}), 200)
    if result.exchanges[0].response.status == 404:
        return replace(result, message=words.NO_ANONYMOUS)
    user = _field(result, "user")
    if isinstance(user, dict):
        run.other_ids.append(user["id"])
    return result


async def _call(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, call_me(run.person), 200)


async def _try_again(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, post("/api/auth/sign-in/anonymous", {}), 400)


async def _link(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, sign_in(run.person), 200)


async def _is_gone(run: JourneyRun) -> StepResult:
    users = await run.api.get(run.admin, "/api/admin/users", search=run.other_ids[-1])
    if users["users"]:
        return StepResult(False, words.STILL_THERE)
    run.other_ids.pop()
    return StepResult(True, words.NOTHING_SENT)


async def _is_signed_in_as(run: JourneyRun, email: str) -> StepResult:
    result = await run.expect(words.FIRST, _SESSION, 200)
    user = _field(result, "user")
    is_right = isinstance(user, dict) and user.get("email") == email
    return replace(result, passed=result.passed and is_right)


def _credentials(run: JourneyRun) -> dict[str, str]:
    return {"email": f"second-{run.person.email}", "password": run.person.password}


def _field(result: StepResult, name: str) -> Any:
    payload = response_json(result.exchanges[0].response)
    return payload.get(name, "") if isinstance(payload, dict) else ""


SEVERAL_STEPS = (
    Step(words.MAKE_OTHER, _make_other),
    Step(words.SIGN_IN_FIRST, _sign_in),
    Step(words.SIGN_IN_OTHER, _sign_in_other),
    Step(words.BOTH_LISTED, _list_both),
    Step(words.ACTIVATE, _activate_first),
    Step(words.IS_FIRST, _is_first),
    Step(words.REVOKE_FIRST, _revoke_first),
    Step(words.IS_OTHER, _is_other),
)
ANONYMOUS_STEPS = (
    Step(words.TRY, _try),
    Step(words.ME, _call),
    Step(words.TRY_ONCE, _try_again),
    Step(words.LINK_ACCOUNT, _link),
    Step(words.IS_FIRST, _is_first),
    Step(words.TRIAL_GONE, _is_gone),
)
