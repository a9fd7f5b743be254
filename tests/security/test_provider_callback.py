"""Threat: answers that the provider did not give to this sign-in (codes, mix-up; RFC 9207)."""

import pytest

from tests.in_process import Gatehouse, Visitor
from tests.openid import (
    ADA,
    COMPANY,
    FORM,
    begin,
    check_failed,
    come_back,
    destination,
    failed,
    refusals,
)

MALLORY = {"sub": "mallory", "email": "mallory@example.com", "email_verified": True}
NOBODYS_PAGE = "http://localhost:7860/api/auth/error?error="


@pytest.fixture
def gatehouse(start_with_providers) -> Gatehouse:
    return start_with_providers()


@pytest.fixture
def ada(gatehouse) -> Visitor:
    return gatehouse.visitor()


@pytest.fixture
def answer(company, ada):
    """The answer to Ada's sign-in."""
    return company.answer(begin(ada), ADA)


def test_an_answer_of_another_issuer(gatehouse, partner, ada, answer):
    response = come_back(ada, answer, iss=partner.issuer)
    check_failed(gatehouse, ada, response, failed("issuer_mismatch"), "issuer_mismatch")


def test_an_answer_without_the_issuer_that_the_provider_promises(gatehouse, ada, answer):
    response = come_back(ada, answer, iss=None)
    check_failed(gatehouse, ada, response, failed("issuer_missing"), "issuer_missing")


def test_an_answer_without_a_code(gatehouse, ada, answer):
    response = come_back(ada, answer, code=None)
    check_failed(gatehouse, ada, response, failed("no_code"), "no_code")


def test_a_code_that_is_used(gatehouse, company, ada, answer):
    assert destination(come_back(ada, answer)) == "/welcome"
    again = company.answer(begin(ada), ADA)
    response = come_back(ada, again, code=answer["code"])
    assert destination(response) == failed("invalid_code")
    assert refusals(gatehouse) == ["invalid_code"]


def test_a_code_that_was_stolen(gatehouse, company, answer):
    """Mallory injects Ada's code into a sign-in of her own: its PKCE verifier is another."""
    mallory = gatehouse.visitor()
    own = company.answer(begin(mallory), MALLORY)
    response = come_back(mallory, own, code=answer["code"])
    check_failed(gatehouse, mallory, response, failed("invalid_code"), "invalid_code")


def test_pages_of_strangers_are_refused(start_with_providers):
    visitor = start_with_providers().visitor()
    for page, code in CODES_OF_PAGES.items():
        for url in ("https://evil.example/in", "//evil.example", "javascript:alert(1)"):
            response = visitor.post("sign-in/social", {"provider": COMPANY, page: url})
            assert (response.status_code, response.json()["code"]) == (403, code)


CODES_OF_PAGES = {
    "callbackURL": "INVALID_CALLBACK_URL",
    "errorCallbackURL": "INVALID_ERROR_CALLBACK_URL",
    "newUserCallbackURL": "INVALID_NEW_USER_CALLBACK_URL",
}
URL_ENCODED = "application/x-www-form-urlencoded"
ODD_FORMS = [
    (URL_ENCODED, b"state=a&state=b"),
    (URL_ENCODED, b"%ff=%00&code=x"),
    (URL_ENCODED, b""),
    ("application/json", b'{"state": 7}'),
    ("application/json", b"[]"),
    ("application/json", b"{"),
    ("multipart/form-data; boundary=x", b"--x"),
    ("text/plain", b"state=a"),
]
ODD_QUERIES = {
    "state=a&state=b&code=x": "invalid_callback_request",
    "state=a&code=x&code=y": "invalid_callback_request",
    "code[]=x&state=a": "state_mismatch",
    "state=%ff%fe&code=%00": "state_mismatch",
    "state=" + "x" * 60_000: "state_mismatch",
    "error=access_denied": "state_not_found",
    "error=%3Cscript%3E&error_description=%0d%0aset-cookie:x=y": "state_not_found",
    "": "state_not_found",
}


def test_answers_that_no_provider_gives(start_with_providers):
    gatehouse = start_with_providers()
    for provider in (COMPANY, "nobody"):
        paths = {f"callback/{provider}?{query}": code for query, code in ODD_QUERIES.items()}
        leads_to = {path: destination(gatehouse.visitor().get(path)) for path in paths}
        assert leads_to == {path: NOBODYS_PAGE + code for path, code in paths.items()}
    assert sorted(refusals(gatehouse)) == sorted([*ODD_QUERIES.values()] * 2)


def test_forms_that_no_provider_posts(start_with_providers):
    visitor = start_with_providers().visitor()
    for kind, body in ODD_FORMS:
        headers = {**FORM, "content-type": kind}
        response = visitor.post(f"callback/{COMPANY}", raw=body, headers=headers)
        assert response.status_code in {302, 400, 415}, (kind, body)


@pytest.mark.parametrize(
    "error", ["access_denied", "<script>", "x" * 5000, "é\r\nset-cookie: x=y", ""]
)
def test_errors_that_a_provider_gives(gatehouse, ada, answer, error):
    response = come_back(ada, answer, code=None, error=error, error_description="<b>" * 2000)
    location = destination(response)
    assert location.startswith("/oops?from=sign-in&error=")
    assert len(location) < 2000
    assert "set-cookie: x" not in str(response.headers)
    assert len(refusals(gatehouse)[0]) < 300
