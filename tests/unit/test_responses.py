"""Responses, as ASGI messages."""

from hypothesis import given
from hypothesis import strategies as st

from backend.kernel.refusals import Refusal, refusal_without_code, service_unavailable
from backend.web.responses.responses import (
    NOT_FOUND,
    Response,
    header_safe,
    json_array,
    redirect,
    refusal_response,
    to_asgi_messages,
)
from backend.web.wire import Status


def headers_of(response: Response, *cookies: str) -> list[tuple[bytes, bytes]]:
    return to_asgi_messages(response, list(cookies))[0]["headers"]


def test_a_model_becomes_json_with_its_outer_names():
    start, body = to_asgi_messages(Response(Status()), [])
    assert (start["status"], body["body"]) == (200, b'{"status":true}')
    assert (b"content-length", b"15") in start["headers"]
    assert (b"content-type", b"application/json") in start["headers"]


def test_bytes_go_as_they_are():
    assert to_asgi_messages(Response(b"null"), [])[1]["body"] == b"null"


def test_several_models_become_an_array():
    assert (
        json_array([Status(), Status(status=False)]).body == b'[{"status":true},{"status":false}]'
    )
    assert json_array([]).body == b"[]"


def test_nothing_is_ever_stored_by_a_cache():
    for response in (
        Response(b"null"),
        NOT_FOUND,
        refusal_response(Refusal("UNAUTHORIZED")),
        redirect("/"),
    ):
        assert (b"cache-control", b"no-store") in headers_of(response)


def test_an_empty_404_has_no_type():
    assert [name for name, _ in headers_of(NOT_FOUND)] == [b"content-length", b"cache-control"]


def test_a_refusal_is_flat():
    response = refusal_response(Refusal("UNAUTHORIZED"))
    assert response.body == b'{"message": "Unauthorized", "code": "UNAUTHORIZED"}'


def test_a_refusal_without_a_code_has_none():
    assert (
        refusal_response(refusal_without_code("No fields to update")).body
        == b'{"message": "No fields to update"}'
    )


def test_a_refusals_headers_come_along():
    assert (b"retry-after", b"5") in headers_of(refusal_response(service_unavailable(5)))


def test_of_two_cookies_with_one_name_the_later_wins():
    response = Response(b"", cookies=["a=2; Path=/", "b=1"])
    lines = [value for name, value in headers_of(response, "a=1; Path=/") if name == b"set-cookie"]
    assert lines == [b"a=2; Path=/", b"b=1"]


def test_a_redirect_is_302_to_its_target():
    assert (b"location", b"/a?b=c#d") in headers_of(redirect("/a?b=c#d"))
    assert to_asgi_messages(redirect("/"), [])[0]["status"] == 302


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_target_fits_into_a_header(target):
    safe = header_safe(target)
    assert safe.isascii()
    assert safe.isprintable()
    assert " " not in safe


@given(st.text(alphabet="abc/?#[]@!$&'()*+,;=:%~-._"))
def test_what_fits_already_is_left_alone(target):
    assert header_safe(target) == target
