"""Who acted as whom in the audit trail, and the indexes of the lists that admins read."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("audit_events", sa.Column("impersonated_by", sa.Uuid))
    _index_audit_events()
    op.create_index("sessions_ip_address_id_idx", "sessions", ["ip_address", "id"])


def _index_audit_events() -> None:
    # In each list of users stands when they last signed in. Without an index of its own it is
    # found behind everything that happened to them since: thousands of failures, if they are
    # attacked.
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
