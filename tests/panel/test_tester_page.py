"""The handlers of the Tester's page, before a real API in this process."""

import json
from dataclasses import replace
from functools import partial

import httpx
import pytest
from sqlalchemy import select

from backend.storage.tables import users
from panel.client import words as client_words
from panel.client.api import ApiError
from panel.client.loopback import Call, Loopback
from panel.tester import service, words
from panel.tester.browsers import BrowserStore
from panel.tester.journeys import words as journey_words
from panel.tester.masking import MASK
from panel.tester.quick_actions import QUICK_ACTIONS
from tests.lazy_import import lazy_import
from tests.make import PASSWORD
from tests.panel.conftest import OWNER_EMAIL, Panel, build_page

gr = lazy_import("gradio")
page = lazy_import("panel.pages.tester.page")
tester_endpoints = lazy_import("panel.pages.tester.endpoints")

VIEW_INPUTS = ("A", None, False, "curl")
ADA = ("Ada", "ada@example.com", "correct horse", True)


def with_tester(panel: Panel) -> Panel:
    """Let the panel's Tester reach the API without a network."""
    network = httpx.ASGITransport(panel.gatehouse.app, client=("127.0.0.1", 40000))
    loopback = Loopback(panel.settings, panel.clock, network)
    tester = service.Tester(loopback, BrowserStore(panel.clock), panel.clock)
    panel.services = replace(panel.services, tester=tester)
    return panel


@pytest.fixture
def panel(panel: Panel) -> Panel:
    return with_tester(panel)


@pytest.fixture
def context(panel: Panel):
    return panel.context()


@pytest.fixture(scope="module")
def tester(shared_panel):
    """The components and handlers of the page."""
    return build_page(page, shared_panel)


@pytest.fixture(scope="module")
def view(tester):
    """The view of the page: its browsers, history and results."""
    return tester.view


@pytest.fixture(scope="module")
def results(view):
    """Where an exchange is shown."""
    return view.results


@pytest.fixture(scope="module")
def form(tester):
    """The form of an endpoint."""
    return tester.endpoints


def run_to_end(panel: Panel, handler, context, *inputs):
    """Run a handler that yields updates, and return the last."""

    async def run():
        return [each async for each in handler(context, *inputs)][-1]

    return panel.loop.run(run())


def sign_up(panel: Panel, tester, context):
    return run_to_end(
        panel, tester.handler_for(QUICK_ACTIONS[words.SIGN_UP]), context, *VIEW_INPUTS, *ADA
    )


def list_emails(panel: Panel) -> list[str]:
    """Return the e-mail addresses of all accounts."""
    return [email for (email,) in panel.gatehouse.rows(select(users.c.email))]


class TestTheSteps:
    def test_a_quick_action_shows_its_exchange_and_fills_in_the_custom_request(
        self, panel, context, tester, view, results
    ):
        updates, custom = sign_up(panel, tester, context), tester.custom
        assert set(updates) == {*view.outputs, *custom.fields}
        assert "Signed in as ada@example.com" in updates[view.browsers.browser_state]
        assert updates[view.jar].count("class='cookie'") == 3
        assert updates[view.browsers.limit_notice] == ""
        assert (updates[view.history].value, updates[results.exchange_number]) == (1, 1)
        assert "200 OK" in updates[results.card]
        assert json.loads(updates[results.answer])["user"]["email"] == "ada@example.com"
        assert updates[results.raw].startswith("HTTP/1.1 200 OK\n")
        assert updates[results.cookie_tab].label == "Cookies (3)"
        assert "better-auth.session_token" in updates[results.cookies]
        assert updates[results.request].startswith("POST /api/auth/sign-up/email HTTP/1.1")
        assert updates[results.copy].value.startswith("curl ")
        assert (updates[custom.method], updates[custom.path]) == ("POST", "/api/auth/sign-up/email")
        assert json.loads(updates[custom.body])["password"] == "correct horse"

    def test_secrets_are_masked_until_they_are_asked_for(
        self, panel, context, tester, view, results
    ):
        sign_up(panel, tester, context)
        for reveal in (False, True):
            updates = panel.run_handler(view.show_again, context, 1, "A", None, reveal, "curl")
            request_text, copy = updates[results.request], updates[results.copy].value
            cookie = next(iter(panel.services.tester.browser(context.admin, "A").cookies.values()))
            with_cookie = (view.jar, results.raw, results.cookies, results.headers)
            assert [cookie.value in updates[each] for each in with_cookie] == [reveal] * 4
            assert ["correct horse" in each for each in (request_text, copy)] == [reveal] * 2
            assert (MASK in request_text) is not reveal
            token = cookie.value.partition(".")[0]
            with_token = (results.answer, results.raw, results.headers)
            assert [token in updates[each] for each in with_token] == [reveal] * 3

    def test_a_new_person_is_thought_up(self, panel, context, tester):
        updates = panel.run_handler(tester.quick.fill_person, context)
        name, email, password = (updates[each] for each in tester.quick.person)
        assert (name[:9], email[-12:], len(password)) == ("Test user", "@example.com", 16)


