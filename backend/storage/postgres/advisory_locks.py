"""Whose turn it is, among several processes that would all do the same."""

from backend.storage.db import Db
from backend.storage.dialects import build_try_lock

HOUSEKEEPING = 7_268_001  # any number of our own; those of the migrations differ


def try_advisory_lock(db: Db, key: int) -> bool:
    """Tell whether this transaction, and no other until it ends, may do it. Never waits."""
    statement = build_try_lock(db.dialect, key)
    return statement is None or bool(db.execute(statement).scalar())
