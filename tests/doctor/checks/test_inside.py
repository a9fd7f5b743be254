"""The doctor on the server itself: what it cannot see from there it does not judge."""

import pytest

from tests.doctor.run_checks import QUICK, run_checks
from tests.rig.space import Space

PUBLIC = "https://auth.example.com"
NOT_JUDGED = ("reach.https", "address.true")


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    settings = {**QUICK, "PUBLIC_URL": PUBLIC}
    with Space(tmp_path_factory.mktemp("space"), settings) as space:
        address = space.url.removeprefix("http://")
        yield run_checks(
            PUBLIC, "reach", "cookies", "address.true", address=address, runs_on_server=True
        )


def test_https_and_the_proxies_are_left_out(findings):
    for name in NOT_JUDGED:
        assert findings[name].verdict == "skipped"
        assert "on the server itself" in findings[name].evidence
        assert findings[name].fix == ""


def test_the_rest_is_seen_under_the_public_name(findings):
    others = [each for name, each in findings.items() if name not in NOT_JUDGED]
    assert {each.verdict for each in others} == {"pass"}
    assert "from the server itself" in findings["reach.answers"].evidence
    assert PUBLIC in findings["cookies.kept"].evidence
