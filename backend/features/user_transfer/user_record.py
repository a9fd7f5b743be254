"""Converts a record to a user, with a readable message for each invalid field."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from backend.features.user_transfer.dates import parse_date
from backend.features.user_transfer.records import Record
from backend.kernel.email_address import is_email_address, normalize_email
from backend.kernel.roles import ADMIN, ROLES
from backend.kernel.username import (
    MAX_LENGTH,
    MIN_LENGTH,
    find_username_problem,
    normalize_username,
)
from backend.storage.queries.users import User
from backend.storage.work import Work
from backend.web.wire import ImageUrl, Name, Reason


class BadRecord(Exception):
    """This record cannot be imported; the message says why."""


def _from_hex(value: Any) -> Any:
    return bytes.fromhex(value) if isinstance(value, str) else value


def _from_json(value: Any) -> Any:
    """Return what a CSV has in a cell."""
    return json.loads(value) if isinstance(value, str) else value


class MovedFactors(BaseModel):
    """The second factors of a user in a file of `export-users`: encrypted, and digests."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    totp_secret: Annotated[bytes | None, BeforeValidator(_from_hex)]
    totp_confirmed: bool
    mail_codes: bool
    password_by_mail: bool
    before_verification: bool
    backup_codes: list[Annotated[bytes, BeforeValidator(_from_hex)]]


class MovedPasskey(BaseModel):
    """A passkey of a user in a file of `export-users`."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    name: Name | None
    credential_id: Annotated[bytes, BeforeValidator(_from_hex)]
    public_key: Annotated[bytes, BeforeValidator(_from_hex)]
    sign_count: int
    device_type: str
    backed_up: bool
    transports: str | None
    aaguid: str | None
    rp_id: str
    before_verification: bool
    created_at: datetime
    last_used_at: datetime | None


class MovedAccount(BaseModel):
    """An account at a provider in a file of `export-users`: its tokens are encrypted."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    provider_id: str
    issuer: str
    account_id: str
    scopes: str
    created_at: datetime
    updated_at: datetime
    access_token: Annotated[bytes | None, BeforeValidator(_from_hex)]
    refresh_token: Annotated[bytes | None, BeforeValidator(_from_hex)]
    id_token: Annotated[bytes | None, BeforeValidator(_from_hex)]
    access_token_expires_at: datetime | None
    refresh_token_expires_at: datetime | None
    before_verification: bool


@dataclass(frozen=True, slots=True)
class ImportedUser:
    """A user to import, and the line of their record."""

    line: int
    user: User
    password_hash: str | None
    lost_id: bool
    """Whether the record's id was no UUID and was dropped."""
    source_id: str
    """The record's id, UUID or not."""
    two_factor_enabled: bool | None
    """Whether the user has a second factor; None if the record does not say."""
    two_factor: MovedFactors | None
    """The second factors themselves, from a file of our own."""
    passkeys: list[MovedPasskey] | None
    """These too."""
    accounts: list[MovedAccount] | None
    """And these."""


def _parse_address(text: str) -> str:
    if not is_email_address(text.strip()):
        raise ValueError("is not an e-mail address")
    return normalize_email(text.strip())


def _parse_roles(text: str) -> str:
    roles = [role.strip() for role in text.split(",")]
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not a role; the roles are {', '.join(sorted(ROLES))}")
    return ",".join(dict.fromkeys(roles))


def _check_username(text: str | None) -> str | None:
    problem = find_username_problem(text) if text is not None else None
    if problem is not None:
        raise ValueError(_USERNAME_PROBLEMS[problem])
    return text


def _id_or_none(value: Any) -> UUID | None:
    """Return the id if it is a UUID; others are replaced by new ones."""
    try:
        return UUID(str(value))
    except ValueError:
        return None


