"""Signing in with providers on a Space whose app is elsewhere, also in the Hub's frame."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from panel.server.sign_in import words
from panel.ui.provider_words import explain_error
from panel.ui.words import OWN_TAB
from tests.in_process import Loop
from tests.panel.hub import APP, AUTHORIZE, HUB, SPACE, Hub
from tests.panel.watched_page import TIMEOUT
from tests.rig.preset_providers import CLIENT_ID, CLIENT_SECRET, PresetProvider, preset_provider
from tests.rig.processes import wait_until
from tests.rig.provider_answers import HUGGING_FACE
from tests.rig.space import Space

HUGGING_FACE_BUTTON = words.USE_PROVIDER.format("Hugging Face")
NAMES = {"huggingface": "Hugging Face", "gitlab": "GitLab"}
COMPANY, PANEL_COOKIE = "gitlab.example", "__Host-gatehouse_panel"
LOGIN, HOME = f"https://{SPACE}/admin/login", f"https://{SPACE}/admin/"
BEGIN = """async (provider) => {
  const response = await fetch("/api/auth/sign-in/social", { method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      provider, callbackURL: "/page/in", errorCallbackURL: "/page/failed" }) });
  return (await response.json()).url }"""
WHO = """async () => (await (await fetch("/api/auth/get-session")).json())?.user.email ?? null"""


@dataclass(frozen=True)
class Deployed:
    """A Space without an admin, the Hub, and a provider of one's own."""

    space: Space
    hub: Hub
    hugging_face: PresetProvider
    company: PresetProvider

    def find(self, provider: str) -> PresetProvider:
        return next(each for each in (self.hugging_face, self.company) if each.id == provider)


def port_of(provider: PresetProvider) -> int:
    """Where it listens."""
    port = urlsplit(provider.origin).port
    assert port
    return port


