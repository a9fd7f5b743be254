"""The JSON of proving and changing addresses."""

from typing import Annotated

from pydantic import Field

from backend.features.accounts.wire import Email
from backend.features.sessions.wire import UserOut
from backend.web.wire import NotNull, Text, WireModel, example

_CALLBACK = Field(
    default=None,
    alias="callbackURL",
    description="Where the opened link redirects to: a path, or a URL of a trusted origin.",
    examples=["/welcome"],
)


class SendVerification(WireModel):
    """The address to verify."""

    model_config = example({"email": "ada@example.com"})

    email: Email
    callback_url: Annotated[Text | None, NotNull] = _CALLBACK


class ChangeEmail(WireModel):
    """The new address."""

    model_config = example({"newEmail": "ada.king@example.com"})

    new_email: Email
    callback_url: Annotated[Text | None, NotNull] = _CALLBACK


class VerifyEmail(WireModel):
    """The token of a mailed link."""

    token: str
    callback_url: Annotated[str | None, NotNull] = _CALLBACK


class Verified(WireModel):
    """The address is verified. If it was changed, `user` is the changed user."""

    status: bool = True
    user: UserOut | None


class Confirmed(WireModel):
    """The old address has confirmed the change; a link was mailed to the new one."""

    status: bool = True