_USERNAME_PROBLEMS = {
    "USERNAME_TOO_SHORT": f"has fewer than {MIN_LENGTH} characters",
    "USERNAME_TOO_LONG": f"has more than {MAX_LENGTH} characters",
    "INVALID_USERNAME": "has a character other than ASCII letters, digits, _ and .",
}
ImportedDate = Annotated[datetime, BeforeValidator(parse_date)]


class UserRecord(BaseModel):
    """The fields of a record."""

    model_config = ConfigDict(hide_input_in_errors=True)

    id: Annotated[UUID | None, BeforeValidator(_id_or_none)] = None
    email: Annotated[str, AfterValidator(_parse_address)]
    email_verified: bool = False
    name: Name | None = None
    image: ImageUrl | None = None
    password_hash: str | None = None
    role: Annotated[str, AfterValidator(_parse_roles)] = "user"
    banned: bool = False
    ban_reason: Reason | None = None
    ban_expires: ImportedDate | None = None
    username: Annotated[str | None, AfterValidator(_check_username)] = None
    display_username: Name | None = None
    is_anonymous: bool = False
    two_factor_enabled: bool | None = None
    two_factor: Annotated[MovedFactors | None, BeforeValidator(_from_json)] = None
    passkeys: Annotated[list[MovedPasskey] | None, BeforeValidator(_from_json)] = None
    accounts: Annotated[list[MovedAccount] | None, BeforeValidator(_from_json)] = None
    created_at: ImportedDate | None = None
    updated_at: ImportedDate | None = None


def fold(name: str) -> str:
    """Return a field's name as it is looked for: `banExpires` is `ban_expires`."""
    return name.lower().replace("_", "")


_FIELDS = {fold(name): name for name in UserRecord.model_fields} | {"password": "password_hash"}


def find_field(name: str) -> str | None:
    """Find a field by its name in a record: `ban_expires`, `banExpires`, `BANEXPIRES`."""
    return _FIELDS.get(fold(name))


def parse_user(record: Record, work: Work, take_hash: Callable[[str], str]) -> ImportedUser:
    """Convert a record to a user; raises BadRecord. `take_hash` checks the password's hash."""
    if record.problem:
        raise BadRecord(record.problem)
    values = {
        field: value
        for name, value in record.fields.items()
        if value is not None and (field := find_field(name))
    }
    try:
        data = UserRecord.model_validate(values)
    except ValidationError as error:
        raise BadRecord(describe_error(error)) from None
    if data.is_anonymous and ADMIN in data.role.split(","):
        raise BadRecord("is_anonymous: an admin cannot be anonymous")
    try:
        password_hash = take_hash(data.password_hash) if data.password_hash else None
    except ValueError as error:
        raise BadRecord(f"password_hash: {error}") from None
    lost_id = data.id is None and values.get("id") is not None
    return ImportedUser(
        record.line,
        _user(data, work),
        password_hash,
        lost_id,
        source_id=str(values.get("id", "")),
        two_factor_enabled=data.two_factor_enabled,
        two_factor=data.two_factor,
        passkeys=data.passkeys,
        accounts=data.accounts,
    )


def _user(data: UserRecord, work: Work) -> User:
    created = data.created_at or work.now()
    return User(
        id=data.id or work.new_id(),
        email=data.email,
        email_verified=data.email_verified,
        name=data.email.partition("@")[0] if data.name is None else data.name,
        image=data.image,
        role=data.role,
        banned=data.banned,
        ban_reason=data.ban_reason,
        ban_expires=data.ban_expires,
        username=normalize_username(data.username) if data.username else None,
        display_username=data.display_username or data.username,
        is_anonymous=data.is_anonymous,
        created_at=created,
        updated_at=data.updated_at or created,
    )


def describe_error(error: ValidationError) -> str:
    """Return the first problem in words, with the name of its field."""
    problem = error.errors()[0]
    message = str(problem["msg"]).removeprefix("Value error, ")
    missing = problem["type"] == "missing"
    return f"{problem['loc'][0]}: {'is missing' if missing else message[0].lower() + message[1:]}"
