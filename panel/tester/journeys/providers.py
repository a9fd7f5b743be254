"""The steps of the journey with a provider, as far as it goes without a person there."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from panel.client.loopback import Call
from panel.tester.exchange import response_json
from panel.tester.journeys import words
from panel.tester.journeys.runner import JourneyRun, Step, StepResult
from panel.tester.quick_actions import post, sign_in

_METHODS = Call("GET", "/api/sign-in-methods")
_LIST = Call("GET", "/api/auth/list-accounts")


async def _find_provider(run: JourneyRun) -> StepResult:
    result = await run.expect(words.SECOND, _METHODS, 200)
    providers = (_json(result) or {}).get("socialProviders") or []
    if not providers:
        return replace(result, passed=False, message=words.NO_PROVIDERS)
    run.provider_id = providers[0]["id"]
    return replace(result, message=words.FIRST_PROVIDER.format(providers[0]["name"]))


async def _begin(run: JourneyRun) -> StepResult:
    call = post("/api/auth/sign-in/social", {"provider": run.provider_id, "callbackURL": "/"})
    result = await run.expect(words.SECOND, call, 200)
    if not result.passed:
        return result
    url = urlsplit(_json(result)["url"])
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    run.oauth_state = query["state"]
    run.callback_path = urlsplit(query["redirect_uri"]).path
    return replace(result, message=words.explain_url(url.netloc, query))


async def _answer_elsewhere(run: JourneyRun) -> StepResult:
    return await _answer(run, words.FIRST)


async def _cancel(run: JourneyRun) -> StepResult:
    result = await _answer(run, words.SECOND)
    return _expect_error(result, "access_denied")


async def _answer_again(run: JourneyRun) -> StepResult:
    result = await _answer(run, words.SECOND)
    return _expect_error(result, "state_mismatch")


async def _answer(run: JourneyRun, device: str) -> StepResult:
    """Come back as from a provider at which the person has pressed Cancel."""
    query = urlencode({"error": "access_denied", "state": run.oauth_state})
    return await run.expect(device, Call("GET", f"{run.callback_path}?{query}"), 302)


def _expect_error(result: StepResult, code: str) -> StepResult:
    location = result.exchanges[-1].response.header("location")
    error = parse_qs(urlsplit(location).query).get("error", [""])[-1]
    message = words.came_back_with(code, error)
    return replace(result, passed=result.passed and error == code, message=message)


async def _sign_in(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, sign_in(run.person), 200)


async def _list(run: JourneyRun) -> StepResult:
    result = await run.expect(words.FIRST, _LIST, 200)
    accounts = _json(result)
    run.account_id = accounts[0]["id"] if result.passed and accounts else ""
    return result


async def _unlink_last(run: JourneyRun) -> StepResult:
    call = post("/api/auth/unlink-account", {"accountId": run.account_id})
    return await run.expect(words.FIRST, call, 400)


def _json(result: StepResult) -> Any:
    return response_json(result.exchanges[-1].response)


STEPS = (
    Step(words.FIND_PROVIDER, _find_provider),
    Step(words.BEGIN_AT_PROVIDER, _begin),
    Step(words.ANSWER_ELSEWHERE, _answer_elsewhere),
    Step(words.CANCEL_AT_PROVIDER, _cancel),
    Step(words.ANSWER_ONCE, _answer_again),
    Step(words.SIGN_IN_FIRST, _sign_in),
    Step(words.LIST_ACCOUNTS, _list),
    Step(words.LAST_WAY_IN, _unlink_last),
)
