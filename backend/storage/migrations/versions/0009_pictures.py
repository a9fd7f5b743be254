"""Small pictures of users, apart from the users (docs/decisions/0028)."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "pictures",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pictures_pkey"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="pictures_user_id_fkey", ondelete="CASCADE"
        ),
    )
    op.create_index("pictures_digest_idx", "pictures", ["digest"])
