"""The JSON of signing up, signing in and changing one's profile."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

from backend.features.sessions.wire import UserOut
from backend.kernel.email_address import is_email_address
from backend.kernel.pictures import MAX_DATA_URL_LENGTH, is_data_url, parse_picture
from backend.kernel.settings import Settings
from backend.kernel.username import MAX_LENGTH as MAX_USERNAME_LENGTH
from backend.kernel.username import MIN_LENGTH as MIN_USERNAME_LENGTH
from backend.web.wire import (
    MAX_NAME_LENGTH,
    MAX_URL_LENGTH,
    ImageUrl,
    Name,
    NotNull,
    PasswordField,
    Text,
    WireModel,
    example,
    validate,
)

_CALLBACK = Field(
    default=None,
    alias="callbackURL",
    description="Where the browser goes next: a path, or a URL of a trusted origin.",
    examples=["/chat"],
)
_REMEMBER = Field(
    default=None,
    description="If false, the session ends with the browser, or after a day.",
)
_EXAMPLE = "N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe3iOoPtCdWx"
_ADA: dict[str, JsonValue] = {"email": "ada@example.com", "password": "correct horse battery"}


def _parse_address(text: str) -> str:
    if not is_email_address(text):
        raise PydanticCustomError("email", "Invalid email address")
    return text


def _check_image(text: str) -> str:
    if len(text) <= MAX_URL_LENGTH:
        return text
    if not is_data_url(text):
        raise PydanticKnownError("string_too_long", {"max_length": MAX_URL_LENGTH})
    try:
        parse_picture(text)
    except ValueError:
        message = (
            "Must be a URL, or a PNG, JPEG, WebP or GIF of at most 47 KB as a data URL in base64"
        )
        raise PydanticCustomError("plain", message) from None
    return text


ImageUrlOrPicture = Annotated[
    Text,
    AfterValidator(_check_image),
    Field(
        description="The URL of a picture, of at most 2,048 characters; or a PNG, JPEG, WebP or "
        "GIF of at most 47 KB as a data URL, which gets an address of its own.",
        json_schema_extra={"maxLength": MAX_DATA_URL_LENGTH},
    ),
]
"""A picture or its URL; `update_profile` stores the picture apart (decision 0028)."""
Email = Annotated[
    Text, AfterValidator(_parse_address), Field(json_schema_extra={"format": "email"})
]


_USERNAME = {
    "minLength": MIN_USERNAME_LENGTH,
    "maxLength": MAX_USERNAME_LENGTH,
    "pattern": "^[a-zA-Z0-9_.]+$",
}
_DISPLAY = {"maxLength": MAX_NAME_LENGTH}
UsernameField = Annotated[Any, WithJsonSchema({"type": "string", **_USERNAME})]
"""A user name, validated by `parse_user_names`: a server without user names ignores it."""
DisplayUsernameField = Annotated[Any, WithJsonSchema({"type": "string", **_DISPLAY})]
_AS_WRITTEN = Field(
    default=None, description="The user name as its owner writes it.", examples=["Ada_L"]
)


class SignUp(WireModel):
    """A new account."""

    # Others are kept only to refuse the protected ones by name.
    model_config = example({"name": "Ada Lovelace", **_ADA}, extra="allow")

    type_names = ("object", "record")

    name: Name
    email: Email
    password: PasswordField
    image: Annotated[ImageUrl | None, NotNull] = None
    callback_url: Annotated[Text | None, NotNull] = _CALLBACK
    remember_me: Annotated[bool | None, NotNull] = _REMEMBER
    username: UsernameField = Field(
        default=None,
        description="Unique, in any case: stored in lower case. By default `displayUsername`, if "
        "that is a valid one. Ignored with USERNAME=off, as is the other.",
        examples=["Ada_L"],
    )
    display_username: DisplayUsernameField = _AS_WRITTEN


class SignIn(WireModel):
    """An e-mail address and its password."""

    model_config = example(_ADA)

    email: Text
    password: PasswordField
    callback_url: Annotated[Text | None, NotNull] = _CALLBACK
    remember_me: Annotated[bool | None, NotNull] = _REMEMBER


class SignInUsername(WireModel):
    """A user name and its password."""

    model_config = example({"username": "ada_l", "password": _ADA["password"]})

    username: str
    password: PasswordField
    remember_me: Annotated[bool | None, NotNull] = _REMEMBER
    callback_url: Annotated[Text | None, NotNull] = _CALLBACK


class UpdateUser(WireModel):
    """The fields to change; `image: null` removes the picture."""

    model_config = example({"name": "Ada King"}, extra="allow")

    type_names = ("record",)

    name: Annotated[Name | None, NotNull] = None
    image: ImageUrlOrPicture | None = None
    email: Any = Field(default=None, description="Refused; use `change-email`.")
    username: UsernameField = Field(
        default=None,
        description="Unique; null removes it. Ignored with USERNAME=off, as is `displayUsername`.",
        examples=["Ada_L"],
    )
    display_username: DisplayUsernameField = _AS_WRITTEN


class UserNames(WireModel):
    """The user name, and how its owner writes it."""

    username: str | None = None
    display_username: Name | None = None


class SignedUp(WireModel):
    """The new user, and the token of the session, if one was created."""

    token: str | None = Field(examples=[_EXAMPLE])
    user: UserOut


class SignedInOut(WireModel):
    """The user, the token of the new session, and the redirect target if callbackURL was given."""

    redirect: bool
    token: str = Field(examples=[_EXAMPLE])
    url: str | None = Field(default=None, exclude_if=lambda url: url is None)
    user: UserOut


class ChallengeOut(WireModel):
    """Another step is needed before there is a session: a code for `/two-factor/verify-...`."""

    two_factor_redirect: bool = Field(examples=[True])
    two_factor_methods: list[str] = Field(
        description="`totp` and `otp`, a code by mail; a backup code always works.",
        examples=[["totp"]],
    )


def parse_user_names(body: SignUp | UpdateUser, settings: Settings) -> dict[str, str | None]:
    """Return what a body says about the user name, as columns; refuses values of another type."""
    if not settings.username:
        return {}
    names = set(UserNames.model_fields)
    given = body.model_dump(include=names, exclude_unset=True, by_alias=True)
    parsed: UserNames = validate(UserNames, given, "body")
    return parsed.model_dump(exclude_unset=True)
