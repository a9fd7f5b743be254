"""The cookies of COOKIE_DOMAIN beside those of Better Auth with crossSubDomainCookies."""

import json
from pathlib import Path

from tests.in_process import Visitor
from tests.make import PASSWORD
from tests.rig.node import require_node, run_node

HERE = Path(__file__).parent
DOMAIN = "example.com"


def without_values(lines: list[str]) -> list[str]:
    """Names and attributes of Better Auth's cookies, without those that belong to the host."""
    ours = [line for line in lines if "; Domain=" in line]
    split = [line.partition(";") for line in ours]
    return sorted(f"{pair.partition('=')[0]};{attributes}" for pair, _, attributes in split)


def run_steps(visitor: Visitor) -> dict[str, list[str]]:
    answers = {
        "signUp": visitor.sign_up(),
        "signIn": visitor.sign_in(rememberMe=False),
        "signOut": visitor.post("sign-out"),
    }
    return {step: each.headers.get_list("set-cookie") for step, each in answers.items()}


def test_the_cookies_of_a_domain_are_better_auths(start):
    require_node(HERE)
    gatehouse = start(public_url="https://auth.example.com", cookie_domain=DOMAIN)
    result = run_node(HERE, "cross_sub_domain_cookies.mjs", DOMAIN, PASSWORD, seconds=60)
    expected = json.loads(result.stdout)
    ours = run_steps(gatehouse.visitor())
    assert len(expected["signIn"]) >= 2
    for step, lines in expected.items():
        assert without_values(ours[step]) == without_values(lines), step
