"""The passkeys of users who move in: from a Better Auth's table `passkey`, or from a Gatehouse."""

import binascii
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from backend.features.user_transfer.dates import parse_date
from backend.features.user_transfer.records import Record
from backend.features.user_transfer.table_rows import parse_row
from backend.features.user_transfer.user_record import (
    ImportedUser,
    MovedPasskey,
)
from backend.storage.queries import passkeys
from backend.storage.queries.passkeys import Passkey
from backend.storage.work import Work

_MAX_CREDENTIAL_ID = 1023  # bytes
_MAX_PUBLIC_KEY = 4096  # bytes


def _from_base64(value: Any) -> Any:
    """Decode the public key, which Better Auth has in base64 with padding."""
    try:
        return b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise ValueError("is not base64") from None


def _from_base64url(value: Any) -> Any:
    """Decode the credential's id, which Better Auth has in base64url without padding."""
    try:
        return urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except (binascii.Error, TypeError, ValueError):
        raise ValueError("is not base64url") from None


class _Row(BaseModel):
    """A row of Better Auth's table."""

    model_config = ConfigDict(hide_input_in_errors=True)

    name: str | None = Field(None, max_length=500)
    public_key: Annotated[bytes, BeforeValidator(_from_base64)] = Field(max_length=_MAX_PUBLIC_KEY)
    user_id: Annotated[str, BeforeValidator(str)]
    credential_id: Annotated[bytes, BeforeValidator(_from_base64url)] = Field(
        min_length=1, max_length=_MAX_CREDENTIAL_ID
    )
    counter: int = Field(ge=0, lt=2**32)
    device_type: str = "singleDevice"
    backed_up: bool = False
    transports: str | None = Field(None, max_length=200)
    created_at: Annotated[datetime | None, BeforeValidator(parse_date)] = None
    aaguid: str | None = Field(None, max_length=100)


@dataclass
class PasskeyTable:
    """All rows by the id of their user."""

    rp_id: str = ""
    """The domain they were registered for, which the table does not say."""
    rows: dict[str, list[_Row]] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def read(self, records: Iterable[Record]) -> None:
        """Read all rows."""
        lines: dict[bytes, int] = {}
        for record in records:
            try:
                row = parse_row(record, _Row)
                first = lines.get(row.credential_id)
                if first is not None:
                    raise ValueError(f"credential_id: is the same as on line {first}")
                lines[row.credential_id] = record.line
                self.rows.setdefault(row.user_id, []).append(row)
            except ValueError as problem:
                self.problems.append((record.line, str(problem)))

    def store(self, work: Work, people: Iterable[ImportedUser]) -> int:
        """Store the passkeys of new users; returns how many. Those known already are skipped."""
        stored = 0
        for person in people:
            for each in self.rows.get(person.source_id, []):
                stored += passkeys.add(work.db, self._build(work, each, person.user.id))
            for moved in person.passkeys or []:
                stored += passkeys.add(work.db, _move(work, moved, person.user.id))
        return stored

    def _build(self, work: Work, row: _Row, user_id: UUID) -> Passkey:
        return Passkey(
            id=work.new_id(),
            user_id=user_id,
            name=row.name,
            credential_id=row.credential_id,
            public_key=row.public_key,
            sign_count=row.counter,
            device_type=row.device_type,
            backed_up=row.backed_up,
            transports=row.transports,
            aaguid=row.aaguid,
            rp_id=self.rp_id,
            before_verification=False,
            created_at=row.created_at or work.now(),
        )


def _move(work: Work, moved: MovedPasskey, user_id: UUID) -> Passkey:
    return Passkey(id=work.new_id(), user_id=user_id, **moved.model_dump())
