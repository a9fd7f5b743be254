"""The doctor on the server itself: what it cannot see from there it does not judge."""

import pytest

from tests.doctor.run_checks import QUICK, run_checks
from tests.rig.space import Space

PUBLIC = "https://auth.example.com"
UNSEEN = ("reach.https", "address.true")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    settings = {**QUICK, "PUBLIC_URL": PUBLIC}
    with Space(tmp_path_factory.mktemp("space"), settings) as space:
        address = space.url.removeprefix("http://")
        yield run_checks(
            PUBLIC, "reach", "cookies", "address.true", address=address, runs_on_server=True
        )


def test_https_and_the_proxies_are_left_out(found):
    for name in UNSEEN:
        assert found[name].verdict == "skipped"
        assert "on the server itself" in found[name].evidence
        assert found[name].fix == ""


def test_the_rest_is_seen_under_the_public_name(found):
    others = [each for name, each in found.items() if name not in UNSEEN]
    assert {each.verdict for each in others} == {"pass"}
    assert "from the server itself" in found["reach.answers"].evidence
    assert PUBLIC in found["cookies.kept"].evidence
