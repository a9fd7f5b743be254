"""Locks between processes that would all do the same job."""

from backend.storage.db import Db
from backend.storage.dialects import build_try_lock

HOUSEKEEPING = 7_268_001  # an arbitrary number; the migrations have another


def try_advisory_lock(db: Db, key: int) -> bool:
    """Take a lock until the transaction ends; False if another one has it. Never waits."""
    statement = build_try_lock(db.dialect, key)
    return statement is None or bool(db.execute(statement).scalar())
