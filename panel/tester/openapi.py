"""Reads the API's OpenAPI 3.1 document into what forms need."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")
_JSON = "application/json"
_DEEPEST = 8  # levels of references


class FieldKind(Enum):
    """How a field is filled in, and what it becomes."""

    TEXT = "text"
    NUMBER = "a number"
    CHOICE = "choice"
    BOOLEAN = "true or false"
    LIST = "one per line"
    JSON = "as JSON"
    ANYTHING = "text or JSON"


@dataclass(frozen=True)
class Field:
    """One value of a request."""

    name: str
    place: str
    """Where it goes: path, query or body."""
    kind: FieldKind
    required: bool = False
    choices: tuple[str, ...] = ()
    note: str = ""
    example: Any = None


@dataclass(frozen=True)
class Operation:
    """One endpoint."""

    method: str
    path: str
    tag: str
    summary: str
    description: str
    fields: tuple[Field, ...]
    responses: tuple[tuple[str, str], ...]
    """Status and description, as in the document."""
    takes_body: bool
    needs_session: bool

    @property
    def name(self) -> str:
        """The name in lists: `GET /health`."""
        return f"{self.method} {self.path}"


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return every endpoint, in the document's order."""
    return [
        _operation(document, method, path, definition)
        for path, methods in document.get("paths", {}).items()
        for method, definition in methods.items()
        if method in _METHODS
    ]


def _operation(
    document: Mapping[str, Any], method: str, path: str, definition: Mapping[str, Any]
) -> Operation:
    body = definition.get("requestBody", {}).get("content", {}).get(_JSON)
    parameters = [_parameter(document, each) for each in definition.get("parameters", [])]
    return Operation(
        method.upper(),
        path,
        (definition.get("tags") or [""])[0],
        definition.get("summary", ""),
        definition.get("description", ""),
        tuple(each for each in parameters if each.place in {"path", "query"})
        + tuple(_body_fields(document, body) if body else ()),
        tuple(
            (status, response.get("description", ""))
            for status, response in definition.get("responses", {}).items()
        ),
        takes_body=body is not None,
        needs_session=bool(definition.get("security")),
    )


def _parameter(document: Mapping[str, Any], definition: Mapping[str, Any]) -> Field:
    schema = definition.get("schema", {})
    note = {"description": definition.get("description", ""), **schema}
    required = bool(definition.get("required"))
    return _field(
        document, definition["name"], definition["in"], note, required, definition.get("example")
    )


def _body_fields(document: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[Field]:
    schema = _resolve(document, body.get("schema", {}))
    example = (schema.get("examples") or [{}])[0]
    example = body.get("example", example)
    example = example if isinstance(example, dict) else {}
    required = schema.get("required", [])
    for name, definition in schema.get("properties", {}).items():
        yield _field(document, name, "body", definition, name in required, example.get(name))


def _field(
    document: Mapping[str, Any],
    name: str,
    place: str,
    definition: Mapping[str, Any],
    required: bool,
    example: Any,
) -> Field:
    schema = _resolve(document, definition)
    if example is None:
        example = (schema.get("examples") or [schema.get("default")])[0]
    choices = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    return Field(
        name,
        place,
        _kind(schema, place, bool(choices)),
        required,
        tuple(map(str, choices)),
        _note(schema),
        example,
    )


def _kind(schema: Mapping[str, Any], place: str, has_choices: bool) -> FieldKind:
    if has_choices:
        return FieldKind.CHOICE
    match schema.get("type"):
        case "string":
            return FieldKind.TEXT
        case "integer" | "number":
            return FieldKind.NUMBER
        case "boolean":
            return FieldKind.BOOLEAN
        case "array" if place == "query":
            return FieldKind.LIST
        case "array" | "object":
            return FieldKind.JSON
    return FieldKind.ANYTHING if place == "body" else FieldKind.TEXT


def _note(schema: Mapping[str, Any]) -> str:
    limits = [
        word.format(f"{schema[name]:,}")
        for name, word in (
            ("minimum", "from {}"),
            ("maximum", "to {}"),
            ("minLength", "at least {} characters"),
            ("maxLength", "at most {} characters"),
        )
        if isinstance(schema.get(name), int)
    ]
    format_notes = {"date-time": "a time, such as 2026-12-01T10:00:00.000Z", "uuid": "an id"}
    format_note = format_notes.get(schema.get("format", ""), "")
    description = schema.get("description", "").removesuffix(".")
    return "; ".join(each for each in (description, format_note, " ".join(limits)) if each)


def _resolve(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references, and drop the null of nullable schemas."""
    for _ in range(_DEEPEST):
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**document.get("components", {}).get("schemas", {}).get(name, {}), **rest}
            continue
        several = [each for each in schema.get("anyOf", []) if each.get("type") != "null"]
        if len(several) != 1:
            return schema
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        schema = {**several[0], **rest}
    return {}
