"""The handlers of the Checks, before a real API."""

from dataclasses import replace

import pytest

from doctor import Finding, Verdict
from panel.client.api import ApiRefused
from panel.client.doctor_run import Checkup
from panel.pages.checks import words
from tests.later import later
from tests.panel.conftest import laid_out

gr = later("gradio")
page = later("panel.pages.checks.page")

APP, SPACE = "https://app.example.com", "https://owner-name.hf.space"
MANY = "https://*.vercel.app"
HEADERS = "What browsers are told"


def gently(_, *, checks, **__):
    """Stands in for the doctor: all is well."""
    for each in checks:
        yield Finding(each.name, each.title, Verdict.PASS, "seen", "", 0.1)


@pytest.fixture(scope="module")
def checks(shared):
    """The page."""
    return laid_out(page, shared)


@pytest.fixture
def tools(panel):
    return replace(panel.tools, checkup=Checkup(panel.clock, gently))


def does(panel, handler):
    """Run a handler that tells in steps; returns its last."""

    async def run():
        return [step async for step in handler][-1]

    return panel.loop.run(run())


def test_the_owner_lets_the_doctor_look_and_sees_what_it_found(panel, checks, tools):
    asked = panel.asked()
    nothing = does(panel, checks.watched(tools, asked))
    assert words.NOTHING_YET in nothing[checks.verdict]
    shown = does(panel, checks.started(tools, asked, "", HEADERS, ""))
    assert set(shown) == set(checks.outputs)
    assert "Right." in shown[checks.verdict]
    assert HEADERS in shown[checks.found]
    buttons = shown[checks.start].interactive, shown[checks.stop].interactive
    assert buttons == (True, False)
    assert shown[checks.along].visible is True
    assert "headers.csp" in shown[checks.as_json]
    assert HEADERS in shown[checks.as_text]
    again = does(panel, checks.watched(tools, panel.asked()))
    assert again[checks.verdict] == shown[checks.verdict]


def test_everything_is_all_but_what_needs_an_app(panel, tools):
    where = page.deployment(tools, panel.asked(), "", None)
    names = {each.name for each in page.chosen(where, "")}
    assert "mail.leaves" in names
    assert not any(name.startswith("frontend.") for name in names)
    with_app = page.deployment(tools, panel.asked(), "", APP)
    assert "frontend.cookie" in {each.name for each in page.chosen(with_app, "")}


def test_straight_it_asks_this_machine_under_the_public_name(open_panel):
    panel = open_panel(public_url="https://auth.example.com", space_host=SPACE[8:], port=7861)
    asked = panel.asked()
    straight = page.deployment(panel.tools, asked, "", None)
    assert (straight.url, straight.address) == ("https://auth.example.com", "127.0.0.1:7861")
    assert straight.inside
    outside = page.deployment(panel.tools, asked, SPACE, None)
    assert (outside.url, outside.address, outside.inside) == (SPACE, None, False)
    assert page.public_urls(panel.settings) == ["https://auth.example.com", SPACE]


def test_an_address_that_is_not_the_servers_own_is_not_a_way_in(panel, tools):
    asked = panel.asked()
    where = page.deployment(tools, asked, "https://elsewhere.example", None)
    assert where.inside
    assert where.admin.session.reveal() == asked.owner.visitor.token
    assert where.url == panel.settings.base_url


@pytest.mark.parametrize(
    ("frontends", "filled"),
    [
        ((APP,), APP),
        (("https://*.vercel.app", APP), APP),
        (("https://*.vercel.app",), ""),
        ((), ""),
    ],
)
def test_the_first_app_is_filled_in(open_panel, frontends, filled):
    panel = open_panel(frontend_url=frontends)
    assert panel.does(page.opened, panel.asked()) == filled


@pytest.mark.parametrize(
    "said",
    ["http://169.254.169.254", "https://evil.example/x.vercel.app", "no address", "ftp://a", "a b"],
)
def test_the_server_calls_no_app_that_is_not_its_own(open_panel, checks, said):
    panel = open_panel(frontend_url=(MANY,))
    with pytest.raises(gr.Error):
        does(panel, checks.started(panel.tools, panel.asked(), "", "", said))
    assert panel.tools.checkup.latest is None


def test_an_app_that_frontend_url_lets_in_is_called(open_panel, checks):
    panel = open_panel(frontend_url=(MANY,))
    tools = replace(panel.tools, checkup=Checkup(panel.clock, gently))
    does(panel, checks.started(tools, panel.asked(), "", "", "my-app.vercel.app"))
    assert tools.checkup.latest.deployment.frontend == "https://my-app.vercel.app"


def test_without_an_app_the_checks_of_apps_are_not_begun(panel, checks, tools):
    with pytest.raises(gr.Error, match="your app"):
        does(panel, checks.started(tools, panel.asked(), "", "Through the app", ""))
    assert tools.checkup.latest is None


def test_a_plain_user_sees_starts_and_stops_nothing(panel, checks, tools):
    ada = panel.asked(panel.gatehouse.member("ada@example.com"))
    for handler in (checks.started(tools, ada, "", "", ""), checks.watched(tools, ada)):
        with pytest.raises(ApiRefused) as refused:
            does(panel, handler)
        assert refused.value.status == 403
    for handler in (page.stopped, page.opened):
        with pytest.raises(ApiRefused) as refused:
            panel.does(handler, ada)
        assert refused.value.status == 403
    assert tools.checkup.latest is None
