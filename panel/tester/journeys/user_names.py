"""The steps of the journey with a user name, between those that make and delete the account."""

from dataclasses import replace

from panel.client.loopback import Call
from panel.tester.exchange import response_json
from panel.tester.journeys import words
from panel.tester.journeys.runner import JourneyRun, Step, StepResult
from panel.tester.quick_actions import post, sign_in, sign_out


def _name_of(run: JourneyRun) -> str:
    """Return a name in capitals, unique like the address of the test user."""
    return run.person.email.partition("@")[0].replace("-", "_").capitalize()


async def _is_free(run: JourneyRun) -> StepResult:
    return await _ask(run, expected=True)


async def _is_taken(run: JourneyRun) -> StepResult:
    return await _ask(run, expected=False)


async def _ask(run: JourneyRun, *, expected: bool) -> StepResult:
    call = post("/api/auth/is-username-available", {"username": _name_of(run)})
    result = await run.expect(words.FIRST, call, 200)
    response = result.exchanges[0].response
    if response.status == 404:
        return replace(result, message=words.NO_USER_NAMES)
    payload = response_json(response)
    answered = isinstance(payload, dict) and payload.get("available") is expected
    return replace(result, passed=result.passed and answered)


async def _sign_in(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, sign_in(run.person), 200)


async def _choose(run: JourneyRun) -> StepResult:
    call = post("/api/auth/update-user", {"username": _name_of(run)})
    return await run.expect(words.FIRST, call, 200)


async def _sign_out(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, sign_out(run.person), 200)


async def _sign_in_with_it(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, _with_name(run, _name_of(run).upper()), 200)


async def _not_as_address(run: JourneyRun) -> StepResult:
    payload = {"email": _name_of(run), "password": run.person.password}
    return await run.expect(words.SECOND, post("/api/auth/sign-in/email", payload), 400)


def _with_name(run: JourneyRun, username: str) -> Call:
    payload = {"username": username, "password": run.person.password}
    return post("/api/auth/sign-in/username", payload)


STEPS = (
    Step(words.NAME_FREE, _is_free),
    Step(words.SIGN_IN_FIRST, _sign_in),
    Step(words.CHOOSE_NAME, _choose),
    Step(words.NAME_TAKEN, _is_taken),
    Step(words.SIGN_OUT, _sign_out),
    Step(words.NAME_WORKS, _sign_in_with_it),
    Step(words.NOT_AN_ADDRESS, _not_as_address),
)
