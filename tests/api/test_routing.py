"""What is not there: empty 404s below the API's base, FastAPI's own elsewhere."""

import pytest

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
    answer = gatehouse.visitor().send(method, path, raw=b"")
    assert (answer.status_code, answer.content) == (404, b"")
    assert "content-type" not in answer.headers
    assert "allow" not in answer.headers
    check_like_every_answer(answer)


def test_an_unknown_path_does_not_care_for_body_or_origin(gatehouse):
    ada = gatehouse.member()
    answer = ada.post("no-such-thing", raw=b"{", headers={"origin": "https://evil.example"})
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize(
    "path", ["/nothing", "/api", "/api/nothing", "/health/", "/.env", "//health"]
)
def test_elsewhere_it_is_fastapis_own(gatehouse, path):
    answer = gatehouse.visitor().get(path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize("path", ["/health/", "/api/auth/ok/", "/api/me/"])
def test_no_slash_is_redirected_away(gatehouse, path):
    answer = gatehouse.visitor().get(path, headers={"host": "evil.example"})
    assert answer.status_code == 404
    assert "location" not in answer.headers


def test_a_path_that_is_spelled_in_percents_is_the_same_path(gatehouse):
    assert gatehouse.visitor().get("/api/auth/%6fk").json() == {"ok": True}


def test_the_api_is_there(gatehouse):
    assert gatehouse.visitor().get("ok").json() == {"ok": True}
