"""Threat: where REQUIRE_TWO_FACTOR_FOR asks for a second factor, somebody gets by without one."""

import re
from typing import Any

import pytest
from sqlalchemy import update

from backend.features.stream_demo.service import Ticker
from backend.storage.tables import users
from tests.admins import ADA, BOB, ROOT, give_role, make_admin, user_id_of
from tests.api.test_api_guide import IN_A_CAPABILITY, IN_PLAIN_FASTAPI
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.rig.processes import wait_until
from tests.scene import cookies_of, refusal
from tests.second_factor import enrol

REQUIRED = refusal("TWO_FACTOR_REQUIRED")
OPEN = re.compile(r"/api/auth/(get-session|sign-out|two-factor/.*)")
"""What a session without the factor opens."""
EVENT = re.compile(r"event: (\w+)")


@pytest.fixture
def gatehouse(start_mailing) -> Gatehouse:
    """Where everybody needs a second factor, and a link signs in."""
    return start_mailing(require_two_factor_for="everybody", docs=False)


@pytest.fixture
def replicas(postgres_url: str, start) -> list[Gatehouse]:
    """Two applications on one PostgreSQL, where admins need a second factor."""
    both = [start(database_url=postgres_url, require_two_factor_for="admins") for _ in range(2)]
    for each in both:
        each.wait_for_the_feed()
    return both


def at_other(visitor: Visitor, gatehouse: Gatehouse) -> Visitor:
    """The same browser, whose requests reach the other replica."""
    there = gatehouse.visitor()
    there.cookies = visitor.cookies
    return there


def has_to_enrol(visitor: Visitor) -> bool:
    response = visitor.get("/api/me")
    return response.status_code == 403 and response.json() == REQUIRED


def list_operations(openapi: dict[str, Any]):
    """Every operation of the document: method, path, body, and whether it requires a session."""
    for template, methods in openapi["paths"].items():
        for method, operation in methods.items():
            required = {} not in operation.get("security", [{}])
            names = [each for each in operation.get("parameters", []) if each.get("required")]
            query = "&".join(f"{each['name']}=/x" for each in names if each["in"] == "query")
            if template.endswith("/account-info"):  # takes one of two, so neither is required
                query = "accountId=x"
            path = re.sub(r"\{\w+\}", "x", template) + (f"?{query}" if query else "")
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            yield method.upper(), path, example_of(openapi, body) if body else ..., required


def example_of(openapi: dict[str, Any], body: Any) -> Any:
    name = body["schema"]["$ref"].rpartition("/")[2]
    if name == "Revoke":
        return {"token": "x"}
    return openapi["components"]["schemas"][name].get("examples", [{}])[0]


def sign_in_by_cookie(gatehouse: Gatehouse) -> Visitor:
    visitor = gatehouse.visitor()
    assert visitor.sign_in(BOB).status_code == 200
    return visitor


def sign_in_by_bearer(gatehouse: Gatehouse) -> Visitor:
    token = sign_in_by_cookie(gatehouse).session()["session"]["token"]
    return gatehouse.visitor(authorization=f"Bearer {token}")


@pytest.mark.parametrize(
    ("role", "sign_in"), [("user", sign_in_by_bearer), ("admin", sign_in_by_cookie)]
)
def test_every_endpoint_is_closed_but_those_to_set_it_up(gatehouse, role, sign_in):
    gatehouse.member(ADA)
    gatehouse.member(BOB)
    give_role(gatehouse, BOB, role)
    closed = 0
    for method, path, body, required in list_operations(gatehouse.app.openapi()):
        if OPEN.fullmatch(path):
            continue
        stranger = gatehouse.visitor().send(method, path, body)
        response = sign_in(gatehouse).send(method, path, body)
        if required:
            closed += 1
            assert stranger.status_code == 401, (method, path, stranger.text)
            assert (response.status_code, response.json()) == (403, REQUIRED), (method, path)
        else:
            guessed = "TOO_MANY_ATTEMPTS" in response.text  # both try the same mailed code
            same = response.status_code == stranger.status_code
            assert same or guessed, (method, path, response.text)
    assert closed > 30
    assert sign_in(gatehouse).get("/openapi.json").status_code == 404
    assert sign_in(gatehouse).get("/docs").status_code == 404