class TestByHand:
    def test_a_request_is_sent_as_it_is_written(self, panel, context, tester, results):
        inputs = ("DELETE", "/x", "Authorization: Bearer abc\n\n", "not json")
        updates = run_to_end(panel, tester.on_send, context, *VIEW_INPUTS, *inputs)
        assert "404 Not Found" in updates[results.card]
        (exchange,) = panel.services.tester.history(context.admin)
        assert exchange.request.body == "not json"
        assert ("Authorization", "Bearer abc") in exchange.request.headers

    def test_what_cannot_be_sent_is_told_and_leaves_the_rest(
        self, panel, context, tester, view, results
    ):
        updates = run_to_end(panel, tester.on_send, context, *VIEW_INPUTS, "GET", "x", None, None)
        assert set(updates) == {*view.state, results.card}
        assert client_words.PATH_WITHOUT_SLASH in updates[results.card]

    def test_a_page_of_another_site_is_refused_and_both_requests_are_shown(
        self, panel, context, tester, results
    ):
        sign_up(panel, tester, context)
        view_inputs = ("A", " https://another-site.example ", False, "curl")
        inputs = ("POST", "/api/auth/update-user", "", '{"name": "Eve"}')
        updates = run_to_end(panel, tester.on_send, context, *view_inputs, *inputs)
        assert "403 Forbidden" in updates[results.card]
        assert words.PREFLIGHT_REFUSES in updates[results.card]
        assert "better-auth.session_token" in updates[results.card]
        assert "OPTIONS /api/auth/update-user" in updates[results.request]


class TestTheBrowsers:
    def test_the_page_opens_with_the_browser_that_its_address_names(
        self, panel, context, tester, view
    ):
        panel.services.tester.add_browser(context.admin, "Acting as ada")
        with_query = replace(context, query={"browser": "Acting as ada"})
        chosen = panel.run_handler(tester.on_load, with_query)[view.browsers.chosen]
        assert (chosen.value, chosen.choices[-1][0]) == ("Acting as ada", "Acting as ada")
        unnamed = panel.run_handler(tester.on_load, replace(context, query={}))
        with pytest.warns(UserWarning, match="“browser”"):
            unknown = panel.run_handler(tester.on_load, replace(context, query={"browser": "X"}))
        assert {updates[view.browsers.chosen].value for updates in (unnamed, unknown)} == {"A"}

    def test_one_can_be_added_and_emptied(self, panel, context, tester, view):
        sign_up(panel, tester, context)
        browser_state = view.browsers.browser_state
        assert (
            "Signed in" in panel.run_handler(tester.on_choose, context, *VIEW_INPUTS)[browser_state]
        )
        assert (
            "No cookies" in panel.run_handler(tester.on_empty, context, *VIEW_INPUTS)[browser_state]
        )
        updates = panel.run_handler(tester.on_add, context, *VIEW_INPUTS)
        assert updates[view.browsers.chosen].value == "D"
        assert "No cookies" in updates[browser_state]


class TestTheEndpoints:
    def test_they_are_offered_by_group(self, panel, context, form):
        updates = panel.run_handler(form.on_load, context)
        assert ("Admin: bans", "admin: bans") in updates[form.group].choices
        assert len(updates[form.endpoint].choices) > 50
        bans = panel.run_handler(tester_endpoints.on_group, context, "admin: bans")
        assert [name for _, name in bans.choices] == [
            "POST /api/auth/admin/ban-user",
            "POST /api/auth/admin/unban-user",
        ]

    def test_one_that_is_picked_shows_its_fields_and_hides_the_others(self, panel, context, form):
        name = "GET /api/auth/admin/list-users"
        updates = panel.run_handler(form.on_pick, context, name, *ADA[:3])
        assert set(updates) == set(form.outputs)
        texts = [updates[each] for each in form.texts]
        choices = [updates[each] for each in form.choices]
        assert words.NEEDS_SESSION in updates[form.about]
        assert [each.visible for each in texts[:3]] == [True, False, False]
        assert [each.visible for each in choices[:3]] == [False, True, True]
        assert not any(each.visible for each in (*texts[10:], *choices[10:]))
        assert choices[1].choices[0][0] == words.EMPTY_CHOICE

    def fill_form(self, **inputs: str):
        order = ["email", "password", "callbackURL", "rememberMe"]
        texts = [inputs.get(name, "") for name in order] + [None] * (tester_endpoints.FIELDS - 4)
        choices = [None] * 3 + [inputs.get("rememberMe")] + [None] * (tester_endpoints.FIELDS - 4)
        return ["POST /api/auth/sign-in/email", *texts, *choices]

    def test_a_form_that_is_filled_in_is_sent(self, panel, context, form, view):
        inputs = self.fill_form(email=OWNER_EMAIL, password=PASSWORD, rememberMe="false")
        updates = run_to_end(panel, form.send_handler(view), context, *VIEW_INPUTS, *inputs)
        assert "Signed in as owner@example.com" in updates[view.browsers.browser_state]
        exchange = next(iter(panel.services.tester.history(context.admin)))
        assert json.loads(exchange.request.body)["rememberMe"] is False

    def test_a_form_goes_on_by_hand(self, panel, context, tester):
        inputs = self.fill_form(email="a@example.com")
        updates, custom = panel.run_handler(tester.edit_as_custom, context, *inputs), tester.custom
        assert (updates[custom.method], updates[custom.path]) == ("POST", "/api/auth/sign-in/email")
        assert json.loads(updates[custom.body]) == {"email": "a@example.com"}
        assert updates[tester.tabs].selected == "custom"

    def test_without_an_endpoint_nothing_is_sent(self, panel, context, form, view):
        with pytest.raises(gr.Error, match="Choose an endpoint"):
            run_to_end(
                panel,
                form.send_handler(view),
                context,
                *VIEW_INPUTS,
                None,
                *[None] * 2 * tester_endpoints.FIELDS,
            )


