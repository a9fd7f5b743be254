"""Runs journeys step by step.

A step's action returns its result; the first that fails ends the journey. The test user is always
deleted.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace

from doctor.client.passkey_authenticator import Authenticator
from panel.client.api import ApiClient, ApiError
from panel.client.loopback import Call, InvalidCall, NoResponse
from panel.client.visitor import CurrentAdmin
from panel.ports import PanelSettings, Randomness
from panel.tester.exchange import Exchange
from panel.tester.journeys import words
from panel.tester.quick_actions import Person, new_person
from panel.tester.service import Tester


@dataclass(frozen=True)
class StepResult:
    """The result of a step."""

    passed: bool
    message: str
    exchanges: tuple[Exchange, ...] = ()


@dataclass
class JourneyRun:
    """The state of a run: who runs it, from which address, and what later steps need."""

    admin: CurrentAdmin
    tester: Tester
    api: ApiClient
    person: Person
    address: str
    user_id: str = ""
    link: str = ""
    app_secret: str = ""
    backup_codes: tuple[str, ...] = ()
    mailed_code: str = ""
    passkey_id: str = ""
    authenticator: Authenticator = field(default_factory=Authenticator)
    first_token: str = ""
    provider_id: str = ""
    oauth_state: str = ""
    callback_path: str = ""
    account_id: str = ""
    other_ids: list[str] = field(default_factory=list)
    """Of users besides the test user, to be deleted with them."""
    exchanges: list[Exchange] = field(default_factory=list)
    """Every exchange so far."""

    async def send(self, device: str, call: Call) -> Exchange:
        """Send from one of the journey's browsers."""
        addressed = replace(call, address=self.address)
        self.exchanges.append(await self.tester.send(self.admin, device, addressed))
        return self.exchanges[-1]

    async def expect(self, device: str, call: Call, *expected: int) -> StepResult:
        """Send, and check that one of these statuses comes."""
        exchange = await self.send(device, call)
        status = exchange.response.status
        return StepResult(status in expected, words.status_was(expected, status), (exchange,))


StepAction = Callable[[JourneyRun], Awaitable[StepResult]]
"""What a step does."""


@dataclass(frozen=True)
class Step:
    """A step; `labels` are its title and what it proves."""

    labels: tuple[str, str]
    action: StepAction


@dataclass(frozen=True)
class Journey:
    """A scenario of several steps."""

    title: str
    steps: tuple[Step, ...]
    is_offered: Callable[[PanelSettings], bool] = lambda _: True
    """Whether this server has what the journey is about."""


@dataclass
class Progress:
    """How far a run has got."""

    journey: Journey
    results: list[StepResult] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether a step failed."""
        return bool(self.results) and not self.results[-1].passed

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.failed or len(self.results) == len(self.journey.steps)


async def run_journey(
    journey: Journey, admin: CurrentAdmin, *, tester: Tester, api: ApiClient, randomness: Randomness
) -> AsyncGenerator[Progress, None]:
    """Run the steps in order; yields before the first and after each."""
    for device in (words.FIRST, words.SECOND):
        tester.add_browser(admin, device)
    # In TEST-NET-2 (RFC 5737): its rate limits affect no one.
    address = f"198.51.100.{1 + randomness.bytes(1)[0] % 254}"
    run = JourneyRun(admin, tester, api, new_person(randomness), address)
    progress = Progress(journey)
    try:
        yield progress
        for step in journey.steps:
            progress.results.append(await _run_step(step, run))
            if progress.failed:
                await delete_person(run)
            yield progress
            if progress.failed:
                return
    finally:
        await delete_person(run)


async def _run_step(step: Step, run: JourneyRun) -> StepResult:
    try:
        return await step.action(run)
    except (InvalidCall, NoResponse) as error:
        return StepResult(False, str(error))
    except ApiError as refused:
        if refused.status in {401, 403}:
            raise
        return StepResult(False, refused.message or words.status_was((200,), refused.status))


async def delete_person(run: JourneyRun) -> None:
    """Delete the test user and the others of the journey, once."""
    user_ids = [each for each in (run.user_id, *run.other_ids) if each]
    run.user_id = ""
    run.other_ids.clear()
    for user_id in user_ids:
        await run.api.post(run.admin, "/api/auth/admin/remove-user", {"userId": user_id})
