"""The doctor's checks of signing in with a provider: one names what is wrong, and no other."""

import json
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
from tests.rig.proxy import ProxyBehaviour, ProxyRequest, ProxyResponse
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
            deployment = Deployment(running.url, address=running.address, **options)
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


def test_a_server_on_the_internet_sends_it_to_no_host_of_its_own_network(examine_case):
    findings = examine_case(ProviderCase("inside", public="https://auth.example.com"))
    assert findings["providers.redirect-uri"].verdict == Verdict.PASS
    for name in ("providers.registered", "providers.discovery"):
        assert findings[name].verdict == Verdict.SKIPPED
        assert "is no public host" in findings[name].evidence


def test_without_providers_it_says_so(tmp_path):
    with Space(tmp_path) as space:
        deployment = Deployment(space.url)
        checks = select_checks(deployment, ["providers"])
        findings = {each.check: each for each in examine(deployment, checks=checks)}
    assert findings["providers.begin"].evidence == "no provider is offered (OIDC_PROVIDERS)"
    assert {findings[each].verdict for each in CHECKS} == {Verdict.SKIPPED}


class NamesProviders(ProxyBehaviour):
    """Behind it the server offers what it does not have, at addresses that lead anywhere."""

    def __init__(self, *ids: str, url: str = "") -> None:
        self.ids, self.url = ids, url
        self.begun = 0

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        answers = {
            "/api/sign-in-methods": {"socialProviders": [{"id": i, "name": i} for i in self.ids]},
            "/api/auth/sign-in/social": {"url": self.url, "redirect": False},
        }
        if request.path not in answers:
            return None
        self.begun += request.path.endswith("social")
        body = json.dumps(answers[request.path]).encode()
        return ProxyResponse(200, [("content-type", "application/json")], [body])


@pytest.mark.parametrize(
    "url",
    [
        *("", "/sign-in", "javascript:alert(1)", "ftp://provider.example/", "https://"),
        *(
            "http://provider.example/authorize",
            "https://[::1/",
            "https://a b/",
            "https://a/\x1b[2J",
        ),
        *(
            "https://a:99999999/",
            "https://user:password@provider.example/",
            "https://\u202e.example/",
        ),
    ],
)
def test_an_address_that_no_browser_should_open_is_named(url, examine_case):
    case = ProviderCase("lies", behaviour=lambda: NamesProviders("company", url=url))
    finding = examine_case(case)["providers.begin"]
    assert finding.verdict == Verdict.FAIL
    assert finding.evidence.isprintable()
    assert "password" not in finding.evidence


def test_names_that_are_no_paths_and_names_without_end_do_no_harm(examine_case):
    behaviour = NamesProviders(
        *("../../admin", "a b\n", "\u202e", "x" * 3000),
        *(f"provider{number}" for number in range(5000)),
        url="https://provider.invalid/authorize?state=%0a&redirect_uri=%5B",
    )
    findings = examine_case(ProviderCase("boasts", behaviour=lambda: behaviour))
    assert behaviour.begun < 40
    assert findings["providers.request"].verdict == Verdict.FAIL
    assert all(each.evidence.isprintable() for each in findings.values())
