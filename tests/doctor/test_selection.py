"""Which checks are made."""

import pytest

from doctor import Deployment
from doctor.checks import CHECKS
from doctor.selection import UnknownCheck, select_checks

HERE = Deployment("http://127.0.0.1:7860")
WITH_APP = Deployment("http://127.0.0.1:7860", frontend="http://127.0.0.1:3000")


def names(*only, deployment=HERE):
    return [each.name for each in select_checks(deployment, only)]


def test_a_check_brings_in_what_it_needs_and_no_more():
    assert names("reach.ready") == ["reach.answers", "reach.health", "reach.ready"]
    assert "account.sign-up" in names("session.list")
    assert "headers.csp" not in names("session.list")


def test_groups_and_single_checks_mix():
    chosen = names("cookies", "headers.hsts")
    assert {"cookies.secure", "cookies.kept", "headers.hsts"} <= set(chosen)
    assert "headers.csp" not in chosen


def test_they_stay_in_order():
    order = [each.name for each in CHECKS]
    for chosen in (names("session.sign-out", "reach"), names(deployment=WITH_APP)):
        assert chosen == sorted(chosen, key=order.index)


@pytest.mark.parametrize("deployment", [HERE, WITH_APP], ids=["alone", "with an app"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda each: each.name)
def test_whatever_is_chosen_lacks_nothing(check, deployment):
    chosen = select_checks(deployment, [check.name])
    known = {each.name for each in chosen}
    assert [need for each in chosen for need in each.needs if need not in known] == []


def test_without_an_app_one_check_says_so():
    alone = [name for name in names() if name.startswith("frontend.")]
    assert alone == ["frontend.reaches"]
    assert len([name for name in names(deployment=WITH_APP) if name.startswith("frontend.")]) > 8


def test_an_unknown_name_is_refused_with_the_groups():
    with pytest.raises(UnknownCheck, match="no check 'hedders'; the groups are reach, headers, "):
        select_checks(HERE, ["hedders"])


def test_every_name_is_one_of_its_own_and_needs_what_comes_before():
    earlier = set()
    for each in CHECKS:
        assert each.name not in earlier
        assert set(each.needs) <= earlier
        earlier.add(each.name)
