"""The providers on Set-up: what to enter where, and a check of each before a real API."""

import re

import pytest

from backend.features.providers.provider_check import Check, Outcome
from backend.kernel.configuration.provider_presets import PRESETS
from panel.client.api import ApiError
from panel.pages.set_up import provider_words as words
from tests import at_provider
from tests.lazy_import import lazy_import
from tests.panel.conftest import OWNER_EMAIL

page = lazy_import("panel.pages.set_up.page")
providers = lazy_import("panel.pages.set_up.providers")

CARD = re.compile(r"<details class='card setup-step'><summary><b>(.*?)</b>(.*?)</summary>")
HUB = {
    "public_url": "https://app.example",
    "space_host": "abc-space.hf.space",
    "space_id": "abc/space",
    "environment": "development",
    "oauth_client_id": "the-hubs",
    "oauth_client_secret": "secret",
}


@pytest.fixture
def provider():
    with at_provider.open_provider() as provider:
        yield provider


def show(panel) -> str:
    owner = panel.gatehouse.visitor()
    assert owner.sign_in(OWNER_EMAIL).status_code == 200
    html = panel.run_handler(page.render, panel.context(owner))
    return html[html.index(words.TITLE) :]


def card_of(html: str, name: str) -> str:
    begin = html.index(f"<b>{name}</b>")
    return html[begin : html.index("</details>", begin)]


def test_each_provider_has_a_card_with_what_to_enter_where(open_panel, provider):
    panel = open_panel(**at_provider.app_settings(provider))
    html = show(panel)
    cards = dict(CARD.findall(html))
    assert list(cards) == [preset.name for preset in PRESETS.values()]
    assert [name for name, state in cards.items() if words.NOT_CONFIGURED not in state] == [
        "Hugging Face"
    ]
    google = card_of(html, "Google")
    assert f"\nhttp://localhost:{panel.settings.port}/api/auth/callback/google\n" in google
    assert "OIDC_PROVIDERS=huggingface,google" in google
    assert 'OIDC_GOOGLE_CLIENT_SECRET="the client secret"' in google
    assert "console.cloud.google.com" in google
    apple = card_of(html, "Apple")
    assert "OIDC_APPLE_PRIVATE_KEY=" in apple
    assert "CLIENT_SECRET" not in apple


def test_the_hubs_own_client_needs_nothing(open_panel):
    html = show(open_panel(**HUB))
    hub = card_of(html, "Hugging Face")
    assert words.BY_HUB in hub
    assert "https://abc-space.hf.space/api/auth/callback/huggingface" in hub
    assert "CLIENT_ID" not in hub
    google = card_of(html, "Google")
    assert "Secret <code>OIDC_GOOGLE_CLIENT_SECRET</code>" in google
    assert "Variable <code>OIDC_GOOGLE_CLIENT_ID</code>" in google
    assert "https://app.example/api/auth/callback/google" in google


def test_no_secret_is_on_the_page(open_panel, provider):
    settings = at_provider.app_settings(provider)
    html = show(open_panel(**settings))
    assert settings["oidc"]["OIDC_HUGGINGFACE_CLIENT_SECRET"] not in html


def test_each_preset_and_each_finding_has_words():
    assert set(words.CONSOLES) == set(PRESETS)
    assert set(words.CHECKS) == set(Check)
    assert set(words.OUTCOMES) == set(Outcome)


def test_a_check_says_what_is_right_and_what_is_wrong(open_panel, provider):
    settings = at_provider.app_settings(provider)
    settings["oidc"]["OIDC_HUGGINGFACE_CLIENT_SECRET"] = "another"
    panel = open_panel(**settings)
    html = panel.run_handler(providers.check, panel.context(), at_provider.PROVIDER)
    rows = re.findall(r"<tr><td.*?</tr>", html)
    assert any(words.CHECKS["client"] in row and ">wrong<" in row for row in rows), html
    assert any(words.CHECKS["keys"] in row and ">right<" in row for row in rows), html


def test_what_a_provider_says_is_text(open_panel, provider):
    provider.token_answer = {"error": "<img src=x onerror=alert(1)>"}
    panel = open_panel(**at_provider.app_settings(provider))
    html = panel.run_handler(providers.check, panel.context(), at_provider.PROVIDER)
    assert "<img" not in html
    assert "&lt;img" in html


@pytest.mark.parametrize("provider_id", [None, "", "nobody's"])
def test_a_provider_that_is_not_there(panel, provider_id):
    with pytest.raises(ApiError) as excinfo:
        panel.run_handler(providers.check, panel.context(), provider_id)
    assert excinfo.value.status == 404
