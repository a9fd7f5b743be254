"""Each notebook against a server that is not right: it fails, and says what does not hold."""

import pytest

from tests.notebooks.proxies import (
    CarelessProxy,
    CookieDroppingProxy,
    RecordingProxy,
    SessionMixingProxy,
)
from tests.notebooks.run_notebook import QUICK, accounts_left, behind, run
from tests.rig.space import Space

WALK, ENDPOINTS = "02_sign_in_walkthrough", "03_protected_endpoints"


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        (
            WALK,
            [
                "a revoked session is refused at once",
                "a copied cookie dies with the sign-out",
                "scripts cannot read a cookie that opens anything",
                "a wrong code is refused",
                "a signed challenge works once",
                "what another site was given is refused",
            ],
        ),
        (ENDPOINTS, ["signed out got 200, not 401"]),
    ],
)
def test_a_careless_server_is_noticed(name, reasons, tmp_path):
    proxy = CarelessProxy()
    with behind(proxy, tmp_path / "space") as (_, url):
        result = run(name, url, tmp_path)
        assert result.leaks(proxy.secrets) == []
    assert result.code == 1
    for reason in reasons:
        assert reason in result.output
        assert reason in result.text


def test_a_lost_cookie_is_noticed_and_the_account_deleted_all_the_same(tmp_path):
    proxy = CookieDroppingProxy()
    with behind(proxy, tmp_path / "space") as (space, url):
        result = run(WALK, url, tmp_path)
        assert accounts_left(space) == []
        assert result.leaks(proxy.secrets) == []
    assert result.code == 1
    assert "Does not hold: signing up sets the session cookie" in result.output


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("01_deployment_check", "limits.reached"),
        (ENDPOINTS, "call 11 in one window is refused with 429"),
    ],
)
def test_a_server_without_limits_is_noticed(name, reason, tmp_path):
    with Space(tmp_path, {**QUICK, "RATE_LIMITS": "off"}) as space:
        result = run(name, space.url, tmp_path)
        assert accounts_left(space) == []
    assert result.code == 1
    assert "Does not hold: " in result.output
    assert reason in result.output
    assert result.begins_with("Failed.")


def test_people_who_are_mixed_up_under_load_are_noticed(tmp_path):
    with behind(SessionMixingProxy(), tmp_path / "space") as (_, url):
        result = run("04_load_and_latency", url, tmp_path)
    assert result.code == 1
    assert (
        "every response that was not refused was correct and belonged to its caller"
        in result.output
    )


def test_a_database_of_another_server_is_noticed(tmp_path):
    (tmp_path / "other").mkdir()
    with Space(tmp_path / "other") as other:
        database = str(other.folder / "data")
        with behind(RecordingProxy(), tmp_path / "space") as (space, url):
            result = run("05_database", url, tmp_path, DATA_DIR=database)
            assert accounts_left(space) == []
    assert result.code == 1
    assert "this is the database behind the server" in result.output


def test_a_server_that_is_not_there_is_noticed(tmp_path):
    away = Space(tmp_path)
    result = run("01_deployment_check", away.url, tmp_path)
    assert result.code == 1
    assert "Does not hold: the server answers" in result.output
