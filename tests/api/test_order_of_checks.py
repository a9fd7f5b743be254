"""Which of several faults of a request is reported."""

import pytest

from tests.scene import refusal

EVIL = {"origin": "https://evil.example"}
TEXT = {"content-type": "text/plain"}
NOT_TEXT = {
    "message": 'Content-Type "text/plain" is not allowed. Allowed types: application/json',
    "code": "UNSUPPORTED_MEDIA_TYPE",
}
TOO_MANY = {"message": "Too many requests. Please try again later."}


def test_from_the_outside_inwards(start, clock):
    """Everything is wrong at first; then the faults are mended one by one, in order."""
    gatehouse = start(rate_limits=True)
    visitor = gatehouse.visitor()
    visitor.cookies["any"] = "1"

    def post_raw(raw: bytes, headers: dict[str, str], path: str = "revoke-session"):
        response = visitor.post(path, raw=raw, headers=headers)
        return response.status_code, response.json()

    assert post_raw(b"{", {**EVIL, **TEXT}) == (415, NOT_TEXT)
    assert post_raw(b"{", EVIL) == (400, refusal("BAD_REQUEST"))
    outside = b'{"callbackURL": "//evil.example"}'
    assert post_raw(outside, EVIL) == (403, refusal("INVALID_ORIGIN"))
    assert post_raw(outside, {}) == (403, refusal("INVALID_CALLBACK_URL"))
    missing = "[body.token] Invalid input: expected string, received undefined"
    assert post_raw(b"{}", {}) == (400, refusal("VALIDATION_ERROR", missing))
    assert post_raw(b'{"token": "x"}', {}) == (401, refusal("UNAUTHORIZED"))


def test_too_many_requests_come_before_everything_else(start):
    visitor = start(rate_limits=True).visitor()
    for _ in range(3):
        visitor.post("sign-in/email", raw=b"{")
    response = visitor.post("sign-in/email", raw=b"x", headers={**EVIL, **TEXT})
    assert (response.status_code, response.json()) == (429, TOO_MANY)


def test_who_is_not_signed_in_hears_nothing_of_freshness(gatehouse):
    assert gatehouse.visitor().get("list-sessions").json() == refusal("UNAUTHORIZED")


def test_the_password_is_judged_before_the_address_is_looked_up(gatehouse):
    gatehouse.member()
    with gatehouse.statements() as statements:
        response = gatehouse.visitor().sign_up("ada@example.com", "short")
    assert response.json() == refusal("PASSWORD_TOO_SHORT")
    assert statements == []


def test_on_signing_in_the_address_is_judged_before_the_password(gatehouse):
    response = gatehouse.visitor().sign_in("no address", "x" * 129)
    assert response.json() == refusal("INVALID_EMAIL")


@pytest.mark.parametrize("body", [{"email": "a@b.co", "password": "x" * 129}, {}, []])
def test_what_is_refused_at_the_edge_asks_nothing_of_the_database(gatehouse, body):
    with gatehouse.statements() as statements:
        assert gatehouse.visitor().post("sign-in/email", body).status_code == 400
    assert statements == []
