"""The JSON of proving and changing addresses."""

from typing import Annotated

from pydantic import Field

from backend.features.accounts.wire import Email
from backend.features.sessions.wire import UserOut
from backend.web.wire import NotNull, Text, WireModel, example

_CALLBACK = Field(
    default=None,
    alias="callbackURL",
    description="Where the browser goes after the click: a path, or a URL of a trusted origin.",
    examples=["/welcome"],
)


class SendVerification(WireModel):
    """Which address is to be verified."""

    model_config = example({"email": "ada@example.com"})

    email: Email
    callback_url: Annotated[Text | None, NotNull] = _CALLBACK


class ChangeEmail(WireModel):
    """The address to have from now on."""

    model_config = example({"newEmail": "ada.king@example.com"})

    new_email: Email
    callback_url: Annotated[Text | None, NotNull] = _CALLBACK


class VerifyEmail(WireModel):
    """The token of a mailed link."""

    token: str
    callback_url: Annotated[str | None, NotNull] = _CALLBACK


class Verified(WireModel):
    """The link has done its work. Shows the user if it was a change of address."""

    status: bool = True
    user: UserOut | None


class Confirmed(WireModel):
    """The change was confirmed at the old address; the new one has been sent a link."""

    status: bool = True
