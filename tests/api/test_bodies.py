"""Which request bodies are accepted, and how the others are refused."""

import pytest

from tests.make import PASSWORD
from tests.scene import refusal

GOOD = b'{"email": "ada@example.com", "password": "correct horse battery"}'
FORM = "application/x-www-form-urlencoded"
JSON_ONLY, FORMS_TOO = "application/json", f"{FORM}, application/json"


@pytest.mark.parametrize(
    "content_type",
    [
        *("application/json", "application/json; charset=utf-8", "Application/JSON"),
        *("application/json;charset=UTF-16", " application/json ", "application/json;;"),
    ],
)
def test_json_is_json_whatever_its_parameters(gatehouse, content_type):
    gatehouse.member()
    headers = {"content-type": content_type}
    response = gatehouse.visitor().post("sign-in/email", raw=GOOD, headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/plain", "text/json", "application/jsonp", "application/json-patch+json"),
        *("application/vnd.api+json", "multipart/form-data; boundary=x", "*/*", "json"),
        "text/plain; application/json",
    ],
)
@pytest.mark.parametrize(
    ("path", "allowed"), [("sign-in/email", FORMS_TOO), ("update-user", JSON_ONLY)]
)
def test_other_types_are_named_with_what_is_allowed(gatehouse, content_type, path, allowed):
    headers = {"content-type": content_type}
    response = gatehouse.visitor().post(path, raw=GOOD, headers=headers)
    message = f'Content-Type "{content_type}" is not allowed. Allowed types: {allowed}'
    assert (response.status_code, response.json()) == (
        415,
        refusal("UNSUPPORTED_MEDIA_TYPE", message),
    )


@pytest.mark.parametrize("content_type", [None, "", ";"])
def test_a_body_of_no_type_is_told_to_have_one(gatehouse, content_type):
    headers = {"content-type": content_type}
    response = gatehouse.visitor().post("update-user", raw=GOOD, headers=headers)
    message = "Content-Type is required. Allowed types: application/json"
    assert (response.status_code, response.json()) == (
        415,
        refusal("UNSUPPORTED_MEDIA_TYPE", message),
    )


def test_a_form_is_taken_for_signing_in_only(gatehouse):
    ada = gatehouse.member()
    response = ada.post("update-user", raw=b"name=x", headers={"content-type": FORM})
    assert response.status_code == 415


def test_a_form_field_said_twice_is_refused_like_a_key_said_twice(gatehouse):
    gatehouse.member()
    raw = b"email=ada@example.com&password=wrong&password=correct+horse+battery"
    response = gatehouse.visitor().post("sign-in/email", raw=raw, headers={"content-type": FORM})
    assert response.status_code == 400


@pytest.mark.parametrize("content_type", ["text/plain", "image/png", None])
def test_an_empty_body_is_none_whatever_its_type(gatehouse, content_type):
    headers = {"content-type": content_type}
    response = gatehouse.member().post("sign-out", raw=b"", headers=headers)
    assert response.json() == {"success": True}


@pytest.mark.parametrize("path", ["sign-in/email", "sign-out"])
def test_broken_json_is_refused_even_where_a_body_is_optional(gatehouse, path):
    response = gatehouse.visitor().post(path, raw=b'{"email":')
    assert (response.status_code, response.json()) == (400, refusal("BAD_REQUEST"))


def test_a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_not(start):
    visitor = start(body_limit=2000).visitor()
    frame = len(b'{"x": ""}')
    largest = b'{"x": "' + b"y" * (2000 - frame) + b'"}'
    assert visitor.post("sign-out", raw=largest).status_code == 200
    response = visitor.post("sign-out", raw=largest + b" ")
    assert (response.status_code, response.json()) == (413, refusal("PAYLOAD_TOO_LARGE"))


def test_the_body_of_a_get_is_not_read(gatehouse):
    ada = gatehouse.member()
    assert ada.get("get-session", raw=b"{" * 100_000).json() is not None


def test_a_password_in_the_query_is_not_one(gatehouse):
    gatehouse.member()
    path = f"sign-in/email?email=ada@example.com&password={PASSWORD.replace(' ', '%20')}"
    assert gatehouse.visitor().post(path, {}).status_code == 400


def test_a_query_of_hundreds_of_fields_is_refused(gatehouse):
    response = gatehouse.visitor().get("get-session?" + "&".join(f"a{n}=1" for n in range(200)))
    assert response.status_code == 400


def test_a_query_field_said_twice_where_one_is_meant_is_refused(gatehouse):
    response = gatehouse.visitor().get("get-session?disableRefresh=true&disableRefresh=false")
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("query", ["%ff=%ff", "%00", "a=%ED%A0%80", "&&&==", "disableRefresh=%00"])
def test_an_odd_query_is_no_crash(gatehouse, query):
    assert gatehouse.visitor().get(f"get-session?{query}").status_code in {200, 400}
