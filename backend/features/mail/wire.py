"""The JSON of the outbox."""

from typing import Annotated

from pydantic import Field

from backend.features.mail.service import Message
from backend.storage.queries.outbox import Mail
from backend.web.query_types import Id, Number
from backend.web.wire import TimestampOut, WireModel


class OutboxQuery(WireModel):
    """Which page of mails."""

    limit: Annotated[Number, Field(ge=1, le=100)] = 50
    cursor: Annotated[Id | None, Field(description="`nextCursor` of the previous page.")] = None


class MailOut(WireModel):
    """A mail. Its content is shown only if no mailer is configured, so nobody else gets it."""

    id: str = Field(examples=["01a203c2-7c97-7d0e-8a52-5b1f0c9e3d44"])
    kind: str = Field(examples=["verify"])
    to: str = Field(examples=["ada@example.com"])
    state: str = Field(examples=["waiting", "sent", "held", "given_up"])
    attempts: int = Field(examples=[1])
    created_at: TimestampOut
    due_at: TimestampOut | None
    sent_at: TimestampOut | None
    last_error: str | None = Field(examples=[None])
    subject: str | None = Field(examples=["Confirm your address for Gatehouse"])
    text: str | None
    url: str | None

    @classmethod
    def of(cls, mail: Mail, message: Message | None) -> "MailOut":
        return cls(
            id=str(mail.id),
            kind=mail.kind,
            to=mail.recipient,
            state=mail.state,
            attempts=mail.attempts,
            created_at=mail.created_at,
            due_at=mail.due_at,
            sent_at=mail.sent_at,
            last_error=mail.last_error,
            subject=message.subject if message else None,
            text=message.text if message else None,
            url=message.url if message else None,
        )


class Outbox(WireModel):
    """A page of the outbox, newest first."""

    sends: bool = Field(description="Whether a mailer is configured.", examples=[False])
    mails: list[MailOut]
    next_cursor: str | None
