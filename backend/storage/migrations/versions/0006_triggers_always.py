"""The triggers that notify changes fire whatever session_replication_role is."""

from alembic import op

revision = "0006"
down_revision = "0005"

_TRIGGERS = {
    "sessions": ("session_changed", "session_ended", "sessions_emptied"),
    "users": ("user_changed", "user_removed", "users_emptied"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, names in _TRIGGERS.items():
            for name in names:
                op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER gatehouse_{name}")
