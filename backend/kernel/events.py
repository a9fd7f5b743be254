"""The vocabulary of the audit trail."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class EventKind(StrEnum):
    """What happened. Stored and logged under these names, which therefore never change."""

    SIGN_UP = "sign_up"
    SIGN_UP_FAILED = "sign_up_failed"
    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_OUT = "sign_out"
    SESSION_REVOKED = "session_revoked"
    USER_UPDATED = "user_updated"
    RATE_LIMITED = "rate_limited"
    ADMIN_CREATED = "admin_created"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the audit trail, before it is given its time and its request.

    `actor` did it, `subject` had it done to them; both are user ids, or None for a stranger.
    `detail` holds small facts for the reader and never a secret.
    """

    kind: EventKind
    actor: UUID | None = None
    subject: UUID | None = None
    detail: dict[str, str | int | bool] = field(default_factory=dict)
