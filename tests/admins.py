"""Admins, and those they administer."""

from typing import Any
from uuid import UUID

from sqlalchemy import update

from backend.storage.tables import users
from tests.in_process import Gatehouse, Visitor

ROOT, ADA, BOB = "root@example.com", "ada@example.com", "bob@example.com"


def make_admin(gatehouse: Gatehouse, email: str = ROOT, **options: Any) -> Visitor:
    """A browser whose owner has signed up and is an admin."""
    visitor = gatehouse.member(email, **options)
    give_role(gatehouse, email, "admin")
    return visitor


def give_role(gatehouse: Gatehouse, email: str, role: str) -> None:
    """Change somebody's role as the owner of the database would."""
    statement = update(users).where(users.c.email == email).values(role=role)
    gatehouse.execute(statement, gatehouse.user_id(email))


def an_admin(gatehouse: Gatehouse, visitor: Visitor) -> None:
    """The visitor of a scene is an admin; Ada has an account."""
    gatehouse.member(ADA)
    assert visitor.sign_up(ROOT).status_code == 200
    give_role(gatehouse, ROOT, "admin")


def user_id_of(gatehouse: Gatehouse, email: str) -> str:
    """The id of a user, as requests name it."""
    return str(gatehouse.user_id(email))


def ids(response: Any) -> set[UUID]:
    """The ids in a list of users."""
    return {UUID(user["id"]) for user in response["users"]}


def emails(response: Any) -> list[str]:
    """The addresses in a list of users, in its order."""
    return [user["email"] for user in response["users"]]