class TestTheHistory:
    def test_what_was_sent_is_opened_and_sent_again_from_its_browser(
        self, panel, context, tester, view, results
    ):
        run_to_end(
            panel, tester.on_send, context, "B", None, False, "curl", "GET", "/health", "", ""
        )
        run_to_end(panel, tester.on_send, context, *VIEW_INPUTS, "GET", "/ready", "", "")
        assert (
            "/health"
            in panel.run_handler(view.open_exchange, context, 1, *VIEW_INPUTS)[results.card]
        )
        updates = run_to_end(panel, view.send_again, context, 1, *VIEW_INPUTS)
        assert "/health" in updates[results.card]
        choices = updates[view.history].choices
        assert [number for _, number in choices] == [3, 2, 1]
        assert [label.split()[-1] for label, _ in choices] == ["(B)", "(A)", "(B)"]
        assert len(panel.run_handler(view.load_history, context).choices) == 3

    def test_one_must_be_chosen_and_not_forgotten(self, panel, context, view):
        for number, message in ((None, words.CHOOSE_ONE), (7, words.FORGOTTEN)):
            with pytest.raises(gr.Error) as excinfo:
                panel.run_handler(view.open_exchange, context, number, *VIEW_INPUTS)
            assert excinfo.value.message == message


def test_the_page_shows_each_step_the_browsers_and_what_was_sent(panel, context, tester, view):
    start_handler = tester.journeys.start_handler(view)
    updates = run_to_end(panel, start_handler, context, journey_words.DEVICES, *VIEW_INPUTS)
    steps = updates[tester.journeys.steps]
    assert steps.count("<details") == 7 + 1
    assert journey_words.FIRST in dict(updates[view.browsers.chosen].choices)
    assert len(updates[view.history].choices) == 6
    assert PASSWORD not in steps


def list_handlers(tester):
    """Return every handler of the page with the inputs of an event."""
    view, form = tester.view, tester.endpoints
    return [
        (tester.on_send, *VIEW_INPUTS, "GET", "/health", "", ""),
        (tester.handler_for(QUICK_ACTIONS[words.CALL_ME]), *VIEW_INPUTS, *ADA),
        (tester.on_load,),
        (tester.on_choose, *VIEW_INPUTS),
        (tester.on_empty, *VIEW_INPUTS),
        (tester.on_add, *VIEW_INPUTS),
        (tester.quick.fill_person,),
        (tester.edit_as_custom, "GET /health", *[""] * 2 * tester_endpoints.FIELDS),
        (form.on_load,),
        (tester_endpoints.on_group, ""),
        (form.on_pick, "GET /health", *ADA[:3]),
        (form.send_handler(view), *VIEW_INPUTS, "GET /health", *[""] * 2 * tester_endpoints.FIELDS),
        (view.load_history,),
        (view.open_exchange, 1, *VIEW_INPUTS),
        (view.send_again, 1, *VIEW_INPUTS),
        (view.show_again, 1, *VIEW_INPUTS),
        (tester.journeys.start_handler(view), journey_words.LIMIT, *VIEW_INPUTS),
    ]


def test_a_plain_user_is_refused_by_every_handler(panel, tester):
    as_user = panel.context(panel.gatehouse.member("ada@example.com"))
    panel.loop.run(panel.services.tester.send(as_user.admin, "A", Call("GET", "/health")))
    for handler, *inputs in list_handlers(tester):
        run = partial(panel.run_handler, handler)
        if handler.__code__.co_flags & 0x200:  # an asynchronous generator
            run = partial(run_to_end, panel, handler)
        with pytest.raises(ApiError) as excinfo:
            run(as_user, *inputs)
        assert excinfo.value.status == 403, handler
    assert len(list(panel.services.tester.history(as_user.admin))) == 1
