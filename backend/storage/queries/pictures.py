"""Pictures of users: one SQL statement per function."""

from uuid import UUID

from sqlalchemy import delete, select

from backend.kernel.pictures import Picture
from backend.storage.db import Db
from backend.storage.dialects import build_upsert
from backend.storage.tables import pictures

_COLUMNS = (pictures.c.content, pictures.c.media_type)


def replace(db: Db, user_id: UUID, picture: Picture) -> None:
    """Store a user's picture in place of the one before."""
    values = {
        "user_id": user_id,
        "digest": picture.digest,
        "media_type": picture.media_type,
        "content": picture.content,
    }
    db.execute(build_upsert(db.dialect, pictures, values, "user_id"))


def delete_for_user(db: Db, user_id: UUID) -> None:
    """Delete the picture of a user, if there is one."""
    db.execute(delete(pictures).where(pictures.c.user_id == user_id))


def find(db: Db, digest: str) -> Picture | None:
    """Find a picture by its digest, whoever has it."""
    row = db.execute(select(*_COLUMNS).where(pictures.c.digest == digest).limit(1)).first()
    return Picture(bytes(row.content), row.media_type) if row else None


def find_for_user(db: Db, user_id: UUID) -> Picture | None:
    """Find the picture of a user."""
    row = db.execute(select(*_COLUMNS).where(pictures.c.user_id == user_id)).first()
    return Picture(bytes(row.content), row.media_type) if row else None
