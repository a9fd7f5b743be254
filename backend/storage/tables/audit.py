"""The audit trail."""

from sqlalchemy import JSON, Column, Index, Table, Text, Uuid, text

from backend.storage.tables.metadata import metadata
from backend.storage.utc_datetime import UtcDateTime

_IMPERSONATED = text("impersonated_by IS NOT NULL")
_SIGNED_IN = text("kind IN ('sign_in', 'sign_up')")

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", Uuid, primary_key=True),  # UUIDv7: sorts by time
    Column("at", UtcDateTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor_id", Uuid),  # no foreign keys: the trail outlives the user
    Column("subject_id", Uuid),
    Column("ip_address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("impersonated_by", Uuid),  # the admin who acted as the actor
    Index(None, "subject_id", "id"),
    Index(None, "kind", "id"),
    Index(None, "ip_address", "id"),
    Index(None, "request_id"),
    Index(  # what people do to themselves is found by the subject
        None,
        "actor_id",
        "id",
        postgresql_where=text("actor_id IS NOT NULL AND actor_id IS DISTINCT FROM subject_id"),
        sqlite_where=text("actor_id IS NOT NULL AND actor_id IS NOT subject_id"),
    ),
    Index(
        None,
        "impersonated_by",
        "id",
        postgresql_where=_IMPERSONATED,
        sqlite_where=_IMPERSONATED,
    ),
    Index(
        "audit_events_signed_in_idx",
        "subject_id",
        "id",
        postgresql_where=_SIGNED_IN,
        sqlite_where=_SIGNED_IN,
    ),
)
