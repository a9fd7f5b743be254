"""The JSON of the panel's lists, and the query parameters of the list of sessions."""

from collections.abc import Sequence
from ipaddress import IPv6Network, ip_address, ip_network
from typing import Annotated, Self

from pydantic import Field

from backend.features.accounts.ways_in import CREDENTIAL
from backend.features.admin.user_listing import ActiveUser
from backend.features.admin.wire import UserId
from backend.features.sessions.wire import UserOut
from backend.kernel.configuration.relying_parties import RelyingParties
from backend.kernel.refusals import Refusal
from backend.storage.queries.passkeys import Passkey
from backend.storage.queries.session_list import SessionFilter
from backend.storage.queries.sessions import SessionWithUser
from backend.web.query_types import Id, Number
from backend.web.wire import NotNull, Text, TimestampOut, WireModel, example

_PAGE, _MAX_PAGE = 50, 200
_SUBSCRIBER_PREFIX = 64  # bits that all addresses of one IPv6 subscriber share


class ActiveUserOut(UserOut):
    """A user, and their recent activity. An expired ban is not shown."""

    active_sessions: int = Field(
        description="Live sessions, including those of impersonating admins.", examples=[2]
    )
    last_sign_in_at: TimestampOut | None = Field(
        description="The latest sign-in or sign-up that is still in the audit trail."
    )
    accounts: list[str] = Field(
        description="The `providerId` of each sign-in method.",
        examples=[["credential", "huggingface"]],
    )

    @classmethod
    def with_activity(cls, listed: ActiveUser) -> "ActiveUserOut":
        return cls(
            **dict(UserOut.of(listed.user)),
            active_sessions=listed.activity.active_sessions,
            last_sign_in_at=listed.activity.last_sign_in_at,
            accounts=[CREDENTIAL] * listed.activity.has_password + [*listed.activity.provider_ids],
        )


class ActiveUsers(WireModel):
    """A page of users. `total` is exact up to 10,000; a larger one is an estimate."""

    users: list[ActiveUserOut]
    total: int = Field(examples=[1])
    total_is_estimate: bool = Field(examples=[False])
    limit: int = Field(examples=[50])
    offset: int = Field(examples=[0])


class SessionsQuery(WireModel):
    """Filters and page. A session must match all filters."""

    user: Annotated[Id | None, Field(description="The user's id.")] = None
    address: Annotated[
        Text | None,
        Field(
            description="An IP address, or an IPv6 /64.", examples=["203.0.113.7", "2001:db8::/64"]
        ),
    ] = None
    search: Annotated[
        Text | None, Field(description="Part of the user's e-mail address.", examples=["ada"])
    ] = None
    limit: Annotated[Number, Field(ge=1, le=_MAX_PAGE)] = _PAGE
    cursor: Annotated[
        Id | None, Field(description="`cursor` of the previous page, with the same filters.")
    ] = None

    def filter(self) -> SessionFilter:
        """Convert to a database query; refuses an invalid address."""
        return SessionFilter(
            user_id=self.user,
            address=_parse_address(self.address) if self.address else None,
            email=(self.search or "").strip() or None,
            before=self.cursor,
        )


class SessionOwner(WireModel):
    """The user of a session."""

    id: str = Field(examples=["01a203c2-7c93-7407-ab15-d32628a133b6"])
    email: str = Field(examples=["ada@example.com"])
    name: str = Field(examples=["Ada Lovelace"])


class LiveSession(WireModel):
    """A live session. Its `id` can only be used to end it (`revoke-user-session`)."""

    id: str = Field(examples=["01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8"])
    user: SessionOwner
    ip_address: str = Field(examples=["203.0.113.7"])
    user_agent: str = Field(examples=["Mozilla/5.0"])
    created_at: TimestampOut
    updated_at: TimestampOut
    expires_at: TimestampOut
    impersonated_by: str | None = Field(
        description="The id of the impersonating admin.", examples=[None]
    )

    @classmethod
    def of(cls, row: SessionWithUser) -> "LiveSession":
        session, user = row.session, row.user
        impersonator = session.impersonated_by
        return cls(
            id=str(session.id),
            user=SessionOwner(id=str(user.id), email=user.email, name=user.name),
            ip_address=session.ip_address,
            user_agent=session.user_agent,
            created_at=session.created_at,
            updated_at=session.updated_at,
            expires_at=session.expires_at,
            impersonated_by=str(impersonator) if impersonator else None,
        )


class LiveSessions(WireModel):
    """A page of live sessions of all users, newest first."""

    sessions: list[LiveSession]
    cursor: str | None = Field(
        description="For the next page; null on the last one.", examples=[None]
    )


