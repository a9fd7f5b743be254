"""The handlers of the Tester's page and its journeys, before a real API in this process."""

import json
from dataclasses import replace
from functools import partial

import httpx
import pytest
from sqlalchemy import select

from backend.storage.tables import users
from panel.client import words as client_words
from panel.client.api import ApiRefused
from panel.client.loopback import Call, Loopback
from panel.tester import journey_words, service, words
from panel.tester.browsers import Desks
from panel.tester.journey_steps import JOURNEYS
from panel.tester.journeys import Journey, Progress
from panel.tester.masking import MASK
from panel.tester.quick_actions import DEEDS
from tests.later import later
from tests.make import PASSWORD
from tests.panel.conftest import OWNER_EMAIL, Panel, laid_out

gr = later("gradio")
page = later("panel.pages.tester.page")
journeys_page = later("panel.pages.tester.journeys")
tester_endpoints = later("panel.pages.tester.endpoints")

HERE = ("A", None, False, "curl")
ADA = ("Ada", "ada@example.com", "correct horse", True)
JOURNEY = {each.title: each for each in JOURNEYS}


def with_tester(panel: Panel) -> Panel:
    """Let the panel's Tester reach the API without a network."""
    network = httpx.ASGITransport(panel.gatehouse.app, client=("127.0.0.1", 40000))
    loopback = Loopback(panel.settings, panel.clock, network)
    tester = service.Tester(loopback, Desks(panel.clock), panel.clock)
    panel.tools = replace(panel.tools, tester=tester)
    return panel


@pytest.fixture
def panel(panel: Panel) -> Panel:
    return with_tester(panel)


@pytest.fixture
def asked(panel: Panel):
    return panel.asked()


@pytest.fixture(scope="module")
def tester(shared):
    """The page."""
    return laid_out(page, shared)


@pytest.fixture(scope="module")
def stand(tester):
    """How the page stands."""
    return tester.stand


@pytest.fixture(scope="module")
def results(stand):
    """Where an exchange is shown."""
    return stand.results


@pytest.fixture(scope="module")
def form(tester):
    """The form of an endpoint."""
    return tester.endpoints


def last(panel: Panel, handler, asked, *given):
    """What a handler that goes in steps shows in the end."""

    async def run():
        return [each async for each in handler(panel.tools, asked, *given)][-1]

    return panel.loop.run(run())


def signs_up(panel: Panel, tester, asked):
    return last(panel, tester.performs(DEEDS[words.SIGN_UP]), asked, *HERE, *ADA)


def people(panel: Panel) -> list[str]:
    """Everybody who has an account."""
    return [email for (email,) in panel.gatehouse.rows(select(users.c.email))]


class TestTheSteps:
    def test_a_deed_shows_what_came_and_writes_it_out_by_hand(
        self, panel, asked, tester, stand, results
    ):
        shown, hand = signs_up(panel, tester, asked), tester.by_hand
        assert set(shown) == {*stand.outputs, *hand.fields}
        assert "Signed in as ada@example.com" in shown[stand.browsers.held]
        assert shown[stand.jar].count("class='cookie'") == 2
        assert shown[stand.browsers.lamp] == ""
        assert (shown[stand.history].value, shown[results.opened]) == (1, 1)
        assert "200 OK" in shown[results.card]
        assert json.loads(shown[results.answer])["user"]["email"] == "ada@example.com"
        assert shown[results.raw].startswith("HTTP/1.1 200 OK\n")
        assert shown[results.cookie_tab].label == "Cookies (2)"
        assert "better-auth.session_token" in shown[results.cookies]
        assert shown[results.request].startswith("POST /api/auth/sign-up/email HTTP/1.1")
        assert shown[results.copy].value.startswith("curl ")
        assert (shown[hand.method], shown[hand.path]) == ("POST", "/api/auth/sign-up/email")
        assert json.loads(shown[hand.body])["password"] == "correct horse"

    def test_secrets_are_masked_until_they_are_asked_for(
        self, panel, asked, tester, stand, results
    ):
        signs_up(panel, tester, asked)
        for reveal in (False, True):
            shown = panel.does(stand.seen_anew, asked, 1, "A", None, reveal, "curl")
            sent, copy = shown[results.request], shown[results.copy].value
            cookie = next(iter(panel.tools.tester.browser(asked.owner, "A").cookies.values()))
            with_cookie = (stand.jar, results.raw, results.cookies, results.headers)
            assert [cookie.value in shown[each] for each in with_cookie] == [reveal] * 4
            assert ["correct horse" in each for each in (sent, copy)] == [reveal] * 2
            assert (MASK in sent) is not reveal
            token = cookie.value.partition(".")[0]
            with_token = (results.answer, results.raw, results.headers)
            assert [token in shown[each] for each in with_token] == [reveal] * 3

    def test_a_new_person_is_thought_up(self, panel, asked, tester):
        shown = panel.does(tester.quick.thought_up, asked)
        name, email, password = (shown[each] for each in tester.quick.who)
        assert (name[:11], email[-12:], len(password)) == ("Test person", "@example.com", 16)


