"""Better Auth's JSON: parsed bodies, models, and the messages of its validation errors."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, TypeVar
from urllib.parse import parse_qsl

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
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
from backend.web.validation_messages import describe_error, describe_type

T = TypeVar("T")

_MAX_DEPTH = 32  # nested arrays and objects in a body (ASVS 15.2.2)
MAX_NAME_LENGTH = 500
"""In characters of up to four bytes: PostgreSQL's index on names holds at most 2,704 bytes."""
MAX_URL_LENGTH = 2048
MAX_REASON_LENGTH = 1000
_LENGTH = "At most PASSWORD_MAX (128) characters; a new password at least PASSWORD_MIN (8)."
_DATE_TIME = {"type": "string", "format": "date-time"}


def _parse_instant(value: Any) -> Any:
    if value is None:
        return None
    try:
        if isinstance(value, str):  # it may be a number or a list
            return parse_timestamp(value)
    except ValueError:
        pass
    raise PydanticCustomError("plain", "Invalid input")


def _check_encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: valid in JSON, but cannot be stored
        raise PydanticCustomError("plain", "Invalid input") from None
    return text


def _check_text(text: str) -> str:
    if "\0" in text:  # PostgreSQL cannot store it
        raise PydanticCustomError("plain", "Invalid input")
    return _check_encodable(text)


def _reject_null(value: Any) -> Any:
    if value is None:  # zod's optional(): absent is fine, null is not
        raise PydanticCustomError("null", "null")
    return value


Text = Annotated[str, AfterValidator(_check_text)]
Name = Annotated[str, Field(max_length=MAX_NAME_LENGTH), AfterValidator(_check_text)]
"""A user's name: any text, even of several lines, as in Better Auth."""
ImageUrl = Annotated[str, Field(max_length=MAX_URL_LENGTH), AfterValidator(_check_text)]
"""The URL of a picture. Every response about the user has it, so it cannot be a picture itself."""
Reason = Annotated[str, Field(max_length=MAX_REASON_LENGTH), AfterValidator(_check_text)]
"""Why a user is banned. Limited, because every list of users shows it."""
TimestampOut = Annotated[
    datetime,
    PlainSerializer(format_timestamp, return_type=str),
    WithJsonSchema(_DATE_TIME),
]
"""A timestamp in a response."""
TimestampIn = Annotated[datetime, BeforeValidator(_parse_instant), WithJsonSchema(_DATE_TIME)]
"""A timestamp in a request, in any time zone; UTC if it has none."""


class _NotNull:
    def __get_pydantic_core_schema__(self, kind: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_reject_null, handler(kind))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(handler(schema)["anyOf"][0])


NotNull = _NotNull()
"""Marks a field that may be left out but not be null: `Annotated[str | None, NotNull] = None`."""


class _PasswordSchema:
    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        hidden = core_schema.no_info_plain_validator_function(
            lambda text: Password(_check_encodable(text))
        )
        return core_schema.chain_schema([core_schema.str_schema(strict=True), hidden])


PasswordField = Annotated[
    Password,
    _PasswordSchema(),
    WithJsonSchema({"type": "string", "format": "password", "description": _LENGTH}),
]


def example(
    content: dict[str, JsonValue], *, extra: Literal["allow", "ignore", "forbid"] = "ignore"
) -> ConfigDict:
    """Configure a model, with an example of its JSON for the docs."""
    return ConfigDict(json_schema_extra={"examples": [content]}, extra=extra)


class WireModel(BaseModel):
    """A model of JSON or a query: camelCase in it, snake_case in Python, and no type coercion."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, strict=True)

    type_names: ClassVar[Sequence[str]] = ("object",)
    """The expected types in validation errors: Better Auth calls an open set of fields a record.

    None of them for a union, whose errors do not name what was expected.
    """


class Status(WireModel):
    """The request succeeded."""

    status: bool = True


class Success(WireModel):
    """The request succeeded."""

    success: bool = True


class Problem(WireModel):
    """An error."""

    message: str = Field(examples=["Unauthorized"])
    code: Annotated[str | None, NotNull] = Field(default=None, examples=["UNAUTHORIZED"])


def is_valid_name(text: str) -> bool:
    try:
        TypeAdapter(Name).validate_python(text)
    except ValidationError:
        return False
    return True


def parse_json(raw: bytes) -> Any:
    """Parse a JSON body; refuses invalid JSON, repeated keys, and nesting that is too deep."""
    try:
        text = raw.decode("utf-8-sig")  # json would guess encodings, and accept lone surrogates
        value = json.loads(text, object_pairs_hook=_to_dict, parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        raise Refusal("BAD_REQUEST") from None
    if _depth(value) > _MAX_DEPTH:
        raise Refusal("BAD_REQUEST", "The request body is nested too deep")
    return value


def parse_form(raw: bytes) -> dict[str, str]:
    """Parse a form body, whose values stay strings; refuses repeated fields."""
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
        return _to_dict(pairs)
    except ValueError:
        raise refusal_without_code("Invalid form in request body") from None


def validate(model: type[WireModel], value: Any, where: str) -> Any:
    """Validate a body or a query; refuses with the messages of Better Auth's validator.

    `where` is "body" or "query"; `value` is `...` when the request had none.
    """
    if not isinstance(value, Mapping):
        expected = [describe_type(value, each, where) for each in model.type_names]
        raise _invalid(expected or [f"[{where}] Invalid input"])
    try:
        # By alias only: callbackURL is checked, so callback_url must not be accepted in its place.
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        raise _invalid([describe_error(model, each, where) for each in error.errors()]) from None


def _invalid(messages: list[str]) -> Refusal:
    return Refusal("VALIDATION_ERROR", "; ".join(messages))


def _to_dict(pairs: list[tuple[str, T]]) -> dict[str, T]:
    values = dict(pairs)
    if len(values) != len(pairs):  # another parser of this body might use the other value
        raise ValueError("a key is repeated")
    return values


def _reject_constant(name: str) -> Any:
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