class SendReset(WireModel):
    """The user, and the page on which a new password is chosen.

    By default this is `/reset-password` at the first FRONTEND_URL.
    """

    model_config = example({"userId": "01a203c2-7c93-7407-ab15-d32628a133b6"})

    user_id: UserId
    redirect_to: Annotated[Text | None, NotNull] = Field(
        default=None,
        description="A path, or a URL of a trusted origin; `?token=` or `?error=` is added.",
        examples=["/reset-password"],
    )


class OfUserQuery(WireModel):
    """Which user."""

    user_id: UserId


class RemoveTwoFactor(WireModel):
    """Whose second factors are removed."""

    model_config = example({"userId": "01a203c2-7c93-7407-ab15-d32628a133b6"})

    user_id: UserId


class TrustedBrowserOut(WireModel):
    """A browser in which the user's next sign-in needs no second factor."""

    ip_address: str = Field(examples=["203.0.113.7"])
    user_agent: str = Field(examples=["Mozilla/5.0"])
    created_at: TimestampOut
    expires_at: TimestampOut


class SecondFactorsOut(WireModel):
    """The second factors of a user, without anything that could sign in."""

    two_factor_enabled: bool
    app: bool = Field(description="Whether an authenticator app is set up.", examples=[True])
    mail_codes: bool = Field(description="Whether codes by mail are on.", examples=[False])
    since: TimestampOut | None = Field(description="When the first of them was begun.")
    backup_codes: int = Field(description="How many are unused.", examples=[10])
    locked_until: TimestampOut | None = Field(
        description="Until when no codes are taken, after ten wrong ones in a row."
    )
    trusted_browsers: list[TrustedBrowserOut]


class ResetSent(WireModel):
    """The mail has been written."""

    email: str = Field(description="The recipient.", examples=["ada@example.com"])
    sends: bool = Field(
        description="Whether a mailer is configured; if not, the mail stays in the outbox."
    )


def _parse_address(text: str) -> str | IPv6Network:
    try:
        if "/" not in text:
            return str(ip_address(text))
        network = ip_network(text, strict=False)
    except ValueError:
        raise _invalid("Invalid input: expected an address") from None
    if not isinstance(network, IPv6Network) or network.prefixlen != _SUBSCRIBER_PREFIX:
        raise _invalid("Invalid input: the only networks allowed are IPv6 /64s")
    return network


def _invalid(problem: str) -> Refusal:
    return Refusal("VALIDATION_ERROR", f"[query.address] {problem}")


class PasskeySummary(WireModel):
    """A passkey without its key."""

    id: str = Field(examples=["01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8"])
    name: str | None = Field(examples=["Ada's laptop"])
    rp_id: str = Field(description="The domain that it works on.", examples=["app.example.com"])
    works: bool = Field(description="Whether a page of this server is on that domain.")
    device_type: str = Field(
        description="`multiDevice` if it can be synchronised.", examples=["multiDevice"]
    )
    backed_up: bool = Field(description="Whether it is synchronised.", examples=[True])
    transports: str | None = Field(description="Separated by commas.", examples=["internal"])
    aaguid: str | None = Field(
        description="The authenticator's model.", examples=["ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"]
    )
    created_at: TimestampOut
    last_used_at: TimestampOut | None = Field(examples=[None])

    @classmethod
    def of(cls, passkey: Passkey, parties: RelyingParties) -> Self:
        return cls(
            id=str(passkey.id),
            name=passkey.name,
            rp_id=passkey.rp_id,
            works=parties.find(passkey.rp_id) is not None,
            device_type=passkey.device_type,
            backed_up=passkey.backed_up,
            transports=passkey.transports,
            aaguid=passkey.aaguid,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
        )


class PasskeysOfUser(WireModel):
    """The passkeys of a user, oldest first."""

    passkeys: list[PasskeySummary]

    @classmethod
    def of(cls, passkeys: Sequence[Passkey], parties: RelyingParties) -> Self:
        return cls(passkeys=[PasskeySummary.of(each, parties) for each in passkeys])


class RemovePasskeys(WireModel):
    """The user, and the passkey to remove; without an `id` all of them."""

    model_config = example(
        {
            "userId": "01a203c2-7c93-7407-ab15-d32628a133b6",
            "id": "01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8",
        }
    )

    user_id: UserId
    id: Annotated[Text | None, NotNull] = None


class PasskeysRemoved(WireModel):
    """How many were removed."""

    removed: int = Field(examples=[1])