class TestByHand:
    def test_a_request_is_sent_as_it_is_written(self, panel, asked, tester, results):
        given = ("DELETE", "/x", "Authorization: Bearer abc\n\n", "not json")
        shown = last(panel, tester.sent, asked, *HERE, *given)
        assert "404 Not Found" in shown[results.card]
        (exchange,) = panel.tools.tester.history(asked.owner)
        assert exchange.request.body == "not json"
        assert ("Authorization", "Bearer abc") in exchange.request.headers

    def test_what_cannot_be_sent_is_told_and_leaves_the_rest(
        self, panel, asked, tester, stand, results
    ):
        shown = last(panel, tester.sent, asked, *HERE, "GET", "x", None, None)
        assert set(shown) == {*stand.state, results.card}
        assert client_words.PATH_WITHOUT_SLASH in shown[results.card]

    def test_a_page_of_another_site_is_refused_and_both_requests_are_shown(
        self, panel, asked, tester, results
    ):
        signs_up(panel, tester, asked)
        manner = ("A", " https://another-site.example ", False, "curl")
        given = ("POST", "/api/auth/update-user", "", '{"name": "Eve"}')
        shown = last(panel, tester.sent, asked, *manner, *given)
        assert "403 Forbidden" in shown[results.card]
        assert words.PREFLIGHT_REFUSES in shown[results.card]
        assert "better-auth.session_token" in shown[results.card]
        assert "OPTIONS /api/auth/update-user" in shown[results.request]


class TestTheBrowsers:
    def test_the_page_opens_with_the_browser_that_its_address_names(
        self, panel, asked, tester, stand
    ):
        panel.tools.tester.add_browser(asked.owner, "Acting as ada")
        there = replace(asked, query={"browser": "Acting as ada"})
        opened = panel.does(tester.opened, there)[stand.browsers.chosen]
        assert (opened.value, opened.choices[-1][0]) == ("Acting as ada", "Acting as ada")
        for query in ({}, {"browser": "X"}):
            shown = panel.does(tester.opened, replace(asked, query=query))
            assert shown[stand.browsers.chosen].value == "A"

    def test_one_can_be_added_and_emptied(self, panel, asked, tester, stand):
        signs_up(panel, tester, asked)
        held = stand.browsers.held
        assert "Signed in" in panel.does(tester.chosen, asked, *HERE)[held]
        assert "No cookies" in panel.does(tester.emptied, asked, *HERE)[held]
        shown = panel.does(tester.added, asked, *HERE)
        assert shown[stand.browsers.chosen].value == "D"
        assert "No cookies" in shown[held]


