"""The handlers of the Overview, before a real API."""

import pytest
from sqlalchemy import delete

from backend.storage.tables import users
from panel.client.api import ApiError
from panel.pages.overview import words
from tests.lazy_import import lazy_import
from tests.panel.conftest import OWNER_EMAIL, build_page, without_breaks

page = lazy_import("panel.pages.overview.page")

ADA = "ada@example.com"


@pytest.fixture(scope="module")
def overview(shared_panel):
    """The components and handlers of the page."""
    return build_page(page, shared_panel)


def test_the_owner_sees_how_things_are(panel, overview):
    ada = panel.gatehouse.member(ADA)
    ada.sign_in(ADA, "not the password")
    updates = panel.run_handler(overview.render, panel.context(), "24h")
    assert set(updates) == set(overview.outputs)
    assert "As of 12:00:00 UTC" in updates[overview.updated]
    figures = updates[overview.figures]
    assert f"<span>{words.FIGURES[0]}</span><b>2</b>" in figures
    assert f"<div class='figure bad'><span>{words.FIGURES[3]}</span><b>1</b>" in figures
    assert words.OUTBOX_FIX in updates[overview.state]
    assert updates[overview.charts].count("<img class='chart'") == 3
    assert "Signed up" in updates[overview.latest]
    assert ADA in without_breaks(updates[overview.latest])


@pytest.mark.parametrize(
    ("period", "labels"),
    [("24h", ["13:00", "12:00"]), ("7d", ["16 Nov", "22 Nov"]), ("30d", ["24 Oct"])],
)
def test_a_period_is_drawn_from_its_beginning_until_now(panel, overview, period, labels):
    charts = panel.run_handler(overview.render, panel.context(), period)[overview.charts]
    for label in labels:
        assert f"<th scope='row'>{label}</th>" in charts
    points = {"24h": 24, "7d": 7, "30d": 30}[period]
    assert charts.count("<th scope='row'>") == 3 * points


def test_who_is_gone_is_named_so(panel, overview):
    panel.gatehouse.member(ADA)
    panel.gatehouse.execute(delete(users).where(users.c.email == ADA))
    updates = panel.run_handler(overview.render, panel.context(), "24h")
    assert "a deleted user" in updates[overview.latest]


def test_while_the_database_is_away_the_page_says_so_and_keeps_the_rest(
    panel, overview, monkeypatch
):
    async def fail(*_, **__):
        raise ApiError(503, "SERVICE_UNAVAILABLE", "Away", 7)

    context = panel.context()
    monkeypatch.setattr(panel.services.api, "get", fail)
    updates = panel.run_handler(overview.render, context, "24h")
    assert set(updates) == {overview.updated, overview.state}
    assert "Try again in 7 seconds" in updates[overview.updated]
    assert "role='alert'" in updates[overview.updated]
    assert words.AWAY in updates[overview.state]


def test_a_plain_user_sees_nothing(panel, overview):
    ada = panel.gatehouse.member(ADA)
    updates = panel.run_handler(overview.render, panel.context(ada), "24h")
    assert list(updates) == [overview.updated]
    assert "no longer an administrator" in updates[overview.updated]
    assert OWNER_EMAIL not in updates[overview.updated]
