"""JSON as Better Auth speaks it: bodies in, models, and the words of its validation errors."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import parse_qsl

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from backend.kernel.refusals import Refusal, refusal_without_code
from backend.kernel.secrets.secret import Password
from backend.kernel.timestamps import format_timestamp, parse_timestamp

T = TypeVar("T")

_DEEPEST = 32  # levels of nesting in a body (ASVS 15.2.2)
MAX_NAME_LENGTH = 500
"""Characters of four bytes at most: PostgreSQL's index on names holds no more than 2,704 bytes."""
_LONGEST_URL = 2048
MAX_REASON_LENGTH = 1000
_LENGTH = "At most PASSWORD_MAX characters, 128; one that is new at least PASSWORD_MIN, 8."
_DATE_TIME = {"type": "string", "format": "date-time"}


def _instant(said: Any) -> Any:
    if said is None:
        return None
    try:
        if isinstance(said, str):  # a number or a list comes too
            return parse_timestamp(said)
    except ValueError:
        pass
    raise PydanticCustomError("plain", "Invalid input")


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: JSON can say it, nobody can store it
        raise PydanticCustomError("plain", "Invalid input") from None
    return text


def _without_nul(text: str) -> str:
    if "\0" in text:  # PostgreSQL cannot store it
        raise PydanticCustomError("plain", "Invalid input")
    return _encodable(text)


def _not_null(value: Any) -> Any:
    if value is None:  # zod's optional(): absent is fine, null is not
        raise PydanticCustomError("null", "null")
    return value


Text = Annotated[str, AfterValidator(_without_nul)]
Name = Annotated[str, Field(max_length=MAX_NAME_LENGTH), AfterValidator(_without_nul)]
"""What somebody wants to be called: any text, several lines too, as Better Auth takes it."""
Image = Annotated[str, Field(max_length=_LONGEST_URL), AfterValidator(_without_nul)]
"""The URL of a picture. It is in every answer about its user: too short for a picture itself."""
Reason = Annotated[str, Field(max_length=MAX_REASON_LENGTH), AfterValidator(_without_nul)]
"""Why somebody is banned. It is shown in every list of users, so it has an end."""
Moment = Annotated[
    datetime,
    PlainSerializer(format_timestamp, return_type=str),
    WithJsonSchema(_DATE_TIME),
]
"""A date that we say."""
Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema(_DATE_TIME)]
"""A date that we are told, in any zone; UTC if none is said."""


class _NotNull:
    def __get_pydantic_core_schema__(self, kind: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_not_null, handler(kind))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(handler(schema)["anyOf"][0])


NotNull = _NotNull()
"""Marks a field that may be left out but not be null: `Annotated[str | None, NotNull] = None`."""


class _PasswordSchema:
    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        hidden = core_schema.no_info_plain_validator_function(
            lambda text: Password(_encodable(text))
        )
        return core_schema.chain_schema([core_schema.str_schema(strict=True), hidden])


PasswordField = Annotated[
    Password,
    _PasswordSchema(),
    WithJsonSchema({"type": "string", "format": "password", "description": _LENGTH}),
]


class WireModel(BaseModel):
    """A body of the wire: camelCase outside, snake_case inside, nothing coerced."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, strict=True)

    called: ClassVar[str] = "object"
    """What a refusal says was expected: Better Auth calls an open set of fields a record."""


class Status(WireModel):
    """The deed is done."""

    status: bool = True


class Success(WireModel):
    """The deed is done."""

    success: bool = True


class Problem(WireModel):
    """Every refusal."""

    message: str = Field(examples=["Unauthorized"])
    code: Annotated[str | None, NotNull] = Field(default=None, examples=["UNAUTHORIZED"])


def is_name(text: str) -> bool:
    """Tell whether somebody may be called so."""
    try:
        TypeAdapter(Name).validate_python(text)
    except ValidationError:
        return False
    return True


def parse_json(raw: bytes) -> Any:
    """Parse a JSON body; refuses what is broken, nested too deep, or says a key twice."""
    try:
        text = raw.decode("utf-8-sig")  # json would guess at other encodings, and take half pairs
        value = json.loads(
            text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise Refusal("BAD_REQUEST") from None
    if _depth(value) > _DEEPEST:
        raise Refusal("BAD_REQUEST", "The request body is nested too deep")
    return value


def parse_form(raw: bytes) -> dict[str, str]:
    """Parse a form body; every value stays a string. Refuses one that says a field twice."""
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
        return _without_repeats(pairs)
    except ValueError:
        raise refusal_without_code("Invalid form in request body") from None


def validate(model: type[WireModel], value: Any, where: str) -> Any:
    """Check a body or a query against its model; refuses in the words of Better Auth's validator.

    `where` is "body" or "query"; `value` is `...` when the request had none.
    """
    if not isinstance(value, Mapping):
        expected = f"expected {model.called}, received {_kind(value)}"
        raise _invalid([f"[{where}] Invalid input: {expected}"])
    try:
        # Under its outer name only: what is checked as callbackURL must not come as callback_url.
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        raise _invalid([_in_words(model, each, where) for each in error.errors()]) from None


def _invalid(problems: list[str]) -> Refusal:
    return Refusal("VALIDATION_ERROR", "; ".join(problems))


def _in_words(model: type[BaseModel], problem: Any, where: str) -> str:
    path = ".".join([where, *(str(part) for part in problem["loc"])])
    return f"[{path}] {_complaint(model, problem)}"


def _complaint(model: type[BaseModel], problem: Any) -> str:
    kind, given = problem["type"], problem["input"]
    if kind in {"plain", "string_unicode"}:
        return "Invalid input"
    if kind == "email":
        return "Invalid email address"
    if kind == "missing":
        return f"Invalid input: expected {_expected(model, problem)}, received undefined"
    if kind in {"literal_error", "enum"}:
        options = re.sub(", | or ", "|", problem["ctx"]["expected"]).replace("'", '"')
        return f"Invalid option: expected one of {options}"
    if kind == "greater_than_equal":
        return f"Too small: expected number to be >={problem['ctx']['ge']:.0f}"
    if kind == "string_too_long":
        most = problem["ctx"]["max_length"]
        return f"Too big: expected string to have <={most} characters"
    if kind == "less_than_equal":
        return f"Too big: expected number to be <={problem['ctx']['le']:.0f}"
    return f"Invalid input: expected {_expected(model, problem)}, received {_kind(given)}"


_TYPES = {
    "string_type": "string",
    "bool_type": "boolean",
    "int_type": "number",
    "float_type": "number",
    "list_type": "array",
    "dict_type": "record",
    "model_type": "object",
}


def _expected(model: type[BaseModel], problem: Any) -> str:
    if problem["type"] in _TYPES:
        return _TYPES[problem["type"]]
    schema = _schema_of(model)
    for part in problem["loc"]:
        schema = schema.get("properties", {}).get(part, {})
    kinds = [schema.get("type"), *(each.get("type") for each in schema.get("anyOf", []))]
    found = next((kind for kind in kinds if kind and kind != "null"), "object")
    return {"integer": "number"}.get(found, found)


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def _kind(value: Any) -> str:
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


def _without_repeats(pairs: list[tuple[str, T]]) -> dict[str, T]:
    found = dict(pairs)
    if len(found) != len(pairs):  # two readers of one body must not see two values
        raise ValueError("a key is said twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _depth(value: Any) -> int:
    level, deepest = [value], 0
    while level:
        deepest += 1
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return deepest
