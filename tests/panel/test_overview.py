"""The handlers of the Overview, before a real API."""

import pytest
from sqlalchemy import delete

from backend.storage.tables import users
from panel.api import ApiRefused
from panel.pages import overview as page
from panel.words import overview as words
from tests.panel.conftest import OWNER_EMAIL

ADA = "ada@example.com"


def test_the_owner_sees_how_things_are(panel):
    ada = panel.gatehouse.member(ADA)
    ada.signs_in(ADA, "not the password")
    updated, figures, state, charts, latest = panel.does(page.look, panel.asked(), "24h")
    assert "As of 12:00:00 UTC" in updated
    assert f"<span>{words.FIGURES[0]}</span><b>2</b>" in figures
    assert f"<div class='figure bad'><span>{words.FIGURES[3]}</span><b>1</b>" in figures
    assert words.OUTBOX_FIX in state
    assert charts.count("<img class='chart'") == 3
    assert "Signed up" in latest
    assert ADA in latest


@pytest.mark.parametrize(
    ("period", "moments"),
    [("24h", ["13:00", "12:00"]), ("7d", ["16 Nov", "22 Nov"]), ("30d", ["24 Oct"])],
)
def test_a_period_is_drawn_from_its_beginning_until_now(panel, period, moments):
    *_, charts, _ = panel.does(page.look, panel.asked(), period)
    for moment in moments:
        assert f"<th scope='row'>{moment}</th>" in charts
    many = {"24h": 24, "7d": 7, "30d": 30}[period]
    assert charts.count("<th scope='row'>") == 3 * many


def test_who_is_gone_is_named_so(panel):
    panel.gatehouse.member(ADA)
    panel.gatehouse.change(delete(users).where(users.c.email == ADA))
    *_, latest = panel.does(page.look, panel.asked(), "24h")
    assert "a deleted user" in latest


def test_while_the_database_is_away_the_page_says_so_and_keeps_the_rest(panel, monkeypatch):
    async def away(*_, **__):
        raise ApiRefused(503, "SERVICE_UNAVAILABLE", "Away", 7)

    asked = panel.asked()
    monkeypatch.setattr(panel.tools.api, "get", away)
    updated, figures, state, *_ = panel.does(page.look, asked, "24h")
    assert "Try again in 7 seconds" in updated
    assert "role='alert'" in updated
    assert words.AWAY in state
    assert figures["__type__"] == "update"


def test_a_plain_user_sees_nothing(panel):
    ada = panel.gatehouse.member(ADA)
    updated, *others = panel.does(page.look, panel.asked(ada), "24h")
    assert "no longer an administrator" in updated
    assert all(each["__type__"] == "update" for each in others)
    assert OWNER_EMAIL not in str(others)
