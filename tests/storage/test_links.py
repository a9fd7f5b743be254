"""Mailed links, on every database."""

from datetime import timedelta
from uuid import UUID

import pytest

from backend.kernel.secrets.tokens import TokenDigest
from backend.storage.queries import links, users
from backend.storage.queries.links import Link
from backend.storage.work import run_query
from tests.storage.conftest import store_user

DIGEST = TokenDigest(b"a digest has thirty-two bytes..."[:32])
OTHER = TokenDigest(b"another digest with thirty-two.."[:32])


@pytest.fixture
def new_link(clock):
    """Builds a link that is valid for an hour."""

    def make(number=1, **overrides):
        defaults = {
            "id": UUID(int=number),
            "kind": "reset-password",
            "user_id": None,
            "email": "ada@example.com",
            "data": {"new": "Ünï 🐟", "confirmed": False},
            "expires_at": clock.now() + timedelta(hours=1),
            "created_at": clock.now(),
            "used_at": None,
        }
        return Link(**{**defaults, **overrides})

    return make


def test_a_link_comes_back_exactly_as_stored_and_only_to_its_own_kind(work, database, new_link):
    link = new_link(user_id=store_user(work).id)
    with work() as mine:
        links.insert(mine.db, link, DIGEST)

    def find(kinds, digest):
        return run_query(database, lambda db: links.find(db, kinds, digest))

    assert find(["verify-email", "reset-password"], DIGEST) == link
    assert find(["verify-email"], DIGEST) is None
    assert find(["reset-password"], OTHER) is None


def test_a_link_is_used_once(work, new_link, clock):
    with work() as mine:
        links.insert(mine.db, new_link(), DIGEST)
    results = []
    for _ in range(2):
        with work() as mine:
            results.append(links.mark_used(mine.db, UUID(int=1), clock.now()))

    assert results == [True, False]


def test_a_link_that_ends_at_this_moment_is_not_used(work, new_link, clock):
    with work() as mine:
        links.insert(mine.db, new_link(expires_at=clock.now()), DIGEST)
        assert not links.mark_used(mine.db, UUID(int=1), clock.now())


def test_a_users_links_are_voided_by_kind_or_all_but_one(work, database, new_link):
    ada, grace = store_user(work), store_user(work)
    kinds = ["reset-password", "verify-email", "delete-user"]
    with work() as mine:
        for number, kind in enumerate(kinds, 1):
            mine_too = new_link(number, user_id=ada.id, kind=kind)
            links.insert(mine.db, mine_too, TokenDigest(bytes([number]) * 32))
        links.insert(mine.db, new_link(9, user_id=grace.id), DIGEST)

    def remaining_kinds(user):
        return [
            link.kind
            for link in run_query(database, lambda db: links.list_for_user(db, user.id, user.email))
        ]

    with work() as mine:
        links.delete_for_user(mine.db, ada.id, ["delete-user"])
    assert remaining_kinds(ada) == ["verify-email", "reset-password"]
    with work() as mine:
        links.delete_for_user(mine.db, ada.id, except_id=UUID(int=2))
    assert remaining_kinds(ada) == ["verify-email"]
    with work() as mine:
        links.delete_for_user(mine.db, ada.id)
    assert (remaining_kinds(ada), remaining_kinds(grace)) == ([], ["reset-password"])


def test_links_go_with_their_user(work, database, new_link):
    ada = store_user(work)
    with work() as mine:
        links.insert(mine.db, new_link(user_id=ada.id), DIGEST)
    with work() as mine:
        assert users.delete_one(mine.db, ada.id)
        assert not users.delete_one(mine.db, ada.id)

    assert run_query(database, lambda db: links.find(db, ["reset-password"], DIGEST)) is None
