"""Locks between processes that would all do the same job."""

from sqlalchemy import func, select

from backend.storage.db import Db

HOUSEKEEPING = 7_268_001  # an arbitrary number; the migrations have another


def try_advisory_lock(db: Db, key: int) -> bool:
    """Take a lock until the transaction ends; False if another one has it. Never waits."""
    if db.dialect.name == "sqlite":  # where only one transaction writes anyway
        return True
    return bool(db.execute(select(func.pg_try_advisory_xact_lock(key))).scalar())
