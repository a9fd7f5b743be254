"""Whose turn it is, among several processes that would all do the same."""

from backend.storage.db import Db
from backend.storage.dialects import lock_of

HOUSEKEEPING = 7_268_001  # any number of our own; those of the migrations differ


def try_advisory_lock(db: Db, what: int) -> bool:
    """Tell whether this transaction, and no other until it ends, may do it. Never waits."""
    question = lock_of(db.dialect, what)
    return question is None or bool(db.execute(question).scalar())
