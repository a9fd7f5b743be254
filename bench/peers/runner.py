"""Starts a Python peer as fast as uvicorn can run it."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def run(app: Any) -> None:
    """Serve on PORT with uvloop and httptools, one process, without an access log."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


def rounds() -> int:
    """Return the work factor of bcrypt that this run asks for."""
    return int(os.environ["BCRYPT_ROUNDS"])


def database_url() -> str:
    """Return the PostgreSQL of this peer, for SQLAlchemy with asyncpg."""
    return os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1)
