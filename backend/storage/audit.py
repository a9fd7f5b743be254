"""The audit trail in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert as insert_into

from backend.kernel.client import Client
from backend.kernel.events import Event
from backend.storage.engine import Db
from backend.storage.tables import audit_events


def insert(db: Db, event: Event, event_id: UUID, at: datetime, client: Client) -> None:
    """Add one line; nothing ever changes a line afterwards."""
    db.execute(
        insert_into(audit_events).values(
            id=event_id,
            at=at,
            kind=event.kind.value,
            actor_id=event.actor,
            subject_id=event.subject,
            ip_address=client.address,
            user_agent=client.user_agent,
            request_id=client.request_id,
            detail=event.detail,
        )
    )
