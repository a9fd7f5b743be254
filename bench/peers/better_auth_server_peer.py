"""better-auth-server, Better Auth ported to Python, with its own scrypt."""

import contextlib
import os
from collections.abc import AsyncIterator

from better_auth import BetterAuth, EmailAndPassword
from better_auth.adapters.sqlalchemy import SQLAlchemyAdapter
from better_auth.config import RateLimit
from better_auth.integrations.fastapi import BetterAuthFastAPI
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

from bench.peers.runner import database_url, run

adapter = SQLAlchemyAdapter(create_async_engine(database_url(), pool_size=10, max_overflow=0))
auth = BetterAuth(
    secret="a secret of the bench only, long enough for every server",  # noqa: S106
    base_url=f"http://127.0.0.1:{os.environ['PORT']}",
    adapter=adapter,
    email_and_password=EmailAndPassword(enabled=True),
    rate_limit=RateLimit(enabled=False),
)


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    await adapter.create_tables()
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(BetterAuthFastAPI(auth).router)

if __name__ == "__main__":
    run(app)
