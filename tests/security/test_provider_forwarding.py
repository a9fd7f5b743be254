"""Threat: an answer of a provider that is led to another origin, where it signs a stranger in.

A provider sends browsers to one address. Where a sign-in began at another origin of ours, the
answer is passed on to it, once: only the browser that began has the state's cookie there.
"""

import pytest

from tests.lax_provider import PAGES, LaxProvider, come_back, lax, other, person, start_lax

__all__ = ["lax", "other", "start_lax"]

SPACE, SITE = "owner-name.hf.space", "https://app.example.com"
ON_SPACE = {"space_host": SPACE, "public_url": "", "frontend_url": SITE}


def begin_at(origin: str, visitor, provider: LaxProvider) -> str:
    """Choose a provider on a page of this origin; returns its URL."""
    headers, body = {"origin": origin}, {"provider": provider.id, **PAGES}
    response = visitor.post("sign-in/social", body, headers=headers)
    assert response.status_code == 200, response.text
    url: str = response.json()["url"]
    return url


def test_without_public_url_the_space_leads_to_the_app(start_lax, lax):
    gatehouse = start_lax(**ON_SPACE)
    ada, elsewhere = gatehouse.visitor(), gatehouse.visitor()
    callback = lax.answer(begin_at(SITE, ada, lax), person())
    # Cookies belong to one host: at the Space the same browser has none.
    assert come_back(elsewhere, callback) == f"{SITE}{callback}"
    assert come_back(ada, callback) == "/in"
    assert ada.session()["user"]["email"] == "ada@example.com"


def test_each_preview_of_the_app_gets_its_own_answers(start_lax, lax):
    previews = "https://my-app-*-my-team.vercel.app"
    gatehouse = start_lax(**{**ON_SPACE, "frontend_url": previews})
    origin = previews.replace("*", "git-feature")
    callback = lax.answer(begin_at(origin, gatehouse.visitor(), lax), person())
    assert come_back(gatehouse.visitor(), callback) == f"{origin}{callback}"


def test_it_is_led_there_once_and_signs_no_other_browser_in(start_lax, lax):
    gatehouse = start_lax(**ON_SPACE)
    mallory, victim = gatehouse.visitor(), gatehouse.visitor()
    callback = lax.answer(begin_at(SITE, mallory, lax), person())
    assert come_back(victim, callback) == f"{SITE}{callback}"
    assert come_back(victim, callback) == "/oops?error=state_mismatch"
    assert victim.cookies == {}


@pytest.mark.parametrize("origin", [f"https://{SPACE}", SITE])
def test_where_it_began_it_is_led_nowhere(start_lax, lax, origin):
    public = "" if SPACE in origin else SITE
    gatehouse = start_lax(**{**ON_SPACE, "public_url": public})
    callback = lax.answer(begin_at(origin, gatehouse.visitor(), lax), person())
    assert come_back(gatehouse.visitor(), callback) == "/oops?error=state_mismatch"


def test_elsewhere_it_is_not_led_to_other_sites(start_lax, lax):
    gatehouse = start_lax(public_url="https://auth.example.com", frontend_url=SITE)
    callback = lax.answer(begin_at(SITE, gatehouse.visitor(), lax), person())
    assert come_back(gatehouse.visitor(), callback) == "/oops?error=state_mismatch"


def test_an_untrusted_site_begins_nothing(start_lax, lax):
    body = {"provider": lax.id, **PAGES}
    headers = {"origin": "https://evil.example"}
    response = start_lax(**ON_SPACE).visitor().post("sign-in/social", body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "INVALID_ORIGIN")