@pytest.fixture(scope="module")
def deployed(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("hub")
    with ExitStack() as running:
        hugging_face = running.enter_context(preset_provider("huggingface"))
        company = running.enter_context(preset_provider("gitlab"))
        hugging_face.authorize_url = f"https://{HUB}{AUTHORIZE}"
        company.authorize_url = f"https://{COMPANY}{AUTHORIZE}"
        environment = {
            **company.settings,
            "ENVIRONMENT": "production",
            "SPACE_ID": "ada/space",
            "SPACE_HOST": SPACE,
            "SPACE_AUTHOR_NAME": HUGGING_FACE["preferred_username"],
            "SPACE_CREATOR_USER_ID": HUGGING_FACE["sub"],
            "OAUTH_CLIENT_ID": CLIENT_ID,
            "OAUTH_CLIENT_SECRET": CLIENT_SECRET,
            "OAUTH_SCOPES": "openid profile email",
            "OPENID_PROVIDER_URL": hugging_face.origin,
            "PUBLIC_URL": f"https://{APP}",
            "FRONTEND_URL": f"https://{APP}",
            "BCRYPT_ROUNDS": "10",
            "RATE_LIMITS": "off",
            "PANEL": "on",
        }
        space = running.enter_context(Space(folder, environment))
        ports = {HUB: port_of(hugging_face), COMPANY: port_of(company)}
        hub = running.enter_context(closing(Hub(loop, folder, space.port, ports)))
        wait_until(lambda: "panel_ready" in space.log, "the panel", 90)
        yield Deployed(space, hub, hugging_face, company)


@pytest.fixture
def profiles(browser: Browser, deployed: Deployed) -> Iterator[Callable[[], BrowserContext]]:
    """Browsers of different people, which find all these hosts under their real names."""
    with ExitStack() as running:

        def open_profile() -> BrowserContext:
            profile = browser.new_context(
                proxy={"server": deployed.hub.proxy}, ignore_https_errors=True
            )
            profile.set_default_timeout(TIMEOUT)
            profile.route("**/page/*", lambda route: route.fulfill(body="A page of the app."))
            return running.enter_context(profile)

        yield open_profile


def sign_in_to_panel(page: Page, provider: str) -> None:
    """Press the button of the panel's sign-in page, and wait for the panel."""
    page.goto(LOGIN)
    page.get_by_role("button", name=words.USE_PROVIDER.format(NAMES[provider])).click()
    page.wait_for_url(HOME)


def begin_at_app(page: Page, provider: str) -> str:
    """Let the app begin a sign-in; returns the provider's address."""
    page.goto(f"https://{APP}/page/sign-in")
    return str(page.evaluate(BEGIN, provider))


def list_hosts(profile: BrowserContext, kind: str) -> set[str]:
    """The hosts that have given the browser a cookie with this in its name."""
    return {each["domain"] for each in profile.cookies() if kind in each["name"]}


def test_the_owner_is_two_clicks_from_the_panel_inside_the_hubs_frame(profiles):
    profile = profiles()
    page = profile.new_page()
    page.goto(f"https://{HUB}/spaces/ada/space")
    frame = page.frame_locator("#space")
    expect(frame.get_by_text(words.PROVIDER_IN_FRAME)).to_be_visible()
    with profile.expect_page() as opened:
        frame.get_by_role("button", name=HUGGING_FACE_BUTTON).click()
    tab = opened.value
    tab.wait_for_url(HOME)
    expect(tab.locator("#header .identity")).to_contain_text(HUGGING_FACE["email"])
    assert list_hosts(profile, "_state") == set()
    expect(frame.get_by_role("link", name=OWN_TAB)).to_have_attribute("href", "/admin/")
    page.reload()  # what the tab has, no frame ever gets
    expect(frame.get_by_role("button", name=HUGGING_FACE_BUTTON)).to_be_visible()


@pytest.mark.parametrize("provider", NAMES)
def test_the_panel_signs_in_wherever_the_provider_calls_back(profiles, deployed, provider):
    sign_in_to_panel(profiles().new_page(), "huggingface")  # the owner, who is the admin since
    deployed.company.person = dict(HUGGING_FACE)
    profile = profiles()
    page = profile.new_page()
    opened: list[str] = []
    page.on("request", lambda request: opened.append(request.url.partition("?")[0]))
    sign_in_to_panel(page, provider)
    assert PANEL_COOKIE in {each["name"] for each in profile.cookies()}
    host = {"huggingface": SPACE, "gitlab": APP}[provider]
    assert f"https://{host}/api/auth/callback/{provider}" in opened
    assert list_hosts(profile, "session_token") == set()


@pytest.mark.parametrize("provider", NAMES)
def test_the_app_signs_in_at_its_own_origin(profiles, deployed, provider):
    profile = profiles()
    page = profile.new_page()
    page.goto(begin_at_app(page, provider))
    assert page.url == f"https://{APP}/page/in"
    page.goto(f"https://{APP}/page/in")
    assert page.evaluate(WHO) == HUGGING_FACE["email"]
    assert list_hosts(profile, "session_token") == {APP}


@pytest.mark.parametrize("provider", NAMES)
def test_an_answer_of_the_app_is_not_taken_from_another_browser(profiles, deployed, provider):
    attacker, victim = profiles().new_page(), profiles().new_page()
    answer = answer_at(deployed.find(provider), begin_at_app(attacker, provider))
    path = answer.partition("/api/auth/")[2]
    for host in (urlsplit(answer).hostname, APP, SPACE):  # at either origin, again and again
        victim.goto(f"https://{host}/api/auth/{path}")
        assert urlsplit(victim.url).query == "error=state_mismatch"
        victim.goto(f"https://{host}/page/in")
        assert victim.evaluate(WHO) is None
    assert list_hosts(victim.context, "session_token") == set()


@pytest.mark.parametrize("provider", NAMES)
def test_an_answer_of_the_panel_is_not_taken_from_another_browser(profiles, deployed, provider):
    attacker, victim = profiles().new_page(), profiles().new_page()
    name = NAMES[provider]
    attacker.goto(LOGIN)
    attacker.route(f"**{AUTHORIZE}?*", lambda route: route.abort())
    with attacker.expect_request(f"**{AUTHORIZE}?*") as sent:
        attacker.get_by_role("button", name=words.USE_PROVIDER.format(name)).click()
    victim.goto(answer_at(deployed.find(provider), sent.value.url))
    expect(victim.get_by_role("alert")).to_contain_text(explain_error("state_mismatch", name))
    victim.goto(HOME)
    assert victim.url == LOGIN
    assert PANEL_COOKIE not in {each["name"] for each in victim.context.cookies()}


def answer_at(provider: PresetProvider, url: str) -> str:
    """Sign in at a provider with another browser; returns the address with its answer."""
    response = httpx.get(f"{provider.origin}{AUTHORIZE}?{urlsplit(url).query}")
    return str(response.headers["location"])
