"""The JSON of resetting a password."""

from typing import Annotated

from pydantic import Field

from backend.features.accounts.wire import Email
from backend.web.wire import NotNull, PasswordField, Text, WireModel, example

_TOKEN = "N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe3iOoPtCdWx"  # noqa: S105  invented, opens nothing


class RequestReset(WireModel):
    """The account's address, and the page on which a new password is chosen."""

    model_config = example({"email": "ada@example.com", "redirectTo": "/reset-password"})

    email: Email
    redirect_to: Annotated[Text | None, NotNull] = Field(
        default=None,
        description="A path, or a URL of a trusted origin; `?token=` or `?error=` is added.",
        examples=["/reset-password"],
    )


class ResetRequested(WireModel):
    """The same response for every address."""

    status: bool = True
    message: str = "If this email exists in our system, check your email for the reset link"


class OpenReset(WireModel):
    """The page on which a new password is chosen."""

    callback_url: Annotated[str, Field(alias="callbackURL", examples=["/reset-password"])]


class ResetToken(WireModel):
    """The token, if it is not in the body."""

    token: Annotated[str | None, NotNull] = None


class ResetPassword(WireModel):
    """The new password, and the token of the mailed link."""

    model_config = example({"newPassword": "battery correct horse", "token": _TOKEN})

    new_password: Annotated[PasswordField, Field(examples=["correct horse battery"])]
    token: Annotated[str | None, NotNull] = None
