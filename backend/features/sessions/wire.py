"""The JSON of users and sessions."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from backend.storage.queries.sessions import Session
from backend.storage.queries.users import User
from backend.web.wire import NotNull, Success, Text, TimestampOut, WireModel, example


class UserOut(WireModel):
    """A user, as in every response."""

    id: str = Field(examples=["01a203c2-7c93-7407-ab15-d32628a133b6"])
    name: str = Field(examples=["Ada Lovelace"])
    email: str = Field(examples=["ada@example.com"])
    email_verified: bool = Field(examples=[False])
    image: str | None = Field(description="The URL of a picture.", examples=[None])
    created_at: TimestampOut
    updated_at: TimestampOut
    role: str = Field(description="Several roles are separated by commas.", examples=["user"])
    banned: bool = Field(examples=[False])
    ban_reason: str | None = Field(examples=[None])
    ban_expires: TimestampOut | None = Field(
        description="null if the ban is permanent.", examples=[None]
    )
    two_factor_enabled: bool = Field(
        description="Whether signing in needs a second factor.", examples=[False]
    )
    username: str | None = Field(description="In lower case; unique.", examples=[None])
    display_username: str | None = Field(
        description="The user name as its owner writes it.", examples=[None]
    )
    is_anonymous: bool = Field(
        default=False,
        description="Only of somebody who tries the app without an account.",
        examples=[True],
        exclude_if=lambda anonymous: not anonymous,
    )

    @classmethod
    def of(cls, user: User) -> "UserOut":
        return cls(
            id=str(user.id),
            name=user.name,
            email=user.email,
            email_verified=user.email_verified,
            image=user.image,
            created_at=user.created_at,
            updated_at=user.updated_at,
            role=user.role,
            banned=user.banned,
            ban_reason=user.ban_reason,
            ban_expires=user.ban_expires,
            two_factor_enabled=user.two_factor_enabled,
            username=user.username,
            display_username=user.display_username,
            is_anonymous=user.is_anonymous,
        )


class SessionOut(WireModel):
    """A session. Only for the current session is `token` the real token. For all others it is the
    session's id, which can be used to revoke the session, but not to sign in."""

    id: str = Field(examples=["01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8"])
    token: str = Field(examples=["N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe3iOoPtCdWx"])
    user_id: str = Field(examples=["01a203c2-7c93-7407-ab15-d32628a133b6"])
    expires_at: TimestampOut
    created_at: TimestampOut
    updated_at: TimestampOut
    ip_address: str = Field(examples=["203.0.113.7"])
    user_agent: str = Field(examples=["Mozilla/5.0"])
    impersonated_by: str | None = Field(
        description="The id of the impersonating admin.", examples=[None]
    )

    @classmethod
    def of(cls, session: Session, token: str) -> "SessionOut":
        return cls(
            id=str(session.id),
            token=token,
            user_id=str(session.user_id),
            expires_at=session.expires_at,
            created_at=session.created_at,
            updated_at=session.updated_at,
            ip_address=session.ip_address,
            user_agent=session.user_agent,
            impersonated_by=_text(session.impersonated_by),
        )


class SessionAndUser(WireModel):
    """The caller's session and user."""

    session: SessionOut
    user: UserOut

    @classmethod
    def of(cls, session: Session, token: str, user: User) -> "SessionAndUser":
        return cls(session=SessionOut.of(session, token), user=UserOut.of(user))


class SignOut(WireModel):
    """Where the provider's page for signing out, if there is one, sends the browser afterwards."""

    model_config = example({})

    callback_url: Annotated[Text | None, NotNull] = Field(
        default=None, alias="callbackURL", description="A path, or a URL of a trusted origin."
    )
    disable_redirect: Annotated[bool | None, NotNull] = Field(
        default=None, description="Whether the page opens the provider's URL itself."
    )
    state: Annotated[Text | None, NotNull] = Field(
        default=None, description="What the provider sends along."
    )


class SignedOut(Success):
    """The session has ended. With a `url` it goes on at the provider."""

    url: str | None = None
    redirect: bool | None = None


class Revoke(WireModel):
    """The session to end: its token, or the handle from `list-sessions`."""

    token: Annotated[Text, Field(examples=["01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8"])]


class GetSession(WireModel):
    """With `disableRefresh`, whatever its value (even "false"), the session is not extended."""

    disable_refresh: Annotated[str | None, Field(examples=["true"])] = None


class Anything(WireModel):
    """Ignored."""


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
