"""Locks between processes that would do the same job, or decide the same thing."""

from sqlalchemy import func, select

from backend.storage.db import Db

HOUSEKEEPING = 7_268_001  # arbitrary numbers; the migrations have another
FIRST_ADMIN = 7_268_002


def try_advisory_lock(db: Db, key: int) -> bool:
    """Take a lock until the transaction ends; False if another one has it. Never waits."""
    if db.dialect.name == "sqlite":  # where only one transaction writes anyway
        return True
    return bool(db.execute(select(func.pg_try_advisory_xact_lock(key))).scalar())


def take_advisory_lock(db: Db, key: int) -> None:
    """Take a lock until the transaction ends; waits while another one has it."""
    if db.dialect.name != "sqlite":
        db.execute(select(func.pg_advisory_xact_lock(key)))
