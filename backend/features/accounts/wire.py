"""The JSON of signing up, signing in and changing one's profile."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from backend.features.sessions.wire import UserOut
from backend.kernel.email_address import is_address
from backend.web.wire import Name, NotNull, PasswordField, Text, WireModel

_CALLBACK = Field(
    default=None,
    alias="callbackURL",
    description="Where the browser goes next: a path, or a URL of a trusted origin.",
    examples=["/chat"],
)


def _address(text: str) -> str:
    if not is_address(text):
        raise PydanticCustomError("email", "Invalid email address")
    return text


Email = Annotated[Text, AfterValidator(_address), Field(examples=["ada@example.com"])]


class SignUp(WireModel):
    """A new account."""

    model_config = ConfigDict(extra="allow")  # kept only to refuse the protected ones by name

    name: Annotated[Name, Field(examples=["Ada Lovelace"])]
    email: Email
    password: Annotated[PasswordField, Field(examples=["correct horse battery"])]
    image: Annotated[Text | None, NotNull] = None
    callback_url: Annotated[Text | None, NotNull] = _CALLBACK
    remember_me: Annotated[bool | None, NotNull] = None


class SignIn(WireModel):
    """An e-mail address and its password."""

    email: Annotated[Text, Field(examples=["ada@example.com"])]
    password: Annotated[PasswordField, Field(examples=["correct horse battery"])]
    callback_url: Annotated[Text | None, NotNull] = _CALLBACK
    remember_me: Annotated[bool | None, NotNull] = None


class UpdateUser(WireModel):
    """What is to change; `image: null` removes the picture."""

    model_config = ConfigDict(extra="allow")

    name: Annotated[Name | None, NotNull] = None
    image: Text | None = None
    email: Any = None


class SignedUp(WireModel):
    """The new user, and the token of the session that began with it."""

    token: str | None
    user: UserOut


class SignedInOut(WireModel):
    """The user, the token of the new session, and where to go if a callbackURL was given."""

    redirect: bool
    token: str
    url: str | None = Field(default=None, exclude_if=lambda url: url is None)
    user: UserOut
