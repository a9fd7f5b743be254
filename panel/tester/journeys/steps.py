"""The journeys that the Tester offers."""

from dataclasses import replace

from doctor.client.set_cookie import parse_set_cookie
from panel.client.api import origin_of
from panel.client.loopback import Call
from panel.ports import PanelSettings
from panel.tester.exchange import response_json
from panel.tester.journeys import (
    accounts,
    mailbox,
    passkeys,
    providers,
    two_factor,
    user_names,
    words,
)
from panel.tester.journeys.runner import (
    Journey,
    JourneyRun,
    Step,
    StepAction,
    StepResult,
    delete_person,
)
from panel.tester.quick_actions import (
    Person,
    QuickAction,
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


def _expect(device: str, action: QuickAction, status: int) -> StepAction:
    """Return an action that sends a request from a device and expects a status."""

    async def step_action(run: JourneyRun) -> StepResult:
        return await run.expect(device, action(run.person), status)

    return step_action


_second_refused = _expect(words.SECOND, call_me, 401)


async def _make_account(run: JourneyRun) -> StepResult:
    person = run.person
    payload = {"name": person.name, "email": person.email, "password": person.password}
    verified = {"data": {"emailVerified": True}}
    created = await run.api.post(run.admin, f"{_ADMIN}/create-user", {**payload, **verified})
    run.user_id = created["user"]["id"]
    return StepResult(True, words.NOTHING_SENT)


async def _clean_up(run: JourneyRun) -> StepResult:
    await delete_person(run)
    return StepResult(True, words.NOTHING_SENT)


async def _sign_up(run: JourneyRun) -> StepResult:
    result = await run.expect(words.FIRST, sign_up(run.person), 200)
    payload = response_json(result.exchanges[0].response)
    if not result.passed:
        code = payload.get("code") if isinstance(payload, dict) else ""
        off = code == "EMAIL_PASSWORD_SIGN_UP_DISABLED"
        return replace(result, message=words.SIGN_UP_OFF) if off else result
    run.user_id = payload["user"]["id"]
    return result


async def _verify(run: JourneyRun) -> StepResult:
    """Mark the address as verified, if sign-up alone has not signed in."""
    if run.tester.browser(run.admin, words.FIRST).signed_in_as:
        return StepResult(True, words.ALREADY)
    payload = {"userId": run.user_id, "data": {"emailVerified": True}}
    await run.api.post(run.admin, f"{_ADMIN}/update-user", payload)
    return StepResult(True, words.NOTHING_SENT)


async def _old_cookie(run: JourneyRun) -> StepResult:
    """Put the cookie from before sign-out into an empty browser."""
    sent = next(each.request for each in run.exchanges if each.call.path == "/api/me")
    browser = run.tester.browser(run.admin, words.SECOND)
    for pair in dict(sent.headers).get("Cookie", "").split("; "):
        browser.keep(parse_set_cookie(f"{pair}; Path=/"))
    return await _second_refused(run)


async def _both_listed(run: JourneyRun) -> StepResult:
    result = await run.expect(words.FIRST, list_sessions(run.person), 200)
    sessions = response_json(result.exchanges[0].response)
    number = len(sessions) if isinstance(sessions, list) else 0
    return StepResult(number == 2, words.sessions_seen(number), result.exchanges)


async def _open_link(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, Call("GET", run.link), 302)


async def _set_new(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, _new_password(run), 200)


async def _set_again(run: JourneyRun) -> StepResult:
    return await run.expect(words.FIRST, _new_password(run), 400)


async def _new_works(run: JourneyRun) -> StepResult:
    person = replace(run.person, password=run.person.password + _NEW)
    return await run.expect(words.FIRST, sign_in(person), 200)


def _new_password(run: JourneyRun) -> Call:
    token = run.link.partition("?")[0].rpartition("/")[2]
    payload = {"newPassword": run.person.password + _NEW, "token": token}
    return post("/api/auth/reset-password", payload)


async def _guess(run: JourneyRun) -> StepResult:
    exchanges = []
    for attempt in range(1, _ATTEMPTS + 1):
        wrong = replace(run.person, password=f"a wrong guess, number {attempt}")
        exchanges.append(await run.send(words.FIRST, sign_in(wrong)))
        if exchanges[-1].response.status == 429:
            return StepResult(True, words.BIT_AFTER.format(attempt), tuple(exchanges))
        if exchanges[-1].response.status != 401:
            message = words.status_was((401, 429), exchanges[-1].response.status)
            return StepResult(False, message, tuple(exchanges))
    return StepResult(False, words.LIMITS_OFF, tuple(exchanges))


async def _read_wait(run: JourneyRun) -> StepResult:
    refused = run.exchanges[-1]
    wait = refused.response.header("retry-after")
    message = words.TRY_AGAIN_IN.format(wait) if wait else words.NOT_TOLD
    return StepResult(bool(wait), message, (refused,))


async def _foreign_asks(run: JourneyRun) -> StepResult:
    exchange = await run.send(words.FIRST, replace(_renamed(run.person), origin=words.FOREIGN))
    is_stopped = exchange.preflight is not None and not exchange.preflight.allows
    return StepResult(is_stopped, words.STOPPED if is_stopped else words.NOT_STOPPED, (exchange,))


async def _foreign_refused(run: JourneyRun) -> StepResult:
    status = run.exchanges[-1].response.status
    return StepResult(status == 403, words.status_was((403,), status), (run.exchanges[-1],))


async def _unchanged(run: JourneyRun) -> StepResult:
    result = await run.expect(words.FIRST, Call("GET", "/api/auth/get-session"), 200)
    payload = response_json(result.exchanges[0].response)
    is_same = isinstance(payload, dict) and payload["user"]["name"] == run.person.name
    return replace(result, passed=result.passed and is_same)


def _renamed(_: Person) -> Call:
    return post("/api/auth/update-user", {"name": "Another name"})


def _revoke_others(_: Person) -> Call:
    return post("/api/auth/revoke-other-sessions", {})


def _can_use_passkeys(settings: PanelSettings) -> bool:
    origin = origin_of(settings.base_url)
    return any(party.covers(origin) for party in settings.relying_parties.parties)


_ASK_RESET = mailbox.ask_for_mail(
    "/api/auth/request-password-reset", {"redirectTo": "/reset-password"}
)
_CREATE_PERSON = Step(words.MAKE_ACCOUNT, _make_account)
_DELETE_PERSON = Step(words.CLEAN_UP, _clean_up)
JOURNEYS: tuple[Journey, ...] = (
    Journey(
        words.ROUND_TRIP,
        (
            Step(words.SIGN_UP, _sign_up),
            Step(words.VERIFY, _verify),
            Step(words.SIGN_IN, _expect(words.FIRST, sign_in, 200)),
            Step(words.ME, _expect(words.FIRST, call_me, 200)),
            Step(words.SIGN_OUT, _expect(words.FIRST, sign_out, 200)),
            Step(words.ME_AFTER, _expect(words.FIRST, call_me, 401)),
            Step(words.OLD_COOKIE, _old_cookie),
            _DELETE_PERSON,
        ),
    ),
    Journey(
        words.DEVICES,
        (
            _CREATE_PERSON,
            Step(words.SIGN_IN_FIRST, _expect(words.FIRST, sign_in, 200)),
            Step(words.SIGN_IN_SECOND, _expect(words.SECOND, sign_in, 200)),
            Step(words.LISTED, _both_listed),
            Step(words.REVOKED, _expect(words.FIRST, _revoke_others, 200)),
            Step(words.SECOND_OUT, _second_refused),
            Step(words.FIRST_IN, _expect(words.FIRST, call_me, 200)),
            _DELETE_PERSON,
        ),
    ),
    Journey(
        words.RESET,
        (
            _CREATE_PERSON,
            Step(words.ASK_RESET, _ASK_RESET),
            Step(words.FIND_LINK, mailbox.find_link("/reset-password/")),
            Step(words.OPEN_LINK, _open_link),
            Step(words.SET_NEW, _set_new),
            Step(words.OLD_FAILS, _expect(words.FIRST, sign_in, 401)),
            Step(words.NEW_WORKS, _new_works),
            Step(words.LINK_ONCE, _set_again),
            _DELETE_PERSON,
        ),
    ),
    Journey(
        words.USER_NAME,
        (_CREATE_PERSON, *user_names.STEPS, _DELETE_PERSON),
        lambda settings: settings.username,
    ),
    Journey(
        words.MAGIC_LINK,
        (_CREATE_PERSON, *mailbox.LINK_STEPS, _DELETE_PERSON),
        lambda settings: settings.magic_link,
    ),
    Journey(
        words.EMAIL_CODE,
        (_CREATE_PERSON, *mailbox.CODE_STEPS, _DELETE_PERSON),
        lambda settings: settings.email_code,
    ),
    Journey(words.PASSKEY, (_CREATE_PERSON, *passkeys.STEPS, _DELETE_PERSON), _can_use_passkeys),
    Journey(
        words.PROVIDER,
        (_CREATE_PERSON, *providers.STEPS, _DELETE_PERSON),
        lambda settings: bool(settings.providers),
    ),
    Journey(
        words.SEVERAL,
        (_CREATE_PERSON, *accounts.SEVERAL_STEPS, _DELETE_PERSON),
        lambda settings: settings.multi_session,
    ),
    Journey(
        words.ANONYMOUS,
        (_CREATE_PERSON, *accounts.ANONYMOUS_STEPS, _DELETE_PERSON),
        lambda settings: settings.anonymous_sign_in,
    ),
    Journey(
        words.LIMIT,
        (
            _CREATE_PERSON,
            Step(words.WRONG, _guess),
            Step(words.WAIT_TOLD, _read_wait),
            _DELETE_PERSON,
        ),
    ),
    Journey(
        words.ORIGIN,
        (
            _CREATE_PERSON,
            Step(words.SIGN_IN_FIRST, _expect(words.FIRST, sign_in, 200)),
            Step(words.PREFLIGHT, _foreign_asks),
            Step(words.REFUSED, _foreign_refused),
            Step(words.UNCHANGED, _unchanged),
            Step(words.OWN_PAGE, _expect(words.FIRST, _renamed, 200)),
            _DELETE_PERSON,
        ),
    ),
    Journey(
        words.TWO_FACTOR,
        (_CREATE_PERSON, *two_factor.STEPS, _DELETE_PERSON),
        lambda settings: settings.two_factor,
    ),
)
