"""The JSON of anonymous users."""

from pydantic import Field

from backend.features.sessions.wire import UserOut
from backend.web.wire import WireModel


class SignedInAnonymously(WireModel):
    """The new user, and the token of their session."""

    token: str = Field(examples=["N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe3iOoPtCdWx"])
    user: UserOut
