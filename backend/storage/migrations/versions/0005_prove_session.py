"""The check of the acting session, as a function that can be sent with BEGIN and aborts the rest.

It runs inside the transaction that writes in the session's name (storage/acting_session.py). As a
function it keeps its plan, behind a pooler too, where each connection would have to prepare a
statement.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(_PROVE))


# Why it locks: a plain SELECT sees a session that another transaction is just deleting, and the
# write would follow the acknowledged deletion. The user is locked as by an UPDATE, so that a later
# write needs no stronger lock and cannot deadlock; the session only against its deletion.
_PROVE = """
    CREATE FUNCTION gatehouse_prove_session(proved uuid, moment timestamptz) RETURNS void
    LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM FROM users u JOIN sessions s ON s.user_id = u.id
        WHERE s.id = proved AND s.expires_at > moment
            AND NOT (u.banned AND (u.ban_expires IS NULL OR u.ban_expires > moment))
        FOR NO KEY UPDATE OF u FOR KEY SHARE OF s;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the session has ended' USING ERRCODE = 'GH001';
        END IF;
    END $$
"""
