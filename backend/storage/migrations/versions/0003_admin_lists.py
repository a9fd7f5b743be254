"""Impersonations in the audit trail, and the indexes of admins' lists."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("audit_events", sa.Column("impersonated_by", sa.Uuid))
    _index_audit_events()
    op.create_index("sessions_ip_address_id_idx", "sessions", ["ip_address", "id"])


def _index_audit_events() -> None:
    # Each list of users shows their last sign-in. Without its own index it is searched among all
    # later events, which are thousands of failures after an attack.
    signed_in = sa.text("kind IN ('sign_in', 'sign_up')")
    op.create_index(
        "audit_events_signed_in_idx",
        "audit_events",
        ["subject_id", "id"],
        postgresql_where=signed_in,
        sqlite_where=signed_in,
    )
    impersonated = sa.text("impersonated_by IS NOT NULL")
    op.create_index(
        "audit_events_impersonated_by_id_idx",
        "audit_events",
        ["impersonated_by", "id"],
        postgresql_where=impersonated,
        sqlite_where=impersonated,
    )
