"""Threat: a page signs its visitor in to the account of the page's owner (login CSRF).

Mallory asks for a link to her own account, and leads Ada's browser to it. What Ada then writes, she
writes into Mallory's account.
"""

import pytest
from sqlalchemy import select

from backend.storage.tables import links
from tests.in_process import Gatehouse
from tests.magic import CLICK, ask, click, press_button
from tests.scene import refusal

MALLORY, EVIL = "mallory@example.com", "https://evil.example"
FORM = {"content-type": "application/x-www-form-urlencoded"}
FROM_EVIL = {
    "a form": {
        **FORM,
        "origin": EVIL,
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
    },
    "a form of a sandbox": {
        **FORM,
        "origin": "null",
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
    },
    "a form of an old browser": {**FORM, "origin": EVIL},
    "a fetch": {
        **FORM,
        "origin": EVIL,
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "no-cors",
    },
}


@pytest.fixture
def gatehouse(start_mailing) -> Gatehouse:
    return start_mailing()


@pytest.fixture
def trap(gatehouse, mailbox):
    """The mail with Mallory's link."""
    return ask(gatehouse.visitor("198.51.100.66"), mailbox, MALLORY)


@pytest.fixture(params=[True, False], ids=["signed in", "signed out"])
def ada(gatehouse, request):
    return gatehouse.member() if request.param else gatehouse.visitor()


def is_unused(gatehouse: Gatehouse) -> bool:
    rows = gatehouse.rows(select(links.c.used_at).where(links.c.kind == "magic-link"))
    return [row.used_at for row in rows] == [None]


def test_a_link_opened_in_her_browser_shows_whose_it_is_and_signs_nobody_in(gatehouse, trap, ada):
    before = ada.session()
    for headers in (CLICK, {**CLICK, "sec-fetch-site": "cross-site", "referer": f"{EVIL}/"}):
        response = ada.get(trap.path, headers=headers)
        assert f"<strong>{MALLORY}</strong>" in response.text
    assert ada.session() == before
    assert is_unused(gatehouse)


@pytest.mark.parametrize("headers", FROM_EVIL.values(), ids=FROM_EVIL)
def test_another_site_cannot_press_the_button(gatehouse, trap, ada, headers):
    before = ada.session()
    response = ada.post(trap.path, headers=headers)
    assert response.status_code == 403
    assert ada.session() == before
    assert is_unused(gatehouse)


@pytest.mark.parametrize("headers", FROM_EVIL.values(), ids=FROM_EVIL)
def test_another_site_cannot_make_her_browser_the_one_that_asked(gatehouse, headers):
    ada = gatehouse.visitor()
    response = ada.post("sign-in/magic-link", raw=f"email={MALLORY}".encode(), headers=headers)
    assert response.status_code == 403
    assert ada.cookies == {}


def test_the_button_works_where_browsers_send_no_sec_fetch(gatehouse, trap):
    """Over plain HTTP. With `no-referrer` it would come with `Origin: null`."""
    reader = gatehouse.visitor()
    assert click(reader, trap).headers["referrer-policy"] == "strict-origin"
    response = reader.post(trap.path, headers=FORM)
    assert (response.status_code, reader.session()["user"]["email"]) == (302, MALLORY)


def test_the_button_of_a_page_behind_a_proxy_comes_from_the_frontend(start_mailing, mailbox):
    gatehouse = start_mailing(frontend_url=("https://app.example.com",))
    mail = ask(gatehouse.visitor(), mailbox)
    reader = gatehouse.visitor(origin="https://app.example.com")
    assert press_button(reader, mail).status_code == 302
    assert reader.session() is not None


def test_a_target_elsewhere_is_refused_before_anything_is_shown_or_used(gatehouse, trap):
    base = trap.path.partition("&")[0]
    for name in ("callbackURL", "newUserCallbackURL", "errorCallbackURL"):
        for target in (EVIL, "//evil.example", "/%5Cevil.example", "javascript:alert(1)"):
            path = f"{base}&{name}={target}"
            opened = gatehouse.visitor().get(path, headers=CLICK)
            assert (opened.status_code, opened.json()) == (403, refusal("INVALID_CALLBACK_URL"))
            pressed = gatehouse.visitor().post(path, headers=FORM)
            assert pressed.status_code == 403
