"""A few requests over TCP, with Gatehouse started as in production."""

import contextlib
import json

import httpx
import pytest

from tests.make import PASSWORD
from tests.rig.space import Space
from tests.server.wire_client import WireClient


@pytest.fixture
def browser_of(space: Space):
    """Open a client that keeps cookies and sends its origin."""

    def open_one() -> httpx.Client:
        return httpx.Client(
            base_url=space.url, headers={"origin": space.url}, timeout=30, trust_env=False
        )

    return open_one


def make_account(name: str) -> dict[str, str]:
    return {"name": "Ada", "email": f"{name}@example.com", "password": PASSWORD}


def test_somebody_signs_up_is_known_and_signs_out(browser_of):
    with browser_of() as ada:
        ada.headers["x-forwarded-for"] = "203.0.113.81"  # others of this address share its limit
        sign_up = ada.post("/api/auth/sign-up/email", json=make_account("real"))
        assert sign_up.status_code == 200
        body = ada.get("/api/auth/get-session").json()
        assert body["user"] == sign_up.json()["user"]
        assert ada.get("/api/me").status_code == 200
        assert ada.post("/api/auth/sign-out").json() == {"success": True}
        assert ada.get("/api/auth/get-session").json() is None


def test_no_answer_names_the_server_or_its_libraries(browser_of):
    with browser_of() as visitor:
        for path in ("/health", "/api/auth/ok", "/api/auth/nothing", "/nothing", "/api/me"):
            response = visitor.get(path)
            text = (str(response.headers) + response.text).lower()
            assert [word for word in ("uvicorn", "starlette", "python") if word in text] == []


def test_a_proxys_visitor_is_the_last_it_names(browser_of):
    with browser_of() as proxy:
        proxy.headers["x-forwarded-for"] = "1.2.3.4, 203.0.113.7"
        proxy.post("/api/auth/sign-up/email", json=make_account("proxied"))
        session = proxy.get("/api/auth/get-session").json()["session"]
    assert session["ipAddress"] == "203.0.113.7"


@pytest.mark.parametrize(
    "target",
    [
        "/api/auth/../../health",
        "/api/auth/./ok",
        "/api/auth/x/../ok",
        "/api/auth/%2e%2e/ok",
        "/api/auth/%6fk",
        "/api/auth%2Fok",
        "/api/auth\\ok",
        "/api/auth/ok%",
        "/api/auth/%zzok",
        "//api/auth/ok",
        "/x/../health",
        "/%68ealth",
        "/%61dmin/",
        "/%61dmin/login",
        "/admin%2F",
        "/admin/log%69n",
        "/admin/./login",
        "/admin/users%2Ecsv",
    ],
)
def test_a_path_is_taken_as_it_was_sent(space, target):
    client = WireClient(("127.0.0.1", space.port))
    response = client.get(target).response()
    client.close()
    assert response.status == 404


def test_a_host_header_changes_nothing_in_the_answer(space):
    client = WireClient(("127.0.0.1", space.port))
    client.send("GET /api/auth/error?error=x HTTP/1.1", "Host: evil.example")
    response = client.response()
    client.close()
    assert (response.status, response.headers["location"]) == (302, "/?error=x")


def test_a_body_that_is_announced_too_large_is_refused_unread(space):
    client = WireClient(("127.0.0.1", space.port))
    client.send(
        "POST /api/auth/sign-in/email HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        "Content-Length: 50000000",
    )
    response = client.response()
    client.close()
    assert (response.status, json.loads(response.body)["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("size", ["Content-Length: 50000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://evil.example"])
def test_only_the_apps_own_page_can_read_that_its_request_was_too_large(
    space, size: str, origin: str
):
    path, body = "POST /api/auth/update-user HTTP/1.1", b"20000\r\n" + b"x" * 0x20000
    client = WireClient(("127.0.0.1", space.port))
    with contextlib.suppress(ConnectionError):
        client.send(path, "Host: localhost", f"Origin: {origin}", size, body=body)
    response = client.response()
    client.close()
    assert response.status == 413
    allowed = origin if origin == "http://localhost:3000" else None
    assert response.headers.get("access-control-allow-origin") == allowed
    assert response.headers.get("vary") == "Origin"


def test_what_a_caller_left_unsent_opens_nothing(browser_of, space):
    client = WireClient(("127.0.0.1", space.port))
    client.send(
        "POST /api/auth/sign-in/email HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        "Content-Length: 100",
        body=b'{"email": "a',
    )
    client.close()
    with browser_of() as visitor:
        assert visitor.get("/health").status_code == 200
