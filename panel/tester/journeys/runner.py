"""The usual journeys, each step by step: what is sent, and what it proves.

A step's action returns its result; the first that fails ends the journey. The test
person is deleted in any case.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace

from panel.client.api import Api, ApiError
from panel.client.loopback import Call, InvalidCall, NoResponse
from panel.client.visitor import Owner
from panel.ports import Randomness
from panel.tester.exchange import Exchange
from panel.tester.journeys import words
from panel.tester.quick_actions import Person, new_person
from panel.tester.service import Tester


@dataclass(frozen=True)
class StepResult:
    """What came of a step."""

    passed: bool
    message: str
    exchanges: tuple[Exchange, ...] = ()


@dataclass
class JourneyRun:
    """One walk of one journey: who walks, from where, and what was learnt on the way."""

    owner: Owner
    tester: Tester
    api: Api
    person: Person
    address: str
    user_id: str = ""
    link: str = ""
    seen: list[Exchange] = field(default_factory=list)
    """Every exchange so far, for a step that looks back."""

    async def send(self, device: str, call: Call) -> Exchange:
        """Send from one of the journey's browsers."""
        called = replace(call, address=self.address)
        self.seen.append(await self.tester.perform(self.owner, device, called))
        return self.seen[-1]

    async def expect(self, device: str, call: Call, *expected: int) -> StepResult:
        """Send, and find whether one of these statuses comes."""
        exchange = await self.send(device, call)
        status = exchange.response.status
        return StepResult(status in expected, words.status_was(expected, status), (exchange,))


StepAction = Callable[[JourneyRun], Awaitable[StepResult]]
"""How a step is taken."""


@dataclass(frozen=True)
class Step:
    """One step: its title, what it proves, and how it is taken."""

    labels: tuple[str, str]
    action: StepAction


@dataclass(frozen=True)
class Journey:
    """A story of several steps."""

    title: str
    steps: tuple[Step, ...]


@dataclass
class Progress:
    """How far a walk has got."""

    journey: Journey
    results: list[StepResult] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether a step was not as it should be."""
        return bool(self.results) and not self.results[-1].passed

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.failed or len(self.results) == len(self.journey.steps)


async def run_journey(
    journey: Journey, owner: Owner, *, tester: Tester, api: Api, randomness: Randomness
) -> AsyncGenerator[Progress, None]:
    """Take one step after the other; yields before the first and after each."""
    for device in (words.FIRST, words.SECOND):
        tester.add_browser(owner, device)
    # From TEST-NET-2 (RFC 5737): what limits count there bites nobody.
    address = f"198.51.100.{1 + randomness.bytes(1)[0] % 254}"
    run = JourneyRun(owner, tester, api, new_person(randomness), address)
    progress = Progress(journey)
    try:
        yield progress
        for step in journey.steps:
            progress.results.append(await _run_step(step, run))
            if progress.failed:
                await _delete_person(run)
            yield progress
            if progress.failed:
                return
    finally:
        await _delete_person(run)


async def _run_step(step: Step, run: JourneyRun) -> StepResult:
    try:
        return await step.action(run)
    except (InvalidCall, NoResponse) as error:
        return StepResult(False, str(error))
    except ApiError as refused:
        if refused.status in {401, 403}:
            raise
        return StepResult(False, refused.message or words.status_was((200,), refused.status))


async def _delete_person(run: JourneyRun) -> None:
    if run.user_id:
        payload, run.user_id = {"userId": run.user_id}, ""
        await run.api.post(run.owner, "/api/auth/admin/remove-user", payload)
