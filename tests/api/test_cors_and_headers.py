"""CORS and security headers: who may read a response, and what a browser may do with it."""

import pytest

from tests.in_process import Gatehouse

APP, EVIL = "https://app.example.test", "https://evil.example"
PATHS = ["get-session", "sign-in/email", "no-such-thing", "/health", "/api/me", "/nothing"]
PREFLIGHT = {"access-control-request-method": "POST"}


@pytest.fixture
def gatehouse(start) -> Gatehouse:
    return start(frontend_url=f"{APP},https://*.vercel.app")


def parse_vary(response) -> list[str]:
    return [part.strip() for part in response.headers["vary"].lower().split(",")]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", [APP, "https://pr-7.vercel.app", "http://localhost:7860"])
def test_a_trusted_origin_may_read_the_answer_with_credentials(gatehouse, path, origin):
    response = gatehouse.visitor().get(path, headers={"origin": origin})
    assert response.headers["access-control-allow-origin"] == origin
    assert response.headers["access-control-allow-credentials"] == "true"
    exposed = response.headers["access-control-expose-headers"].split(", ")
    assert {"Retry-After", "X-Retry-After", "X-Request-Id", "Content-Disposition"} <= {*exposed}
    assert "origin" in parse_vary(response)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", [EVIL, "null", f"{APP}.evil.example", f"{APP}:8443", "", "*"])
def test_another_is_not_named(gatehouse, path, origin):
    response = gatehouse.visitor().get(path, headers={"origin": origin})
    assert [name for name in response.headers if name.startswith("access-control-")] == []
    assert "origin" in parse_vary(response)


@pytest.mark.parametrize("path", PATHS)
def test_without_an_origin_nobody_is_named_and_caches_are_told(gatehouse, path):
    response = gatehouse.visitor().get(path)
    assert "access-control-allow-origin" not in response.headers
    assert "origin" in parse_vary(response)


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_of_a_trusted_origin_is_answered(gatehouse, path):
    headers = {"origin": APP, **PREFLIGHT, "access-control-request-headers": "content-type,x-mine"}
    response = gatehouse.visitor().send("OPTIONS", path, headers=headers)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == APP
    assert response.headers["access-control-allow-credentials"] == "true"
    assert "POST" in response.headers["access-control-allow-methods"]
    assert response.headers["access-control-allow-headers"] == "content-type,x-mine"
    assert response.headers["access-control-max-age"] == "600"


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_of_another_gets_nothing(gatehouse, path):
    response = gatehouse.visitor().send("OPTIONS", path, headers={"origin": EVIL, **PREFLIGHT})
    assert response.status_code in {404, 405}
    assert [name for name in response.headers if name.startswith("access-control-")] == []


def test_the_refusal_of_a_trusted_origins_request_can_be_read_too(gatehouse):
    response = gatehouse.visitor(origin=APP).sign_in()
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (401, APP)


def test_a_trusted_origin_may_read_how_long_to_wait(start):
    visitor = start(frontend_url=APP, rate_limits=True).visitor(origin=APP)
    responses = [visitor.sign_in("nobody@example.com") for _ in range(4)]
    assert [response.status_code for response in responses] == [401, 401, 401, 429]
    exposed = responses[-1].headers["access-control-expose-headers"].lower()
    for name in ("retry-after", "x-retry-after"):
        assert int(responses[-1].headers[name]) > 0
        assert name in exposed.split(", ")


def test_signing_in_across_origins_lets_the_script_read_the_token_header(gatehouse):
    response = gatehouse.visitor(origin=APP).sign_up()
    assert response.headers["access-control-allow-origin"] == APP
    assert "set-auth-token" in response.headers["access-control-expose-headers"]


API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
def test_every_answer_carries_the_security_headers(gatehouse, path, method):
    headers = gatehouse.visitor().send(method, path).headers
    assert headers["content-security-policy"] == API_POLICY
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers


def test_no_security_header_comes_twice(gatehouse):
    names = [name for name, _ in gatehouse.visitor().get("/health").headers.multi_items()]
    assert len(names) == len(set(names))


def test_over_https_browsers_are_told_to_stay_there(start):
    headers = start(public_url="https://auth.example.com").visitor().get("/health").headers
    assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"


def test_each_request_has_an_id_of_its_own(gatehouse):
    ids = [gatehouse.visitor().get(path).headers["x-request-id"] for path in PATHS * 3]
    assert len(set(ids)) == len(ids)


def test_a_callers_own_request_id_is_not_taken_over(gatehouse):
    response = gatehouse.visitor().get("/health", headers={"x-request-id": "canary"})
    assert "canary" not in response.headers["x-request-id"]
