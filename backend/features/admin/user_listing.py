"""Pages and counts of users."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from backend.features.admin.bans import hide_ended_ban
from backend.storage.db import Db
from backend.storage.engine import Database
from backend.storage.queries import user_list
from backend.storage.queries.user_activity import UserActivity, find_activity
from backend.storage.queries.user_list import EXACT_COUNT_LIMIT, Conditions, UserListQuery
from backend.storage.queries.users import User
from backend.storage.work import run_query


@dataclass(frozen=True, slots=True)
class ActiveUser:
    """A user with their recent activity."""

    user: User
    activity: UserActivity


def count(db: Db, conditions: Conditions) -> int:
    """Count users that match the conditions, exactly up to 10,000.

    A larger number is an estimate: counting a million users would take too long.
    """
    exact = user_list.count(db, conditions)
    return exact if exact <= EXACT_COUNT_LIMIT else user_list.estimate(db, conditions)


def find_page(db: Db, query: UserListQuery) -> tuple[Sequence[User], int]:
    """Return a page of users and the total, as from `count`."""
    total = count(db, query.conditions)
    if total > EXACT_COUNT_LIMIT:
        return user_list.find_page_by_scanning(db, query), total
    if total <= query.offset:
        return [], total
    return user_list.find_page_by_sorting(db, query), total


def iterate_batches(
    database: Database, query: UserListQuery, now: datetime
) -> Iterator[Sequence[ActiveUser]]:
    """Yield all users, `query.limit` at a time; holds no connection between batches.

    Each batch starts after the last user of the previous one, so a user whose sort key changes
    meanwhile may be missing or appear twice; `created_at` never changes.
    """
    few = run_query(database, lambda db: user_list.count(db, query.conditions)) <= EXACT_COUNT_LIMIT
    find = user_list.find_page_by_sorting if few else user_list.find_page_by_scanning

    def load_batch(page: UserListQuery) -> Sequence[ActiveUser]:
        return run_query(database, lambda db: add_activity(db, find(db, page), now))

    while batch := load_batch(query):
        yield batch
        if len(batch) < query.limit:
            return
        query = replace(query, after=user_list.cursor_of(batch[-1].user, query.sort_by))


def add_activity(db: Db, rows: Sequence[User], now: datetime) -> Sequence[ActiveUser]:
    """Add to each user their recent activity; ended bans are hidden."""
    activity = find_activity(db, [user.id for user in rows], now)
    never = UserActivity(0, None, False)  # of users deleted this very moment
    return [ActiveUser(hide_ended_ban(user, now), activity.get(user.id, never)) for user in rows]
