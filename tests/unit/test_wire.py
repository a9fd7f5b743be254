"""JSON bodies, and validation errors in the words of Better Auth."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from backend.features.accounts.wire import SignIn, SignUp, UpdateUser
from backend.kernel.refusals import Refusal
from backend.kernel.timestamps import format_timestamp
from backend.web.wire import (
    Name,
    NotNull,
    PasswordField,
    Text,
    WireModel,
    parse_form,
    parse_json,
    validate,
)
from tests.clocks import NOON


class Example(WireModel):
    """One field of each kind."""

    some_text: Text
    name: Annotated[Name | None, NotNull] = None
    secret: PasswordField | None = None
    flag: Annotated[bool | None, NotNull] = None
    count: Annotated[int | None, Field(ge=1, le=100)] = None
    order: Literal["asc", "desc"] | None = None
    tags: list[str] | None = None


def refusal(model: type[WireModel], body: Any, where: str = "body") -> str:
    """The error for an invalid body."""
    with pytest.raises(Refusal) as refused:
        validate(model, body, where)
    assert (refused.value.status, refused.value.code) == (400, "VALIDATION_ERROR")
    return refused.value.message


def refusal_of(function: Callable[[], object]) -> Refusal | None:
    """The refusal it raises, or None; any other exception is a bug."""
    try:
        function()
    except Refusal as refusal:
        return refusal
    return None


def example(**fields: Any) -> str:
    return refusal(Example, {"someText": "x", **fields})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (..., "undefined"),
        (None, "null"),
        (True, "boolean"),
        (7, "number"),
        (7.5, "number"),
        ("text", "string"),
        ([], "array"),
        ([{}], "array"),
    ],
)
def test_a_body_is_an_object(body, kind):
    assert refusal(Example, body) == f"[body] Invalid input: expected object, received {kind}"


def test_some_bodies_are_called_records():
    assert refusal(UpdateUser, []) == "[body] Invalid input: expected record, received array"


WRONG = [
    ({"someText": None}, "[body.someText] Invalid input: expected string, received null"),
    ({"someText": 7}, "[body.someText] Invalid input: expected string, received number"),
    ({"someText": ["x"]}, "[body.someText] Invalid input: expected string, received array"),
    ({"someText": {"$ne": 1}}, "[body.someText] Invalid input: expected string, received object"),
    ({"someText": "a\0b"}, "[body.someText] Invalid input"),
    ({"someText": "\ud800"}, "[body.someText] Invalid input"),
    ({"name": None}, "[body.name] Invalid input: expected string, received null"),
    ({"name": "a\0b"}, "[body.name] Invalid input"),
    ({"name": "\ud800"}, "[body.name] Invalid input"),
    ({"name": "x" * 501}, "[body.name] Too big: expected string to have <=500 characters"),
    ({"secret": 12345678}, "[body.secret] Invalid input: expected string, received number"),
    ({"secret": "\udfff"}, "[body.secret] Invalid input"),
    ({"flag": "false"}, "[body.flag] Invalid input: expected boolean, received string"),
    ({"flag": 1}, "[body.flag] Invalid input: expected boolean, received number"),
    ({"flag": None}, "[body.flag] Invalid input: expected boolean, received null"),
    ({"count": "7"}, "[body.count] Invalid input: expected number, received string"),
    ({"count": 0}, "[body.count] Too small: expected number to be >=1"),
    ({"count": 101}, "[body.count] Too big: expected number to be <=100"),
    ({"order": "up"}, '[body.order] Invalid option: expected one of "asc"|"desc"'),
    ({"tags": "x"}, "[body.tags] Invalid input: expected array, received string"),
    ({"tags": [7]}, "[body.tags.0] Invalid input: expected string, received number"),
]


@pytest.mark.parametrize(
    ("fields", "message"), WRONG, ids=[ascii(fields)[:40] for fields, _ in WRONG]
)
def test_a_wrong_field_is_named_in_better_auths_words(fields, message):
    assert example(**fields) == message


def test_a_missing_field_is_undefined():
    message = refusal(Example, {})
    assert message == "[body.someText] Invalid input: expected string, received undefined"


def test_a_missing_password_is_a_missing_string():
    message = refusal(SignIn, {"email": "x"})
    assert message == "[body.password] Invalid input: expected string, received undefined"


def test_several_are_joined():
    assert example(someText=7, flag="x") == (
        "[body.someText] Invalid input: expected string, received number; "
        "[body.flag] Invalid input: expected boolean, received string"
    )


def test_a_query_is_called_a_query():
    message = refusal(Example, {}, "query")
    assert message.startswith("[query.someText] ")


def test_fields_have_their_outer_names_only():
    message = refusal(Example, {"some_text": "x"})
    assert message == "[body.someText] Invalid input: expected string, received undefined"
    fields = {"email": "a", "password": "b", "callback_url": "//evil.example"}
    assert validate(SignIn, fields, "body").callback_url is None


def test_unknown_fields_are_dropped():
    assert not hasattr(validate(Example, {"someText": "x", "more": 1}, "body"), "more")


@pytest.mark.parametrize(
    "fields", [{"email": "ada"}, {"email": "ada@example.com\0"}, {"email": "x" * 10_000 + "@b.co"}]
)
def test_an_address_that_is_none(fields):
    good = {"name": "Ada", "email": "ada@example.com", "password": "long enough"}
    assert refusal(SignUp, {**good, **fields}).startswith("[body.email] Invalid ")


def test_a_refusal_does_not_repeat_what_was_said():
    assert "canary" not in refusal(SignUp, {"name": ["canary"], "email": "canary", "password": 1})


@given(
    st.dictionaries(
        st.sampled_from(["name", "email", "password", "image", "callbackURL", "rememberMe", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ),
    )
)
def test_any_object_is_taken_or_refused(body):
    refusal = refusal_of(lambda: validate(SignUp, body, "body"))
    assert refusal is None or refusal.message.startswith("[body")


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [
        (NOON, "2026-11-22T12:00:00.000Z"),
        (NOON + timedelta(microseconds=999), "2026-11-22T12:00:00.000Z"),
        (NOON + timedelta(microseconds=1_000), "2026-11-22T12:00:00.001Z"),
        (NOON + timedelta(microseconds=999_999), "2026-11-22T12:00:00.999Z"),
        (NOON.astimezone(timezone(timedelta(hours=-7))), "2026-11-22T12:00:00.000Z"),
        (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_date_has_exactly_three_decimals(timestamp, text):
    assert format_timestamp(timestamp) == text


@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_date_is_read_back_to_the_millisecond(timestamp):
    assert abs(datetime.fromisoformat(format_timestamp(timestamp)) - timestamp) < timedelta(
        milliseconds=1
    )


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


BROKEN = [
    b"{",
    b'{"a":}',
    b"{'a':1}",
    b'{"a":1,}',
    b'{"a":1}{"b":2}',
    b'{"a":1} x',
    b"\xff\xfe",
    '{"a":1}'.encode("utf-16"),
    b'{"a":"\xed\xa0\x80"}',
    b'"\xff"',
    b'{"a":"\x01"}',
    b"undefined",
    b"NaN",
    b'{"a":NaN}',
    b'{"a":Infinity}',
    b'{"a":-Infinity}',
    b'{"a":1,"a":2}',
    b'{"x":{"a":1,"b":1,"a":1}}',
    b'{"a":' + b"9" * 5000 + b"}",
    b"\0",
    b" ",
    b"// comment\n{}",
    nested(33),
    nested(60_000 // 2),
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b"[" * 65_000,
]


@pytest.mark.parametrize("raw", BROKEN, ids=[f"{len(raw)} {raw[:20]!r}" for raw in BROKEN])
def test_broken_json_is_a_bad_request(raw):
    with pytest.raises(Refusal) as refused:
        parse_json(raw)
    assert (refused.value.status, refused.value.code) == (400, "BAD_REQUEST")


def test_a_byte_order_mark_does_no_harm():
    assert parse_json(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


def test_32_levels_are_the_most():
    assert parse_json(nested(32))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_json_is_json(value):
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_refused(raw):
    refused = refusal_of(lambda: parse_json(raw))
    assert refused is None or refused.code == "BAD_REQUEST"


def test_a_form_is_strings():
    assert parse_form(b"a=1&b=&c=x+y%20z&d=%C3%A9") == {"a": "1", "b": "", "c": "x y z", "d": "é"}


@pytest.mark.parametrize("raw", [b"\xff=1", b"&".join([b"a=1"] * 101)])
def test_a_form_that_is_none_is_refused(raw):
    with pytest.raises(Refusal) as refused:
        parse_form(raw)
    assert refused.value.status == 400


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_refused(raw):
    refused = refusal_of(lambda: parse_form(raw))
    assert refused is None or refused.status == 400
