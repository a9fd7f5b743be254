"""The JSON of one's own account."""

from typing import Annotated

from pydantic import Field

from backend.features.sessions.wire import UserOut
from backend.web.wire import NotNull, PasswordField, Text, WireModel, example

_CALLBACK = Field(
    default=None,
    alias="callbackURL",
    description="Where the opened link redirects to: a path, or a URL of a trusted origin.",
    examples=["/goodbye"],
)
_ID = "01a203c2-7c93-7407-ab15-d32628a133b6"


class ChangePassword(WireModel):
    """The old password and the new one."""

    model_config = example(
        {
            "newPassword": "battery correct horse",
            "currentPassword": "correct horse battery",
            "revokeOtherSessions": True,
        }
    )

    new_password: Annotated[PasswordField, Field(examples=["battery correct horse"])]
    current_password: Annotated[PasswordField, Field(examples=["correct horse battery"])]
    revoke_other_sessions: Annotated[bool | None, NotNull] = None


class PasswordChanged(WireModel):
    """The user, and the token of the new session if all sessions were ended."""

    token: str | None = Field(examples=[None])
    user: UserOut


class VerifyPassword(WireModel):
    """The caller's password."""

    model_config = example({"password": "correct horse battery"})

    password: Annotated[PasswordField, Field(examples=["correct horse battery"])]


class DeleteUser(WireModel):
    """The password, or the token of a mailed link; neither is needed soon after signing in."""

    model_config = example({"password": "correct horse battery"})

    password: Annotated[PasswordField | None, NotNull] = None
    token: Annotated[str | None, NotNull] = None
    callback_url: Annotated[Text | None, NotNull] = _CALLBACK


class DeleteUserLink(WireModel):
    """The token of a mailed link."""

    token: str
    callback_url: Annotated[str | None, NotNull] = _CALLBACK


class Deletion(WireModel):
    """`message` is `User deleted`, or `Verification email sent`."""

    success: bool = True
    message: str = Field(examples=["User deleted"])
