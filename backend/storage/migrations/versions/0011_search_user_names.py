"""The index with which PostgreSQL finds users by a part of their user name."""

from alembic import op

from backend.storage.postgres.trigrams import create_trigram_indexes

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        create_trigram_indexes(op.get_bind(), {"username": "username"})
