"""Threat: evading the limits with other spellings of the path or more addresses of one's own."""

import pytest

from backend.features.sessions.dependencies import Protected
from backend.web.routing.endpoint import Endpoint
from backend.web.routing.routes import Routes
from backend.web.wire import Status
from tests.in_process import Gatehouse


def add_things_endpoint(gatehouse: Gatehouse) -> None:
    """Add an endpoint for signed-in users, with a parameter in its path."""
    things = Routes("things", prefix="/api")

    @things.get("/things/{name}")
    def endpoint(name: str, current: Protected) -> Status:
        return Status()

    for spec in things.specs:
        gatehouse.app.router.routes.insert(0, Endpoint(spec, gatehouse.context))


@pytest.fixture
def limited(start) -> Gatehouse:
    return start(rate_limits=True)


def exhaust(gatehouse: Gatehouse, address: str = "203.0.113.7") -> None:
    for _ in range(3):
        assert gatehouse.visitor(address).sign_in().status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "//sign-in/email",
        "sign-in//email",
        "sign-in/email/",
        "SIGN-IN/email",
        "sign-in/email?x=1",
        "sign-in/email#x",
        "sign-in%2Femail",
        "sign%2Din/email",
        "./sign-in/email",
        "sign-in/./email",
        "x/../sign-in/email",
        "sign-in/email;x=1",
    ],
)
def test_no_spelling_of_the_path_is_let_in_unlimited(limited, path):
    exhaust(limited)
    body = {"email": "ada@example.com", "password": "a guess of mine"}
    response = limited.visitor().post(f"/api/auth/{path}", body)
    assert response.status_code in {404, 429}


def test_an_ipv6_subscriber_has_one_count_for_all_addresses(limited):
    for number in range(1, 4):
        assert limited.visitor(f"2001:db8:1:2::{number}").sign_in().status_code == 401
    assert limited.visitor("2001:db8:1:2:ffff:ffff:ffff:ffff").sign_in().status_code == 429
    assert limited.visitor("2001:db8:1:3::1").sign_in().status_code == 401


@pytest.mark.parametrize("alias", ["2001:0db8:0001:0002:0000::9", "2001:DB8:1:2::9"])
def test_another_spelling_of_an_address_is_the_same(limited, alias):
    exhaust(limited, "2001:db8:1:2::9")
    assert limited.visitor(alias).sign_in().status_code == 429


def test_an_ipv4_address_in_ipv6_clothes_is_the_same(limited):
    exhaust(limited)
    assert limited.visitor("::ffff:203.0.113.7").sign_in().status_code == 429


@pytest.mark.parametrize(
    "header", ["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "x-client-ip"]
)
def test_a_stranger_cannot_name_another_address(limited, header):
    exhaust(limited)
    response = limited.visitor().post("sign-in/email", {}, headers={header: "192.0.2.1"})
    assert response.status_code == 429


def test_behind_a_proxy_a_forged_beginning_does_not_help(limited):
    proxy = limited.visitor("10.0.0.1")
    statuses = [
        proxy.post(
            "sign-up/email", {}, headers={"x-forwarded-for": f"192.0.2.{number}, 203.0.113.7"}
        ).status_code
        for number in range(4)
    ]
    assert statuses == [400, 400, 400, 429]


def test_other_methods_of_a_limited_path_do_nothing(limited):
    exhaust(limited)
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert limited.visitor().send(method, "sign-in/email").status_code == 404


def test_a_refused_body_counts_as_well(limited):
    visitor = limited.visitor()
    responses = [visitor.post("sign-in/email", raw=b"{") for _ in range(4)]
    assert [response.status_code for response in responses] == [400, 400, 400, 429]


def test_another_value_in_the_path_is_no_other_count_of_a_user(start):
    gatehouse = start(rate_limits=True, rate_limit_per_user="3/minute")
    add_things_endpoint(gatehouse)
    ada = gatehouse.member()

    responses = [ada.get(f"/api/things/{name}") for name in ("a", "b", "%63", "d")]

    assert [response.status_code for response in responses] == [200, 200, 200, 429]
