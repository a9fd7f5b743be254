"""Turns a filled-in form into a request.

Invalid values are sent where possible, as a tester wants to see how the API refuses them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from panel.client.loopback import Call, InvalidCall
from panel.tester import words
from panel.tester.openapi import Field, FieldKind, Operation
from panel.tester.quick_actions import Person

_PERSON_FIELDS = ("email", "password", "name")


@dataclass(frozen=True)
class Prefill:
    """The initial value and hint of a field."""

    value: str
    hint: str


def prefill(field: Field, person: Person) -> Prefill:
    """Return a field's initial value: the test user's or an example if it is required."""
    example = _format_example(field.example)
    # A password is optional where users may have none; the test user has one.
    is_asked = field.required or field.name == "password"
    if field.place == "body" and field.name in _PERSON_FIELDS and is_asked:
        return Prefill(getattr(person, field.name), example)
    is_valid = field.kind is not FieldKind.CHOICE or example in field.choices
    return Prefill(example if field.required and is_valid else "", example)


def build_call(operation: Operation, values: Mapping[str, str]) -> Call:
    """Return the request of a form, without empty fields. Raises InvalidCall.

    The keys of `values` are those of `field_key`: `{"query limit": "10"}`.
    """
    path, query, body = operation.path, list[str](), dict[str, Any]()
    for field in operation.fields:
        value = values.get(field_key(field), "")
        if field.required and field.place == "path" and not value:
            raise InvalidCall(words.PATH_NEEDS.format(field.name))
        if not value:
            continue
        if field.place == "path":
            path = path.replace(f"{{{field.name}}}", quote(value, safe=""))
        elif field.place == "query":
            several = value.splitlines() if field.kind is FieldKind.LIST else [value]
            query += [f"{quote(field.name)}={quote(each, safe='')}" for each in several if each]
        else:
            body[field.name] = _parse_value(field, value)
    url = f"{path}?{'&'.join(query)}" if query else path
    payload = json.dumps(body, indent=2, ensure_ascii=False) if operation.takes_body else ""
    return Call(operation.method, url, payload)


def field_key(field: Field) -> str:
    """Return the key of a field's value; query and body may use the same name."""
    return f"{field.place} {field.name}"


def _parse_value(field: Field, value: str) -> Any:
    if field.kind in {FieldKind.TEXT, FieldKind.CHOICE}:
        return value
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        if field.kind is FieldKind.JSON:
            raise InvalidCall(words.NO_JSON.format(field.name)) from None
        return value
    return value if field.kind is FieldKind.ANYTHING and isinstance(parsed, int | float) else parsed


def _format_example(example: Any) -> str:
    if example is None:
        return ""
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
