"""The API's description becomes forms, and a form becomes a request."""

import json

import pytest

from panel.client.loopback import InvalidCall
from panel.tester.forms import Prefill, build_call, prefill
from panel.tester.openapi import Field, FieldKind, Operation, operations
from panel.tester.quick_actions import Person
from tests.lazy_import import lazy_import
from tests.panel.conftest import Panel

tester_endpoints = lazy_import("panel.pages.tester.endpoints")

ADA = Person("Ada", "ada@example.com", "correct horse")


@pytest.fixture(scope="session")
def operations_by_name(shared_panel: Panel, owner) -> dict[str, Operation]:
    """Every endpoint of the real description."""
    document = shared_panel.run_handler(
        lambda context: context.get("/openapi.json"),
        shared_panel.context(owner),
    )
    return {each.name: each for each in operations(document)}


def fields_by_name(operation: Operation) -> dict[str, Field]:
    return {field.name: field for field in operation.fields}


def test_every_endpoint_has_a_form_and_a_place_for_each_field(operations_by_name):
    assert len(operations_by_name) > 50
    assert all(operation.tag and operation.summary for operation in operations_by_name.values())
    assert (
        max(len(operation.fields) for operation in operations_by_name.values())
        <= tester_endpoints.FIELDS
    )


def test_what_it_answers_and_refuses_is_told(operations_by_name):
    responses = dict(operations_by_name["POST /api/auth/sign-in/email"].responses)
    assert "INVALID_EMAIL_OR_PASSWORD" in responses["401"]
    assert {"200", "429"} <= set(responses)
    assert operations_by_name["GET /api/me"].needs_session
    assert not operations_by_name["GET /health"].needs_session


def test_a_body_is_taken_apart_into_fields(operations_by_name):
    fields = fields_by_name(operations_by_name["POST /api/auth/sign-up/email"])
    assert [name for name, field in fields.items() if field.required] == [
        "name",
        "email",
        "password",
    ]
    assert fields["rememberMe"].kind is FieldKind.BOOLEAN
    assert "at most 2,048 characters" in fields["image"].note
    assert {field.place for field in fields.values()} == {"body"}


def test_query_path_choices_lists_and_numbers_are_known(operations_by_name):
    fields = fields_by_name(operations_by_name["GET /api/auth/admin/list-users"])
    assert fields["searchField"].choices == ("email", "name", "username")
    assert fields["limit"].kind is FieldKind.NUMBER
    assert fields["filterValue"].kind is FieldKind.LIST
    reset_fields = fields_by_name(operations_by_name["GET /api/auth/reset-password/{token}"])
    assert [reset_fields["token"].place, reset_fields["token"].required] == ["path", True]
    assert (
        fields_by_name(operations_by_name["POST /api/auth/admin/has-permission"])[
            "permissions"
        ].kind
        is FieldKind.JSON
    )


def make_field(**attributes) -> Field:
    return Field(**{"name": "x", "place": "body", "kind": FieldKind.TEXT, **attributes})


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"example": "an id", "required": True}, Prefill("an id", "an id")),
        ({"example": "an id"}, Prefill("", "an id")),
        ({"example": ["admin"], "required": True}, Prefill('["admin"]', '["admin"]')),
        ({"name": "email", "required": True}, Prefill("ada@example.com", "")),
        ({"name": "email"}, Prefill("", "")),
        ({"name": "password"}, Prefill(ADA.password, "")),
        ({"name": "email", "place": "query", "required": True}, Prefill("", "")),
        (
            {"kind": FieldKind.CHOICE, "choices": ("a",), "example": "b", "required": True},
            Prefill("", "b"),
        ),
    ],
)
def test_what_is_required_is_filled_in_and_the_rest_hinted_at(attributes, expected):
    assert prefill(make_field(**attributes), ADA) == expected


def make_operation(*fields: Field, body: bool = True, path: str = "/x") -> Operation:
    return Operation("POST", path, "", "", "", fields, (), takes_body=body, needs_session=False)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (FieldKind.TEXT, "12", "12"),
        (FieldKind.NUMBER, "12", 12),
        (FieldKind.NUMBER, "1.5", 1.5),
        (FieldKind.NUMBER, "twelve", "twelve"),
        (FieldKind.BOOLEAN, "false", False),
        (FieldKind.CHOICE, "true", "true"),
        (FieldKind.JSON, '{"a": [1]}', {"a": [1]}),
        (FieldKind.ANYTHING, '["admin"]', ["admin"]),
        (FieldKind.ANYTHING, "admin", "admin"),
        (FieldKind.ANYTHING, "12", "12"),
    ],
)
def test_a_value_is_sent_as_what_it_is_and_nonsense_for_the_api_to_refuse(kind, value, expected):
    call = build_call(make_operation(make_field(kind=kind)), {"body x": value})
    assert json.loads(call.body) == {"x": expected}


def test_what_is_empty_is_not_sent(operations_by_name):
    assert json.loads(build_call(make_operation(make_field()), {}).body) == {}
    assert (
        build_call(make_operation(make_field(place="query"), body=False), {"query x": ""}).path
        == "/x"
    )
    assert build_call(make_operation(body=False), {}).body == ""


def test_nothing_typed_leaves_its_place_in_the_address():
    fields = (
        make_field(place="path"),
        make_field(place="query"),
        make_field(place="query", name="y", kind=FieldKind.LIST),
    )
    values = {"path x": "a/b?c", "query x": "d&e=f #", "query y": "1\n\n2"}
    call = build_call(make_operation(*fields, path="/{x}/z", body=False), values)
    assert call.path == "/a%2Fb%3Fc/z?x=d%26e%3Df%20%23&y=1&y=2"


def test_json_that_cannot_be_read_and_a_missing_piece_of_the_path_are_told():
    with pytest.raises(InvalidCall, match="not valid JSON"):
        build_call(make_operation(make_field(kind=FieldKind.JSON)), {"body x": "{"})
    with pytest.raises(InvalidCall, match="part of the path"):
        build_call(make_operation(make_field(place="path", required=True)), {})


def test_a_description_that_turns_in_circles_is_read_too():
    schemas = {"A": {"$ref": "#/components/schemas/A"}}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
    document = {
        "paths": {"/x": {"post": {"requestBody": body}}},
        "components": {"schemas": schemas},
    }
    (operation,) = operations(document)
    assert (operation.fields, operation.takes_body) == ((), True)
