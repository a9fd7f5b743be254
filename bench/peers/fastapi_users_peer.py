"""fastapi-users as its documentation sets it up: cookie, sessions in the database, bcrypt."""

import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, CookieTransport
from fastapi_users.authentication.strategy.db import AccessTokenDatabase, DatabaseStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from fastapi_users_db_sqlalchemy.access_token import (
    SQLAlchemyAccessTokenDatabase,
    SQLAlchemyBaseAccessTokenTableUUID,
)
from pwdlib import PasswordHash
from pwdlib.hashers.bcrypt import BcryptHasher
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from bench.peers.runner import database_url, rounds, run


class Base(DeclarativeBase):
    """The tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """A user."""


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    """A session."""


class UserRead(schemas.BaseUser[uuid.UUID]):
    """What is shown of a user."""


class UserCreate(schemas.BaseUserCreate):
    """What a sign-up says."""


engine = create_async_engine(database_url(), pool_size=10, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as open_session:
        yield open_session


async def user_db(db: AsyncSession = Depends(session)) -> AsyncIterator[Any]:
    yield SQLAlchemyUserDatabase(db, User)


async def token_db(db: AsyncSession = Depends(session)) -> AsyncIterator[Any]:
    yield SQLAlchemyAccessTokenDatabase(db, AccessToken)


class Users(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """Its rules, all at their defaults."""

    reset_password_token_secret = verification_token_secret = "a secret of the bench only"  # noqa: S105


async def users(db: Any = Depends(user_db)) -> AsyncIterator[Users]:
    yield Users(db, PasswordHelper(PasswordHash((BcryptHasher(rounds=rounds()),))))


def strategy(tokens: AccessTokenDatabase[AccessToken] = Depends(token_db)) -> Any:
    return DatabaseStrategy(tokens, lifetime_seconds=604_800)


cookie = AuthenticationBackend(
    name="cookie",
    transport=CookieTransport(cookie_name="session", cookie_secure=False),
    get_strategy=strategy,
)
auth = FastAPIUsers[User, uuid.UUID](users, [cookie])


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(auth.get_auth_router(cookie), prefix="/auth")
app.include_router(auth.get_register_router(UserRead, UserCreate), prefix="/auth")
app.include_router(auth.get_users_router(UserRead, UserRead), prefix="/users")

if __name__ == "__main__":
    run(app)
