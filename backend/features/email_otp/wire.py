"""The JSON of mailed codes (wire.md 5.6)."""

from typing import Annotated

from pydantic import Field

from backend.features.email_otp.codes import Purpose
from backend.features.sessions.wire import UserOut
from backend.web.wire import ImageUrl, Name, NotNull, PasswordField, Text, WireModel, example

_ADA = {"email": "ada@example.com"}
_CODE = {"otp": "123456"}
_TOKEN = "N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe3iOoPtCdWx"  # noqa: S105  invented, opens nothing


class SendCode(WireModel):
    """The address, and what the code is for; `change-email` has an endpoint of its own."""

    model_config = example({**_ADA, "type": "sign-in"})

    email: Text
    type: Annotated[Purpose, Field(strict=False)]


class CheckCode(SendCode):
    """The code that was mailed to this address for this purpose."""

    model_config = example({**_ADA, "type": "sign-in", **_CODE})

    otp: Text


class VerifyByCode(WireModel):
    """The address to verify, and the code that was mailed to it."""

    model_config = example({**_ADA, **_CODE})

    email: Text
    otp: Text


class VerifiedByCode(WireModel):
    """The verified user; and the token of the session, if verifying signs in."""

    status: bool = True
    token: str | None = Field(examples=[_TOKEN])
    user: UserOut


class SignInByCode(WireModel):
    """The address, and the code that was mailed to it; name and picture are for a new user."""

    # Others are kept only to refuse the protected ones by name.
    model_config = example({**_ADA, **_CODE}, extra="allow")

    type_names = ("object", "record")

    email: Text
    otp: Text
    name: Annotated[Name | None, NotNull] = None
    image: Annotated[ImageUrl | None, NotNull] = None


class SignedInByCode(WireModel):
    """The user, and the token of the new session."""

    token: str = Field(examples=[_TOKEN])
    user: UserOut


class RequestResetCode(WireModel):
    """The account's address."""

    model_config = example({**_ADA})

    email: Text


class ResetByCode(WireModel):
    """The new password, and the code that was mailed to this address."""

    model_config = example({**_ADA, **_CODE, "password": "battery correct horse"})

    email: Text
    otp: Text
    password: PasswordField


class RequestEmailChange(WireModel):
    """The new address; a verified user gives a code from the old mailbox with STRICT."""

    model_config = example({"newEmail": "ada.king@example.com", **_CODE})

    new_email: Text
    otp: Annotated[Text | None, NotNull] = Field(
        default=None,
        description="A code of type `email-verification`, mailed to the current address.",
    )


class ChangeEmailByCode(WireModel):
    """The new address, and the code that was mailed to it."""

    model_config = example({"newEmail": "ada.king@example.com", **_CODE})

    new_email: Text
    otp: Text
