"""The JSON of signing in with a mailed link (wire.md 5.5)."""

from typing import Annotated, Any

from pydantic import Field

from backend.features.accounts.wire import Email
from backend.features.sessions.service import IssuedSession
from backend.features.sessions.wire import SessionOut, UserOut
from backend.web.wire import Name, NotNull, Text, WireModel, example

_TARGET = "a path, or a URL of a trusted origin"


def _target(alias: str, description: str) -> Any:
    return Field(default=None, alias=alias, description=f"{description}: {_TARGET}.")


_CALLBACK = _target("callbackURL", "Where the opened link leads to")
_NEW_USER = _target("newUserCallbackURL", "Where it leads to in place of that, if it made the user")
_ERROR = _target("errorCallbackURL", "Where a link that does not work leads to, with `?error=`")


class SignInMagicLink(WireModel):
    """The address to mail a link to. `name` is for a new user; `metadata` is ignored."""

    model_config = example({"email": "ada@example.com", "callbackURL": "/chat"})

    email: Email
    name: Annotated[Name | None, NotNull] = None
    callback_url: Annotated[Text | None, NotNull] = _CALLBACK
    new_user_callback_url: Annotated[Text | None, NotNull] = _NEW_USER
    error_callback_url: Annotated[Text | None, NotNull] = _ERROR
    metadata: Annotated[dict[str, Any] | None, NotNull] = None


class OpenMagicLink(WireModel):
    """The token of a mailed link, and where it leads to."""

    token: str
    callback_url: Annotated[str | None, NotNull] = _CALLBACK
    error_callback_url: Annotated[str | None, NotNull] = _ERROR
    new_user_callback_url: Annotated[str | None, NotNull] = _NEW_USER


class MagicLinkSignedIn(WireModel):
    """The new session, for a client that asked for no redirect."""

    token: str
    user: UserOut
    session: SessionOut

    @classmethod
    def of(cls, issued: IssuedSession) -> "MagicLinkSignedIn":
        token = issued.token.reveal()
        user, session = UserOut.of(issued.user), SessionOut.of(issued.session, token)
        return cls(token=token, user=user, session=session)
