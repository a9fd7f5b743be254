"""The steps of the journey with a passkey, between those that make and delete the account."""

from dataclasses import replace
from typing import Any

from panel.client.api import origin_of
from panel.client.loopback import Call
from panel.tester.exchange import response_json
from panel.tester.journeys import words
from panel.tester.journeys.runner import JourneyRun, Step, StepResult
from panel.tester.quick_actions import call_me, post, sign_in

_API = "/api/auth/passkey"
_NO_OPTIONS: dict[str, Any] = {"challenge": "", "rpId": "", "rp": {"id": ""}}


async def _sign_in_first(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, sign_in(run.person), 200)


async def _add(run: JourneyRun) -> StepResult:
    options = await _ask(run, words.FIRST, "generate-register-options")
    made = run.authenticator.create(options, _origin(run))
    call = post(f"{_API}/verify-registration", {"response": made, "name": "Test"})
    result = await run.expect(words.FIRST, call, 200)
    payload = response_json(result.exchanges[0].response)
    if result.passed and isinstance(payload, dict):
        run.passkey_id = payload["id"]
    return _with_options(run, result)


async def _use(run: JourneyRun) -> StepResult:
    return await _sign(run, _origin(run), 200)


async def _call_second(run: JourneyRun) -> StepResult:
    return await run.expect(words.SECOND, call_me(run.person), 200)


async def _again(run: JourneyRun) -> StepResult:
    signed = next(
        each.call for each in run.exchanges if each.call.path.endswith("/verify-authentication")
    )
    return await run.expect(words.SECOND, signed, 400)


async def _from_elsewhere(run: JourneyRun) -> StepResult:
    return await _sign(run, words.FOREIGN, 400)


async def _remove(run: JourneyRun) -> StepResult:
    call = post(f"{_API}/delete-passkey", {"id": run.passkey_id})
    return await run.expect(words.FIRST, call, 200)


async def _use_removed(run: JourneyRun) -> StepResult:
    return await _sign(run, _origin(run), 401)


async def _sign(run: JourneyRun, origin: str, status: int) -> StepResult:
    """Sign in on the second device, as a page of this origin."""
    options = await _ask(run, words.SECOND, "generate-authenticate-options")
    signed = run.authenticator.get(options, origin)
    call = post(f"{_API}/verify-authentication", {"response": signed})
    return _with_options(run, await run.expect(words.SECOND, call, status))


async def _ask(run: JourneyRun, device: str, endpoint: str) -> dict[str, Any]:
    """Ask what is to be signed; where there are no passkeys, what is sent then is refused."""
    exchange = await run.send(device, Call("GET", f"{_API}/{endpoint}"))
    payload = response_json(exchange.response)
    return {**_NO_OPTIONS, **payload} if isinstance(payload, dict) else _NO_OPTIONS


def _with_options(run: JourneyRun, result: StepResult) -> StepResult:
    """Show what was asked before as well."""
    off = result.exchanges[-1].response.status == 404 and not result.passed
    exchanges = tuple(run.exchanges[-2:])
    return replace(
        result, exchanges=exchanges, message=words.NO_PASSKEYS if off else result.message
    )


def _origin(run: JourneyRun) -> str:
    return origin_of(run.tester.public_url)


STEPS = (
    Step(words.SIGN_IN_FIRST, _sign_in_first),
    Step(words.ADD_PASSKEY, _add),
    Step(words.USE_PASSKEY, _use),
    Step(words.SECOND_IN, _call_second),
    Step(words.SIGNED_ONCE, _again),
    Step(words.FOREIGN_PASSKEY, _from_elsewhere),
    Step(words.REMOVE_PASSKEY, _remove),
    Step(words.REMOVED_PASSKEY, _use_removed),
)
