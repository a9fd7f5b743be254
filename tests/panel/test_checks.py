"""The handlers of the Checks, before a real API."""

from dataclasses import replace

import pytest

from doctor import Finding, Verdict
from panel.client.api import ApiError
from panel.client.doctor_run import DoctorRunner
from panel.pages.checks import words
from tests.lazy_import import lazy_import
from tests.panel.conftest import build_page

gr = lazy_import("gradio")
page = lazy_import("panel.pages.checks.page")

APP, SPACE = "https://app.example.com", "https://owner-name.hf.space"
MANY = "https://*.vercel.app"
HEADERS = "Security headers"


def pass_all_checks(_, *, checks, **__):
    """Stands in for the doctor: every check passes."""
    for each in checks:
        yield Finding(each.name, each.title, Verdict.PASS, "seen", "", 0.1)


@pytest.fixture(scope="module")
def checks(shared_panel):
    """The components and handlers of the page."""
    return build_page(page, shared_panel)


def with_passing_checks(panel):
    """Let every check of the panel's doctor pass, and return the panel's services."""
    runner = DoctorRunner(panel.clock, pass_all_checks)
    panel.services = replace(panel.services, doctor_runner=runner)
    return panel.services


@pytest.fixture
def services(panel):
    return with_passing_checks(panel)


def run_to_end(panel, handler):
    """Run a handler that yields updates, and return the last."""

    async def run():
        return [step async for step in handler][-1]

    return panel.loop.run(run())


def test_the_owner_lets_the_doctor_look_and_sees_what_it_found(panel, checks, services):
    context = panel.context()
    idle = run_to_end(panel, checks.watch(context))
    assert words.NOTHING_YET in idle[checks.verdict]
    updates = run_to_end(panel, checks.on_start(context, "", HEADERS, ""))
    assert set(updates) == set(checks.outputs)
    assert "<span class='badge good'>No check failed.<" in updates[checks.verdict]
    assert words.NOT_CHECKED not in updates[checks.findings]
    assert HEADERS in updates[checks.findings]
    buttons = updates[checks.start].interactive, updates[checks.stop].interactive
    assert buttons == (True, False)
    assert updates[checks.export].visible is True
    assert "headers.csp" in updates[checks.as_json]
    assert HEADERS in updates[checks.as_text]
    reloaded = run_to_end(panel, checks.watch(panel.context()))
    assert reloaded[checks.verdict] == updates[checks.verdict]


def test_what_could_not_be_measured_is_not_shown_as_right(panel, checks):
    reason = "could not tell: gaps below 300 ms cannot be measured here"

    def skip_one(_, *, checks, **__):
        first, *others = pass_all_checks(None, checks=checks)
        yield replace(first, verdict=Verdict.SKIPPED, evidence=reason)
        yield from others

    runner = DoctorRunner(panel.clock, skip_one)
    panel.services = replace(panel.services, doctor_runner=runner)
    updates = run_to_end(panel, checks.on_start(panel.context(), "", HEADERS, ""))
    assert "<span class='badge '>No check failed. 1 check was skipped.<" in updates[checks.verdict]
    apart = updates[checks.findings].partition(words.NOT_CHECKED)[2].partition("</section>")[0]
    assert reason in apart


def test_everything_is_all_but_what_needs_an_app(panel, services):
    deployment = page.deployment(panel.context(), "", None)
    names = {each.name for each in page.checks_under(deployment, "")}
    assert "mail.leaves" in names
    assert not any(name.startswith("frontend.") for name in names)
    with_app = page.deployment(panel.context(), "", APP)
    assert "frontend.cookie" in {each.name for each in page.checks_under(with_app, "")}


def test_straight_it_asks_this_machine_under_the_public_name(open_panel):
    panel = open_panel(public_url="https://auth.example.com", space_host=SPACE[8:], port=7861)
    context = panel.context()
    direct = page.deployment(context, "", None)
    assert (direct.url, direct.address) == ("https://auth.example.com", "127.0.0.1:7861")
    assert direct.runs_on_server
    public = page.deployment(context, SPACE, None)
    assert (public.url, public.address, public.runs_on_server) == (SPACE, None, False)
    assert page.public_urls(panel.settings) == ["https://auth.example.com", SPACE]


def test_an_address_that_is_not_the_servers_own_is_not_a_way_in(panel, services):
    context = panel.context()
    deployment = page.deployment(context, "https://elsewhere.example", None)
    assert deployment.runs_on_server
    assert deployment.admin.session.reveal() == context.admin.visitor.token
    assert deployment.url == panel.settings.base_url


@pytest.mark.parametrize(
    ("frontends", "expected"),
    [
        ((APP,), APP),
        (("https://*.vercel.app", APP), APP),
        (("https://*.vercel.app",), ""),
        ((), ""),
    ],
)
def test_the_first_app_is_filled_in(open_panel, frontends, expected):
    panel = open_panel(frontend_url=frontends)
    assert panel.run_handler(page.on_load, panel.context()) == expected


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254", "https://evil.example/x.vercel.app", "no address", "ftp://a", "a b"],
)
def test_the_server_calls_no_app_that_is_not_its_own(open_panel, checks, address):
    panel = open_panel(frontend_url=(MANY,))
    with pytest.raises(gr.Error):
        run_to_end(panel, checks.on_start(panel.context(), "", "", address))
    assert panel.services.doctor_runner.latest is None


def test_an_app_that_frontend_url_lets_in_is_called(open_panel, checks):
    panel = open_panel(frontend_url=(MANY,))
    services = with_passing_checks(panel)
    run_to_end(panel, checks.on_start(panel.context(), "", "", "my-app.vercel.app"))
    assert services.doctor_runner.latest.deployment.frontend == "https://my-app.vercel.app"


def test_without_an_app_the_checks_of_apps_are_not_begun(panel, checks, services):
    with pytest.raises(gr.Error, match="your app"):
        run_to_end(panel, checks.on_start(panel.context(), "", "Through the app", ""))
    assert services.doctor_runner.latest is None


def test_a_plain_user_sees_starts_and_stops_nothing(panel, checks, services):
    ada = panel.context(panel.gatehouse.member("ada@example.com"))
    for handler in (checks.on_start(ada, "", "", ""), checks.watch(ada)):
        with pytest.raises(ApiError) as excinfo:
            run_to_end(panel, handler)
        assert excinfo.value.status == 403
    for handler in (page.on_stop, page.on_load):
        with pytest.raises(ApiError) as excinfo:
            panel.run_handler(handler, ada)
        assert excinfo.value.status == 403
    assert services.doctor_runner.latest is None