class TestTheEndpoints:
    def test_they_are_offered_by_group(self, panel, asked, form):
        shown = panel.does(form.opened, asked)
        assert ("Admin: bans", "admin: bans") in shown[form.group].choices
        assert len(shown[form.endpoint].choices) > 50
        bans = panel.does(tester_endpoints.grouped, asked, "admin: bans")
        assert [name for _, name in bans.choices] == [
            "POST /api/auth/admin/ban-user",
            "POST /api/auth/admin/unban-user",
        ]

    def test_one_that_is_picked_shows_its_fields_and_hides_the_others(self, panel, asked, form):
        name = "GET /api/auth/admin/list-users"
        shown = panel.does(form.picked, asked, name, *ADA[:3])
        assert set(shown) == set(form.face)
        texts = [shown[each] for each in form.texts]
        choices = [shown[each] for each in form.choices]
        assert words.NEEDS_SESSION in shown[form.about]
        assert [each.visible for each in texts[:3]] == [True, False, False]
        assert [each.visible for each in choices[:3]] == [False, True, True]
        assert not any(each.visible for each in (*texts[10:], *choices[10:]))
        assert choices[1].choices[0][0] == words.EMPTY_CHOICE

    def filled(self, **given: str):
        order = ["email", "password", "callbackURL", "rememberMe"]
        texts = [given.get(name, "") for name in order] + [None] * (tester_endpoints.FIELDS - 4)
        choices = [None] * 3 + [given.get("rememberMe")] + [None] * (tester_endpoints.FIELDS - 4)
        return ["POST /api/auth/sign-in/email", *texts, *choices]

    def test_a_form_that_is_filled_in_is_sent(self, panel, asked, form, stand):
        given = self.filled(email=OWNER_EMAIL, password=PASSWORD, rememberMe="false")
        shown = last(panel, form.sends(stand), asked, *HERE, *given)
        assert "Signed in as owner@example.com" in shown[stand.browsers.held]
        sent = next(iter(panel.tools.tester.history(asked.owner)))
        assert json.loads(sent.request.body)["rememberMe"] is False

    def test_a_form_goes_on_by_hand(self, panel, asked, tester):
        given = self.filled(email="a@example.com")
        shown, hand = panel.does(tester.edited_by_hand, asked, *given), tester.by_hand
        assert (shown[hand.method], shown[hand.path]) == ("POST", "/api/auth/sign-in/email")
        assert json.loads(shown[hand.body]) == {"email": "a@example.com"}
        assert shown[tester.tabs].selected == "hand"

    def test_without_an_endpoint_nothing_is_sent(self, panel, asked, form, stand):
        with pytest.raises(gr.Error, match="Choose an endpoint"):
            last(
                panel, form.sends(stand), asked, *HERE, None, *[None] * 2 * tester_endpoints.FIELDS
            )


class TestTheHistory:
    def test_what_was_sent_is_opened_and_sent_again_from_its_browser(
        self, panel, asked, tester, stand, results
    ):
        last(panel, tester.sent, asked, "B", None, False, "curl", "GET", "/health", "", "")
        last(panel, tester.sent, asked, *HERE, "GET", "/ready", "", "")
        assert "/health" in panel.does(stand.opened, asked, 1, *HERE)[results.card]
        shown = last(panel, stand.sent_again, asked, 1, *HERE)
        assert "/health" in shown[results.card]
        listed = shown[stand.history].choices
        assert [number for _, number in listed] == [3, 2, 1]
        assert [label.split()[-1] for label, _ in listed] == ["(B)", "(A)", "(B)"]
        assert len(panel.does(stand.remembered, asked).choices) == 3

    def test_one_must_be_chosen_and_not_forgotten(self, panel, asked, stand):
        for number, told in ((None, words.CHOOSE_ONE), (7, words.FORGOTTEN)):
            with pytest.raises(gr.Error) as wanting:
                panel.does(stand.opened, asked, number, *HERE)
            assert wanting.value.message == told


