"""The Tester's journeys, before a real API in this process."""

import pytest

from panel.tester.journeys import words as journey_words
from panel.tester.journeys.runner import Journey, Progress
from panel.tester.journeys.steps import JOURNEYS
from tests import at_provider
from tests.lazy_import import lazy_import
from tests.make import make_settings
from tests.panel.conftest import OWNER_EMAIL, Panel
from tests.panel.test_tester_page import list_emails, with_tester

journeys_page = lazy_import("panel.pages.tester.journeys")

GITHUB = {
    "oidc_providers": "github",
    "oidc": {"OIDC_GITHUB_CLIENT_ID": "client", "OIDC_GITHUB_CLIENT_SECRET": "secret"},
}
JOURNEYS_BY_TITLE = {each.title: each for each in JOURNEYS}


@pytest.fixture
def panel(panel: Panel) -> Panel:
    return with_tester(panel)


def run_journey(panel: Panel, title: str) -> Progress:
    """Run a journey to its end."""
    context = panel.context()

    async def run() -> Progress:
        states = [each async for each in journeys_page.run(JOURNEYS_BY_TITLE[title], context)]
        assert len(states) == len(states[-1].results) + 1
        return states[-1]

    return panel.loop.run(run())


@pytest.mark.parametrize(
    "title",
    [
        journey_words.ROUND_TRIP,
        journey_words.DEVICES,
        journey_words.RESET,
        journey_words.USER_NAME,
        journey_words.ORIGIN,
        journey_words.TWO_FACTOR,
        journey_words.MAGIC_LINK,
        journey_words.EMAIL_CODE,
        journey_words.PASSKEY,
    ],
)
def test_every_step_is_as_it_should_be_and_nobody_stays(panel, title):
    progress = run_journey(panel, title)
    assert [each.message for each in progress.results if not each.passed] == []
    assert len(progress.results) == len(progress.journey.steps)
    assert list_emails(panel) == [OWNER_EMAIL]


def test_wrong_passwords_are_stopped_by_the_limit(open_panel):
    panel = with_tester(open_panel(rate_limits=True))
    progress = run_journey(panel, journey_words.LIMIT)
    assert [each.passed for each in progress.results] == [True] * 4
    assert journey_words.TRY_AGAIN_IN.partition("{")[0] in progress.results[2].message
    assert panel.services.tester.limited(panel.context().admin) == {}


def test_without_limits_the_journey_says_so_and_leaves_nobody(panel):
    progress = run_journey(panel, journey_words.LIMIT)
    assert progress.failed
    assert progress.results[-1].message == journey_words.LIMITS_OFF
    assert list_emails(panel) == [OWNER_EMAIL]


@pytest.mark.parametrize(
    ("setting", "title", "message"),
    [
        ("sign_up", journey_words.ROUND_TRIP, journey_words.SIGN_UP_OFF),
        ("username", journey_words.USER_NAME, journey_words.NO_USER_NAMES),
        ("two_factor", journey_words.TWO_FACTOR, journey_words.TWO_FACTOR_OFF),
        ("magic_link", journey_words.MAGIC_LINK, journey_words.NO_MAGIC_LINK),
        ("email_code", journey_words.EMAIL_CODE, journey_words.NO_EMAIL_CODE),
        ("passkeys", journey_words.PASSKEY, journey_words.NO_PASSKEYS),
        ("multi_session", journey_words.SEVERAL, journey_words.NO_MULTI_SESSION),
        ("anonymous_sign_in", journey_words.ANONYMOUS, journey_words.NO_ANONYMOUS),
        ("docs", journey_words.PROVIDER, journey_words.NO_PROVIDERS),  # none is there by default
    ],
)
def test_where_it_is_off_the_journey_says_so_and_leaves_nobody(open_panel, setting, title, message):
    panel = with_tester(open_panel(**{setting: False}))
    progress = run_journey(panel, title)
    assert progress.failed
    assert progress.results[-1].message == message
    assert list_emails(panel) == [OWNER_EMAIL]


@pytest.mark.parametrize(
    ("setting", "title"),
    [
        ("multi_session", journey_words.SEVERAL),
        ("anonymous_sign_in", journey_words.ANONYMOUS),
    ],
)
def test_where_it_is_on_the_journey_passes_and_leaves_nobody(open_panel, setting, title):
    panel = with_tester(open_panel(**{setting: True}))
    progress = run_journey(panel, title)
    assert not progress.failed, progress.results[-1]
    assert list_emails(panel) == [OWNER_EMAIL]


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "as Better Auth"])
def test_with_a_provider_it_goes_as_far_as_it_can_without_a_person(open_panel, strict):
    with at_provider.open_provider() as provider:
        settings = at_provider.app_settings(provider)
        panel = with_tester(open_panel(strict=strict, **settings))
        progress = run_journey(panel, journey_words.PROVIDER)
    assert not progress.failed, progress.results[-1]
    begun = progress.results[2].message
    assert "comes back to http://localhost" in begun
    assert "with PKCE (S256)" in begun
    assert list_emails(panel) == [OWNER_EMAIL]


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "as Better Auth"])
@pytest.mark.parametrize("title", [journey_words.MAGIC_LINK, journey_words.PASSKEY])
def test_it_passes_with_strict_and_without(open_panel, strict, title):
    progress = run_journey(with_tester(open_panel(strict=strict)), title)
    assert not progress.failed, progress.results[-1]


def test_only_what_the_server_has_is_offered(tmp_path):
    off = {"passkeys": False, "magic_link": False, "email_code": False, "username": False}
    offered = {
        is_on: {
            each.title
            for each in JOURNEYS
            if each.is_offered(make_settings(tmp_path, **settings, two_factor=is_on))
        }
        for is_on, settings in (
            (True, {"multi_session": True, "anonymous_sign_in": True, **GITHUB}),
            (False, off),
        )
    }
    assert offered[True] == set(JOURNEYS_BY_TITLE)
    assert offered[False] == {
        *(journey_words.ROUND_TRIP, journey_words.DEVICES, journey_words.RESET),
        *(journey_words.LIMIT, journey_words.ORIGIN),
    }


def test_where_addresses_must_be_verified_the_journey_does_that(open_panel):
    panel = with_tester(open_panel(require_verified_email=True))
    assert not run_journey(panel, journey_words.ROUND_TRIP).failed


def test_one_that_is_left_midway_leaves_nobody(panel):
    context = panel.context()

    async def leave_midway() -> None:
        run_steps = journeys_page.run(JOURNEYS_BY_TITLE[journey_words.DEVICES], context)
        async for progress in run_steps:
            if len(progress.results) == 2:
                break
        await run_steps.aclose()

    panel.loop.run(leave_midway())
    assert list_emails(panel) == [OWNER_EMAIL]


def test_a_journey_of_no_steps_is_over():
    assert Progress(Journey("", ())).is_finished
