"""Compiles each SQL statement once in a worker: SQLAlchemy does it again for each engine.

There is an engine for each application, so for each test, and it would spend a third of its time on
this. What is compiled depends only on the kind and the version of the database.
"""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_STATEMENTS = 2000
_compiled: LRUCache[Any, Any] = LRUCache(_STATEMENTS)


def share_compiled_statements() -> None:
    """Give every engine of this process, also those to come, the same cache."""
    # The dialect is a part of the key.
    DefaultDialect.__eq__ = _are_equal  # type: ignore[method-assign,assignment]
    DefaultDialect.__hash__ = _hash  # type: ignore[method-assign,assignment]
    Engine._compiled_cache = property(lambda _: _compiled, lambda *_: None)  # type: ignore


def _are_equal(dialect: DefaultDialect, other: object) -> bool:
    return (
        isinstance(other, DefaultDialect)
        and type(dialect) is type(other)
        and dialect.server_version_info == other.server_version_info
    )


def _hash(dialect: DefaultDialect) -> int:
    return hash(type(dialect))
