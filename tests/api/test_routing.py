"""Unknown paths: empty 404s below the API's base path, FastAPI's own elsewhere."""

import pytest
from fastapi.routing import APIRoute

from backend.routes import FEATURES
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status
from tests.scene import check_like_every_answer

NOWHERE = [
    ("GET", "/api/auth/no-such-thing"),
    ("POST", "/api/auth/no-such-thing"),
    ("GET", "/api/auth/"),
    ("GET", "/api/auth/get-session/"),
    ("POST", "/api/auth/sign-in/email/"),
    ("POST", "/api/auth/sign-in"),
    ("POST", "/api/auth//sign-in/email"),
    ("POST", "/api/auth/sign-in//email"),
    ("GET", "/api/auth//get-session"),
    ("GET", "/api/auth/GET-SESSION"),
    ("GET", "/api/auth/%6fk"),
    ("GET", "/api/auth/get%2Dsession"),
    ("GET", "/api/auth/get%2dsession"),
    ("GET", "/api/auth/get%252Dsession"),
    ("GET", "/api/auth/%67%65%74-session"),
    ("POST", "/api/auth/sign-in%2Femail"),
    ("POST", "/api/auth/sign-in%2femail"),
    ("POST", "/api/auth/sign-in%252Femail"),
    ("POST", "/api/auth/sign-in%5Cemail"),
    ("POST", "/api/auth/sign%2Din/email"),
    ("POST", "/api/auth/sign-in/emai%6C"),
    ("POST", "/api/auth/Sign-In/Email"),
    ("POST", "/api/auth/sign-in/email;v=1"),
    ("POST", "/api/auth/sign-in;v=1/email"),
    ("POST", "/api/auth/%2Fsign-in/email"),
    ("POST", "/api/auth/%2e/sign-in/email"),
    ("POST", "/api/auth/x/%2e%2e/sign-in/email"),
    ("POST", "/api/auth/x%2F..%2Fsign-in/email"),
    ("POST", "/api/auth/admin%2Fset-role"),
    ("GET", "/api/auth/admin/list%2Dusers"),
    ("GET", "/api/auth/reset%2Dpassword/abc?callbackURL=/"),
    ("GET", "/api/auth/reset-password%2Fabc?callbackURL=/"),
    ("GET", "/api/auth/get-session%20"),
    ("GET", "/api/auth/get-session%00"),
    ("GET", "/api/auth/set-password"),
    ("GET", "/api/auth/forget-password"),
    ("GET", "/api/auth/sign-in/email"),
    ("GET", "/api/auth/sign-up/email"),
    ("GET", "/api/auth/sign-out"),
    ("PUT", "/api/auth/sign-in/email"),
    ("PATCH", "/api/auth/update-user"),
    ("DELETE", "/api/auth/get-session"),
    ("HEAD", "/api/auth/get-session"),
    ("HEAD", "/api/auth/ok"),
    ("OPTIONS", "/api/auth/get-session"),
    ("OPTIONS", "/api/auth/sign-in/email"),
    ("TRACE", "/api/auth/get-session"),
    ("PROPFIND", "/api/auth/get-session"),
]


@pytest.mark.parametrize(("method", "path"), NOWHERE)
def test_it_is_an_empty_404_and_never_405(gatehouse, method, path):
    response = gatehouse.visitor().send(method, path, raw=b"")
    assert (response.status_code, response.content) == (404, b"")
    assert "content-type" not in response.headers
    assert "allow" not in response.headers
    check_like_every_answer(response)


@pytest.mark.parametrize("username", [True, False])
def test_the_endpoints_of_a_feature_that_is_off_are_unknown_paths(start, monkeypatch, username):
    routes = Routes("x", prefix=AUTH, about="About x.", enabled=lambda settings: settings.username)
    routes.post("/x", response_model=Status)(lambda: Status())
    monkeypatch.setattr("backend.routes.FEATURES", [*FEATURES, routes])
    visitor = start(username=username).visitor()

    response = visitor.post("x")
    document = visitor.get("/openapi.json").json()

    assert (response.status_code, response.content) == (
        (200, b'{"status":true}') if username else (404, b"")
    )
    assert ("/api/auth/x" in document["paths"]) == username
    assert ({"name": "x", "description": "About x."} in document["tags"]) == username


def test_an_unknown_path_does_not_care_for_body_or_origin(gatehouse):
    ada = gatehouse.member()
    response = ada.post("no-such-thing", raw=b"{", headers={"origin": "https://evil.example"})
    assert (response.status_code, response.content) == (404, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api",
        "/api/nothing",
        "/health/",
        "/.env",
        "//health",
        "/%68ealth",
        "/HEALTH",
        "/health;v=1",
        "/x/%2e%2e/health",
        "/api%2Fme",
        "/api/%6de",
        "/api/x%2F..%2Fme",
        "/%61pi/auth/ok",
        "/api/%61uth/ok",
        "/api%2Fauth/ok",
        "/api//auth/ok",
        "/%64ocs",
        "/docs%2Fassets/x.js",
        "/%61dmin/",
        "/api/admin%2Fusers",
        "/api/admin/user%73",
    ],
)
def test_elsewhere_it_is_fastapis_own(gatehouse, path):
    response = gatehouse.visitor().get(path)
    assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize("path", ["/health/", "/api/auth/ok/", "/api/me/"])
def test_no_slash_is_redirected_away(gatehouse, path):
    response = gatehouse.visitor().get(path, headers={"host": "evil.example"})
    assert response.status_code == 404
    assert "location" not in response.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("HEAD", "/api/me"),
        ("HEAD", "/openapi.json"),
        ("HEAD", "/api/admin/status"),
        ("POST", "/health"),
        ("PUT", "/docs/assets/x.js"),
        ("OPTIONS", "/api/stream"),
    ],
)
def test_elsewhere_another_method_is_405_and_head_is_one(gatehouse, method, path):
    response = gatehouse.visitor().send(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, "GET")


def test_fastapi_makes_no_route_but_of_what_is_written_in_it(gatehouse):
    assert [route for route in gatehouse.app.routes if isinstance(route, APIRoute)] == []


def test_the_api_is_there(gatehouse):
    assert gatehouse.visitor().get("ok").json() == {"ok": True}


def test_a_token_in_the_path_may_be_spelled_in_percents(mailing_gatehouse, mailbox):
    ada = mailing_gatehouse.member()
    ada.post("request-password-reset", {"email": "ada@example.com", "redirectTo": "/new"})
    token = mailbox.last("reset").token
    spelled = "".join(f"%{ord(message):02X}" for message in token)
    for each in (token, spelled, f"%{ord(token[0]):02x}{token[1:]}"):
        response = mailing_gatehouse.visitor().get(f"reset-password/{each}?callbackURL=/new")
        assert response.headers["location"].endswith(f"/new?token={token}")


@pytest.mark.parametrize("token", ["no%2Fsuch%2Ftoken", "..%2F..%2Fok", "a%20b", "%25"])
def test_a_slash_within_a_token_is_a_letter_of_the_token(gatehouse, token):
    response = gatehouse.visitor().get(f"reset-password/{token}?callbackURL=/new")
    assert response.status_code == 302
    assert response.headers["location"].endswith("/new?error=INVALID_TOKEN")


def test_so_it_is_in_an_endpoint_of_ones_own(gatehouse):
    @gatehouse.app.get("/mine/{name}")
    async def mine(name: str) -> str:
        return name

    assert gatehouse.visitor().get("/mine/a%20b%2Fc").json() == "a b/c"
    assert gatehouse.visitor().get("/min%65/a").status_code == 404
