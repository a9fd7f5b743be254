"""The doctor's checks of signing in with a provider: one names what is wrong, and no other."""

import re

import pytest

from doctor import Deployment, Finding, Verdict, examine
from doctor.selection import select_checks
from tests.rig.authority import Authority
from tests.rig.broken_providers import (
    RIGHT,
    WRONG,
    ProviderCase,
    run_with_provider,
    without_document,
)
from tests.rig.space import Space

CHECKS = {
    *("providers.begin", "providers.request", "providers.redirect-uri", "providers.cookie"),
    *("providers.forged", "providers.targets", "providers.registered", "providers.discovery"),
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def examine_case(tmp_path, authority):
    """Examine a deployment; returns what its checks of providers have found."""

    def run(case: ProviderCase, **options) -> dict[str, Finding]:
        with run_with_provider(case, tmp_path, authority) as running:
            deployment = Deployment(running.url, **options)
            checks = select_checks(deployment, ["providers"])
            findings = {each.check: each for each in examine(deployment, checks=checks)}
        return {name: each for name, each in findings.items() if name.startswith("providers.")}

    return run


def named(case: ProviderCase) -> str:
    return case.name


@pytest.mark.parametrize("case", RIGHT, ids=named)
def test_where_all_is_right_each_check_passes_and_says_what_it_saw(case, examine_case):
    findings = examine_case(case)
    assert findings.keys() == CHECKS
    skipped = {"providers.discovery"} if case.company is without_document else set()
    others = {name for name, each in findings.items() if each.verdict != Verdict.PASS}
    assert others == skipped
    assert "/api/auth/callback/company" in findings["providers.redirect-uri"].evidence
    assert "httponly; samesite=Lax" in findings["providers.cookie"].evidence


@pytest.mark.parametrize("case", WRONG, ids=named)
def test_the_right_check_names_it_and_no_other_does(case, examine_case):
    findings = examine_case(case)
    found = {
        verdict: {name for name, each in findings.items() if each.verdict == verdict}
        for verdict in (Verdict.FAIL, Verdict.WARN)
    }
    assert found == {Verdict.FAIL: set(case.fails), Verdict.WARN: set(case.warns)}
    (at_fault,) = (*case.fails, *case.warns)
    assert case.remedy in findings[at_fault].fix
    for each in findings.values():
        if each.verdict == Verdict.SKIPPED:
            assert each.evidence.startswith("needs providers.")


def test_no_secret_is_told(examine_case):
    findings = examine_case(RIGHT[0])
    told = " ".join(each.evidence for each in findings.values())
    assert re.findall("[A-Za-z0-9_-]{32,}", told) == []


def test_without_providers_it_says_so(tmp_path):
    with Space(tmp_path) as space:
        deployment = Deployment(space.url)
        checks = select_checks(deployment, ["providers"])
        findings = {each.check: each for each in examine(deployment, checks=checks)}
    assert findings["providers.begin"].evidence == "no provider is offered (OIDC_PROVIDERS)"
    assert {findings[each].verdict for each in CHECKS} == {Verdict.SKIPPED}
