"""Passkeys and what they sign: one SQL statement per function."""

from uuid import UUID

from sqlalchemy import delete

from backend.storage.db import Db
from backend.storage.tables import passkey_challenges, passkeys


def delete_for_user(db: Db, user_id: UUID) -> None:
    """Delete all passkeys of a user, and the challenges of those being registered."""
    db.execute(delete(passkeys).where(passkeys.c.user_id == user_id))
    db.execute(delete(passkey_challenges).where(passkey_challenges.c.user_id == user_id))