def test_an_endpoint_in_plain_fastapi_is_closed_too(gatehouse):
    namespace: dict[str, Any] = {"__name__": "greetings"}
    exec(IN_A_CAPABILITY, namespace)  # noqa: S102  the guide, as a reader would type it
    exec(IN_PLAIN_FASTAPI, {**namespace, "app": gatehouse.app})  # noqa: S102
    bob = gatehouse.member(BOB)
    response = bob.get("/api/greeting")
    assert (response.status_code, response.json()) == (403, REQUIRED)
    enrol(gatehouse, bob)
    assert bob.get("/api/greeting").status_code == 200


def test_who_sets_it_up_is_in_at_once(gatehouse):
    bob = gatehouse.member(BOB)
    assert has_to_enrol(bob)
    assert bob.session()["user"]["email"] == BOB
    enrol(gatehouse, bob)
    assert bob.get("/api/me").status_code == 200


def test_nobody_must_stay_who_does_not_want_to(gatehouse):
    bob = gatehouse.member(BOB)
    assert bob.post("sign-out").status_code == 200
    assert bob.session() is None


def test_a_stream_under_way_ends_when_it_begins(start):
    gatehouse = start(require_two_factor_for="admins")
    bob = gatehouse.member(BOB)

    async def pause(_: float) -> None:
        statement = update(users).where(users.c.email == BOB).values(role="admin")
        await gatehouse.context.pools.run(
            lambda: gatehouse.execute(statement, gatehouse.user_id(BOB))
        )

    gatehouse.context.services[Ticker].pause = pause
    assert EVENT.findall(bob.get("/api/stream").text) == ["end"]


def test_a_role_that_needs_it_counts_on_every_replica_without_a_new_sign_in(replicas):
    first, second = replicas
    root = make_admin(first)
    enrol(first, root)
    here = first.member(BOB)
    there = at_other(here, second)
    assert not has_to_enrol(here)
    assert not has_to_enrol(there)

    role = {"userId": user_id_of(first, BOB), "role": "admin"}
    assert root.post("admin/set-role", role).status_code == 200

    assert has_to_enrol(here)
    wait_until(lambda: has_to_enrol(there), "the other replica to hear of the role", 10)
    assert there.get("admin/list-users").json() == REQUIRED
    enrol(second, there)
    assert there.get("admin/list-users").status_code == 200
    here.cookies = there.cookies
    assert not has_to_enrol(here)


def test_a_factor_that_is_removed_counts_on_every_replica_without_a_new_sign_in(replicas):
    first, second = replicas
    here = make_admin(first)
    enrol(first, here)
    there = at_other(here, second)
    assert there.get("admin/list-users").status_code == 200

    elsewhere = first.visitor()
    elsewhere.cookies = dict(here.cookies)
    assert elsewhere.post("two-factor/disable", {"password": PASSWORD}).status_code == 200
    here.cookies = there.cookies = elsewhere.cookies

    assert has_to_enrol(here)
    wait_until(lambda: has_to_enrol(there), "the other replica to hear of it", 10)


def test_an_impersonating_admin_gave_their_own_and_sets_up_none_for_others(gatehouse):
    gatehouse.member(ADA)
    root = make_admin(gatehouse)
    enrol(gatehouse, root)
    ada = {"userId": user_id_of(gatehouse, ADA)}
    assert root.post("admin/impersonate-user", ada).status_code == 200
    assert root.session()["user"]["email"] == ADA
    assert root.get("/api/me").status_code == 200
    response = root.post("two-factor/enable", {"password": PASSWORD})
    assert (response.status_code, "impersonate" in response.text) == (403, True)


def test_an_admin_without_one_cannot_impersonate_to_get_by(gatehouse):
    gatehouse.member(ADA)
    root = make_admin(gatehouse)
    response = root.post("admin/impersonate-user", {"userId": user_id_of(gatehouse, ADA)})
    assert (response.status_code, response.json()) == (403, REQUIRED)
    assert cookies_of(response) == []
    assert root.session()["user"]["email"] == ROOT
