"""What the log says when a frontend's origin is not trusted: to the browser it is only a 403."""

import pytest
from structlog.testing import capture_logs

OWN = "http://localhost:7860, http://127.0.0.1:7860"


@pytest.fixture
def member(start):
    return start(frontend_url="https://app.example.com").member()


def refuse(member, *origins):
    """The log's lines about requests from these origins."""
    with capture_logs() as log:
        for origin in origins:
            response = member.post("update-user", {"name": "Ada"}, headers={"origin": origin})
            assert response.status_code == 403
    return [line for line in log if line["event"] == "origin_refused"]


def test_a_refused_origin_is_named_beside_those_that_are_trusted(member):
    (line,) = refuse(member, "https://www.example.com")
    assert line["origin"] == "https://www.example.com"
    assert line["trusted"] == f"{OWN}, https://app.example.com"
    assert "FRONTEND_URL" in line["hint"]


def test_each_is_named_once_a_minute(member, clock):
    assert len(refuse(member, *["https://www.example.com"] * 3)) == 1
    clock.advance(seconds=60)
    assert len(refuse(member, "https://www.example.com")) == 1


def test_a_flood_of_them_does_not_flood_the_log(member):
    lines = refuse(member, *(f"https://{number}.{'x' * 300}.example" for number in range(20)))
    assert len(lines) == 5
    assert all(len(line["origin"]) <= 200 for line in lines)


def test_a_refused_target_is_named_without_what_may_be_secret(member):
    payload = {"email": "ada@example.com"}
    targets = ["https://other.example/reset?token=canary", "//other.example/canary"]
    with capture_logs() as log:
        for target in targets:
            member.post("request-password-reset", {**payload, "redirectTo": target})
    named = [line["origin"] for line in log if line["event"] == "origin_refused"]
    assert named == ["https://other.example", "an address without origin"]
