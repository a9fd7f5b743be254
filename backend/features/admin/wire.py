"""The JSON of administering users and their sessions."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from backend.features.accounts.wire import Email
from backend.features.sessions.wire import SessionOut, UserOut
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password
from backend.kernel.settings import Settings
from backend.kernel.timestamps import MAX_LIFETIME
from backend.web.wire import (
    ImageUrl,
    Name,
    NotNull,
    PasswordField,
    Reason,
    Text,
    TimestampIn,
    WireModel,
    example,
)


def _parse_roles(value: Any) -> tuple[str, ...]:
    roles = [value] if isinstance(value, str) else value
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise PydanticCustomError("plain", "Invalid input")
    return tuple(roles)


def _require_password(password: Password) -> Password:
    if not password.reveal():
        raise PydanticCustomError("plain", "newPassword cannot be empty")  # Better Auth's words
    return password


def _require_id(text: str) -> str:
    if not text:
        raise PydanticCustomError("plain", "userId cannot be empty")
    return text


_ID = "01a203c2-7c93-7407-ab15-d32628a133b6"
UserId = Annotated[Text, Field(examples=[_ID])]
Roles = Annotated[
    tuple[str, ...],
    PlainValidator(_parse_roles),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "examples": ["admin"],
        }
    ),
]


class NewUserData(WireModel):
    """More fields of a new user."""

    model_config = ConfigDict(extra="allow")  # kept only to refuse it by name

    image: ImageUrl | None = None
    email_verified: Annotated[bool | None, NotNull] = None
    role: Annotated[Roles | None, NotNull] = None
    username: str | None = None
    display_username: Name | None = None


class CreateUser(WireModel):
    """A new user. Without a password, they must request a reset before they can sign in."""

    model_config = example({"email": "ada@example.com", "name": "Ada Lovelace"})

    email: Annotated[Text, Field(examples=["ada@example.com"])]
    name: Annotated[Name, Field(examples=["Ada Lovelace"])]
    password: Annotated[PasswordField | None, NotNull] = None
    role: Annotated[Roles | None, NotNull] = None
    data: Annotated[NewUserData | None, NotNull] = None


class UserData(WireModel):
    """The fields to change."""

    model_config = ConfigDict(extra="allow")

    name: Annotated[Name | None, NotNull] = None
    image: ImageUrl | None = None
    email: Annotated[Text | None, NotNull] = None
    email_verified: Annotated[bool | None, NotNull] = None
    role: Any = Field(default=None, description="One role, or a list of them.")
    banned: Annotated[bool | None, NotNull] = None
    ban_reason: Reason | None = None
    ban_expires: TimestampIn | None = None
    username: str | None = None
    display_username: Name | None = None


class ChangeUser(WireModel):
    """The user, and the fields to change."""

    model_config = example({"userId": _ID, "data": {"name": "Ada King"}})

    user_id: UserId
    data: UserData


class ById(WireModel):
    """The user's id."""

    id: UserId


class OfUser(WireModel):
    """The user's id."""

    model_config = example({"userId": _ID})

    user_id: UserId


class SetRole(WireModel):
    """The user, and the roles that replace their current ones."""

    model_config = example({"userId": _ID, "role": ["admin"]})

    user_id: UserId
    role: Roles


class BanUser(WireModel):
    """The user, the reason, and the length in seconds; permanent without a length."""

    model_config = example({"userId": _ID, "banReason": "Spam", "banExpiresIn": 86400})

    user_id: UserId
    ban_reason: Annotated[Reason | None, NotNull] = None
    ban_expires_in: Annotated[
        Annotated[float, Field(ge=0, le=MAX_LIFETIME, examples=[86400])] | None, NotNull
    ] = None


class SetUserPassword(WireModel):
    """The user, and their new password."""

    model_config = example({"userId": _ID, "newPassword": "battery correct horse"})

    user_id: Annotated[UserId, AfterValidator(_require_id)]
    new_password: Annotated[PasswordField, AfterValidator(_require_password)]


class RevokeUserSession(WireModel):
    """The session to end: its token, or the handle from `list-user-sessions`."""

    model_config = example({"sessionToken": "01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8"})

    session_token: Text


class HasPermission(WireModel):
    """The permissions to check, by resource."""

    model_config = example({"permissions": {"user": ["create", "ban"]}})

    permissions: Annotated[
        dict[str, list[str]] | None, NotNull, Field(examples=[{"user": ["create", "ban"]}])
    ] = None
    permission: Any = Field(default=None, description="The former name; not supported.")


class OneUser(WireModel):
    """The user after the change."""

    user: UserOut


class UserList(WireModel):
    """A page of users. `total` is exact up to 10,000; a larger one is an estimate."""

    users: list[UserOut]
    total: int = Field(examples=[1])
    limit: int | None = Field(default=None, exclude_if=lambda limit: limit is None)
    offset: int | None = Field(default=None, exclude_if=lambda offset: offset is None)


class UserSessions(WireModel):
    """A user's live sessions. Each `token` is a handle that can only be used to end the session,
    because the server does not store the real token."""

    sessions: list[SessionOut]


class PermissionAnswer(WireModel):
    """Whether the role has all of these permissions."""

    error: None = None
    success: bool = Field(examples=[True])


def parse_changes(data: UserData, settings: Settings) -> dict[str, Any]:
    """Return the columns to change; refuses those that cannot be changed this way."""
    extra = data.model_extra or {}
    if "id" in extra:
        raise Refusal("USER_ID_CANNOT_BE_UPDATED")
    if "password" in extra:
        raise Refusal("PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER")
    refuse_unknown(extra)
    refuse_user_names(data, settings)
    changes = {name: getattr(data, name) for name in data.model_fields_set}
    if "role" in changes:
        changes["role"] = _check_roles(changes["role"])
    return changes


def refuse_unknown(extra: Mapping[str, Any] | None) -> None:
    """Refuse unknown fields of a user, and those that admins may not set."""
    if extra:
        raise Refusal("FIELD_NOT_ALLOWED", f"{next(iter(extra))[:60]} is not allowed to be set")


def refuse_user_names(data: UserData | NewUserData, settings: Settings) -> None:
    """Refuse the fields of user names where there are none, like unknown ones."""
    if not settings.username:
        names = {"username": data.username, "displayUsername": data.display_username}
        refuse_unknown({name: value for name, value in names.items() if value is not None})


def _check_roles(value: Any) -> tuple[str, ...]:
    try:
        return _parse_roles(value)
    except PydanticCustomError:
        raise Refusal("INVALID_ROLE_TYPE") from None


class CreateFirstAdmin(WireModel):
    """The token of the link in the log, and what the first admin will sign in with."""

    model_config = example(
        {
            "token": "N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe",
            "email": "owner@example.com",
            "password": "correct horse battery",
        }
    )

    token: str
    email: Email
    password: PasswordField
    name: Name = "Admin"