class TestTheJourneys:
    def walked(self, panel: Panel, title: str) -> Progress:
        asked = panel.asked()

        async def run() -> Progress:
            steps = [each async for each in journeys_page.run(JOURNEY[title], panel.tools, asked)]
            assert len(steps) == len(steps[-1].found) + 1
            return steps[-1]

        return panel.loop.run(run())

    @pytest.mark.parametrize(
        "title",
        [
            journey_words.ROUND_TRIP,
            journey_words.DEVICES,
            journey_words.RESET,
            journey_words.ORIGIN,
        ],
    )
    def test_every_step_is_as_it_should_be_and_nobody_stays(self, panel, title):
        progress = self.walked(panel, title)
        assert [each.said for each in progress.found if not each.passed] == []
        assert len(progress.found) == len(progress.journey.steps)
        assert people(panel) == [OWNER_EMAIL]

    def test_wrong_passwords_are_stopped_by_the_limit(self, open_panel):
        panel = with_tester(open_panel(rate_limits=True))
        progress = self.walked(panel, journey_words.LIMIT)
        assert [each.passed for each in progress.found] == [True] * 4
        assert "Retry-After says" in progress.found[2].said
        assert panel.tools.tester.limited(panel.asked().owner) == {}

    def test_without_limits_the_journey_says_so_and_leaves_nobody(self, panel):
        progress = self.walked(panel, journey_words.LIMIT)
        assert progress.failed
        assert progress.found[-1].said == journey_words.LIMITS_OFF
        assert people(panel) == [OWNER_EMAIL]

    def test_where_sign_up_is_off_the_journey_says_so(self, open_panel):
        panel = with_tester(open_panel(sign_up=False))
        progress = self.walked(panel, journey_words.ROUND_TRIP)
        assert [each.said for each in progress.found] == [journey_words.SIGN_UP_OFF]

    def test_where_addresses_must_be_verified_the_journey_does_that(self, open_panel):
        panel = with_tester(open_panel(require_verified_email=True))
        assert not self.walked(panel, journey_words.ROUND_TRIP).failed

    def test_one_that_is_left_midway_leaves_nobody(self, panel, asked):
        async def begun() -> None:
            walking = journeys_page.run(JOURNEY[journey_words.DEVICES], panel.tools, asked)
            async for progress in walking:
                if len(progress.found) == 2:
                    break
            await walking.aclose()

        panel.loop.run(begun())
        assert people(panel) == [OWNER_EMAIL]

    def test_the_page_shows_each_step_the_browsers_and_what_was_sent(
        self, panel, asked, tester, stand
    ):
        starts = tester.journeys.starts(stand)
        shown = last(panel, starts, asked, journey_words.DEVICES, *HERE)
        steps = shown[tester.journeys.steps]
        assert steps.count("<details") == 7 + 1
        assert journey_words.FIRST in dict(shown[stand.browsers.chosen].choices)
        assert len(shown[stand.history].choices) == 6
        assert PASSWORD not in steps


def test_a_journey_of_no_steps_is_over():
    assert Progress(Journey("", ())).over


def handlers(tester):
    """Every handler of the page, with what an event gives it."""
    stand, form = tester.stand, tester.endpoints
    return [
        (tester.sent, *HERE, "GET", "/health", "", ""),
        (tester.performs(DEEDS[words.CALL_ME]), *HERE, *ADA),
        (tester.opened,),
        (tester.chosen, *HERE),
        (tester.emptied, *HERE),
        (tester.added, *HERE),
        (tester.quick.thought_up,),
        (tester.edited_by_hand, "GET /health", *[""] * 2 * tester_endpoints.FIELDS),
        (form.opened,),
        (tester_endpoints.grouped, ""),
        (form.picked, "GET /health", *ADA[:3]),
        (form.sends(stand), *HERE, "GET /health", *[""] * 2 * tester_endpoints.FIELDS),
        (stand.remembered,),
        (stand.opened, 1, *HERE),
        (stand.sent_again, 1, *HERE),
        (stand.seen_anew, 1, *HERE),
        (tester.journeys.starts(stand), journey_words.LIMIT, *HERE),
    ]


def test_a_plain_user_is_refused_by_every_handler(panel, tester):
    as_user = panel.asked(panel.gatehouse.member("ada@example.com"))
    panel.loop.run(panel.tools.tester.perform(as_user.owner, "A", Call("GET", "/health")))
    for handler, *given in handlers(tester):
        run = partial(panel.does, handler)
        if handler.__code__.co_flags & 0x200:  # an asynchronous generator
            run = partial(last, panel, handler)
        with pytest.raises(ApiRefused) as refused:
            run(as_user, *given)
        assert refused.value.status == 403, handler
    assert len(list(panel.tools.tester.history(as_user.owner))) == 1
