"""From a record to a user: every field checked, and every refusal in plain words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
)

from backend.features.user_transfer.dates import date_from
from backend.features.user_transfer.records import Record
from backend.kernel.email_address import is_address, normal_form
from backend.kernel.roles import KNOWN
from backend.storage.queries.users import User
from backend.storage.work import Work
from backend.web.wire import Image, Name, Reason


class BadRecord(Exception):
    """This record is no user we can take; the message says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user who is to be moved in, and the line that tells of them."""

    line: int
    user: User
    password_hash: str | None
    lost_id: bool
    """Whether the record's own id is of another shape than ours, and was left out."""


def _address(text: str) -> str:
    if not is_address(text.strip()):
        raise ValueError("is not an e-mail address")
    return normal_form(text.strip())


def _roles(text: str) -> str:
    roles = [role.strip() for role in text.split(",")]
    unknown = [role for role in roles if role not in KNOWN]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no role; there are {', '.join(sorted(KNOWN))}")
    return ",".join(dict.fromkeys(roles))


def _id_or_none(value: Any) -> UUID | None:
    """Keep an id that is a UUID; ids of other shapes give way to new ones."""
    try:
        return UUID(str(value))
    except ValueError:
        return None


Moment = Annotated[datetime, BeforeValidator(date_from)]


class Told(BaseModel):
    """The fields a record may have."""

    model_config = ConfigDict(hide_input_in_errors=True)

    id: Annotated[UUID | None, BeforeValidator(_id_or_none)] = None
    email: Annotated[str, AfterValidator(_address)]
    email_verified: bool = False
    name: Name | None = None
    image: Image | None = None
    password_hash: str | None = None
    role: Annotated[str, AfterValidator(_roles)] = "user"
    banned: bool = False
    ban_reason: Reason | None = None
    ban_expires: Moment | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


def _folded(name: str) -> str:
    return name.lower().replace("_", "")


_FIELDS = {_folded(name): name for name in Told.model_fields} | {"password": "password_hash"}


def field_of(name: str) -> str | None:
    """Return the field that a record calls so: `ban_expires`, `banExpires`, `BANEXPIRES`."""
    return _FIELDS.get(_folded(name))


def person_from(record: Record, work: Work, take_hash: Callable[[str], str]) -> Person:
    """Make a user of a record; raises BadRecord. `take_hash` judges the hash of the password."""
    if record.problem:
        raise BadRecord(record.problem)
    said = {
        field: value
        for name, value in record.fields.items()
        if value is not None and (field := field_of(name))
    }
    try:
        told = Told.model_validate(said)
    except ValidationError as error:
        raise BadRecord(_in_words(error)) from None
    try:
        hashed = take_hash(told.password_hash) if told.password_hash else None
    except ValueError as error:
        raise BadRecord(f"password_hash: {error}") from None
    lost_id = told.id is None and said.get("id") is not None
    return Person(record.line, _user(told, work), hashed, lost_id)


def _user(told: Told, work: Work) -> User:
    created = told.created_at or work.now()
    return User(
        id=told.id or work.new_id(),
        email=told.email,
        email_verified=told.email_verified,
        name=told.email.partition("@")[0] if told.name is None else told.name,
        image=told.image,
        role=told.role,
        banned=told.banned,
        ban_reason=told.ban_reason,
        ban_expires=told.ban_expires,
        created_at=created,
        updated_at=told.updated_at or created,
    )


def _in_words(error: ValidationError) -> str:
    problem = error.errors()[0]
    said = str(problem["msg"]).removeprefix("Value error, ")
    missing = problem["type"] == "missing"
    return f"{problem['loc'][0]}: {'is missing' if missing else said[0].lower() + said[1:]}"
