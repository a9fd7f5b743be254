"""What is wrong with a body or a query, in the words of Better Auth's validator, Zod."""

import re
from functools import cache
from typing import Any

from pydantic import BaseModel


def describe_type(value: Any, expected: str, where: str) -> str:
    """Describe a body that is no object."""
    return f"[{where}] Invalid input: expected {expected}, received {_type_name(value)}"


def describe_error(model: type[BaseModel], error: Any, where: str) -> str:
    """Describe one of Pydantic's errors; `where` is "body" or "query"."""
    path = ".".join([where, *(str(part) for part in error["loc"])])
    return f"[{path}] {_format_reason(model, error)}"


def _format_reason(model: type[BaseModel], error: Any) -> str:
    kind, value = error["type"], error["input"]
    if kind == "plain":
        return str(error["msg"])
    if kind == "string_unicode" or _is_union(model, error):
        return "Invalid input"
    if kind == "email":
        return "Invalid email address"
    if options := _find_options(model, error):
        return f"Invalid option: expected one of {options}"
    if kind == "missing":
        return f"Invalid input: expected {_expected_type(model, error)}, received undefined"
    if kind == "greater_than_equal":
        return f"Too small: expected number to be >={error['ctx']['ge']:.0f}"
    if kind == "string_too_long":
        most = error["ctx"]["max_length"]
        return f"Too big: expected string to have <={most} characters"
    if kind == "string_too_short":
        least = error["ctx"]["min_length"]
        return f"Too small: expected string to have >={least} characters"
    if kind == "less_than_equal":
        return f"Too big: expected number to be <={error['ctx']['le']:.0f}"
    return f"Invalid input: expected {_expected_type(model, error)}, received {_type_name(value)}"


_TYPE_NAMES = {
    "string_type": "string",
    "bool_type": "boolean",
    "int_type": "number",
    "float_type": "number",
    "list_type": "array",
    "dict_type": "record",
    "model_type": "object",
}


def _expected_type(model: type[BaseModel], error: Any) -> str:
    if error["type"] in _TYPE_NAMES:
        return _TYPE_NAMES[error["type"]]
    schema = _find_schema(model, error)
    if "additionalProperties" in schema:
        return "record"
    kinds = [schema.get("type"), *(each.get("type") for each in schema.get("anyOf", []))]
    kind = next((kind for kind in kinds if kind and kind != "null"), "object")
    return "number" if kind == "integer" else kind


def _is_union(model: type[BaseModel], error: Any) -> bool:
    """Tell whether a field may have several forms: of those Zod does not say which is missed."""
    forms = _find_schema(model, error).get("anyOf", [])
    return len([each for each in forms if each.get("type") != "null"]) > 1


def _find_options(model: type[BaseModel], error: Any) -> str:
    """Return the values of a field that has another one or none, if they are listed."""
    if error["type"] == "missing":
        return "|".join(f'"{each}"' for each in _find_schema(model, error).get("enum", []))
    if error["type"] in {"literal_error", "enum"}:
        return re.sub(", | or ", "|", error["ctx"]["expected"]).replace("'", '"')
    return ""


def _find_schema(model: type[BaseModel], error: Any) -> dict[str, Any]:
    root = schema = _schema_of(model)
    for part in error["loc"]:
        schema = schema.get("properties", {}).get(part, {})
        if "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def _type_name(value: Any) -> str:
    if value is ...:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
