"""A form that is filled in becomes a request.

What does not fit is sent all the same where it can be: how the API refuses it is what a tester
wants to see.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from panel.client.loopback import Call, InvalidCall
from panel.tester import words
from panel.tester.openapi import Field, Kind, Operation
from panel.tester.quick_actions import Person

_OF_THE_PERSON = {"email": "email", "password": "password", "name": "name"}


@dataclass(frozen=True)
class Prefill:
    """What stands in a field when its form opens."""

    value: str
    hint: str


def prefill(field: Field, person: Person) -> Prefill:
    """Fill a field: what is required with an example, or with what is the test person's."""
    example = _written(field.example)
    if field.place == "body" and field.name in _OF_THE_PERSON and field.required:
        return Prefill(getattr(person, _OF_THE_PERSON[field.name]), example)
    is_valid = field.kind is not Kind.CHOICE or example in field.choices
    return Prefill(example if field.required and is_valid else "", example)


def build_call(operation: Operation, values: Mapping[str, str]) -> Call:
    """Return the request of a form; what is left empty is not sent. Raises InvalidCall.

    `values` are by place and name: `{"query limit": "10"}`, see `field_key`.
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
            several = value.splitlines() if field.kind is Kind.LIST else [value]
            query += [f"{quote(field.name)}={quote(each, safe='')}" for each in several if each]
        else:
            body[field.name] = _read(field, value)
    url = f"{path}?{'&'.join(query)}" if query else path
    payload = json.dumps(body, indent=2, ensure_ascii=False) if operation.takes_body else ""
    return Call(operation.method, url, payload)


def field_key(field: Field) -> str:
    """Return what a field's value is found by: a query and a body may use the same name."""
    return f"{field.place} {field.name}"


def _read(field: Field, value: str) -> Any:
    if field.kind in {Kind.TEXT, Kind.CHOICE}:
        return value
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        if field.kind is Kind.JSON:
            raise InvalidCall(words.NO_JSON.format(field.name)) from None
        return value
    return value if field.kind is Kind.ANYTHING and isinstance(parsed, int | float) else parsed


def _written(example: Any) -> str:
    if example is None:
        return ""
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
