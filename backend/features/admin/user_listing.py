"""Which users a list shows, and how many there are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from backend.features.admin.bans import without_ended_ban
from backend.storage.db import Db
from backend.storage.engine import Database
from backend.storage.queries import user_list
from backend.storage.queries.user_activity import Activity, activity_of
from backend.storage.queries.user_list import COUNTED, Conditions, Wanted
from backend.storage.queries.users import User
from backend.storage.work import ask


@dataclass(frozen=True, slots=True)
class ActiveUser:
    """A user, with what they have done lately."""

    user: User
    activity: Activity


def count(db: Db, conditions: Conditions) -> int:
    """Count who meets the conditions, exactly up to 10,000.

    A larger number is known to be an estimate: nobody waits until a million users are counted.
    """
    found = user_list.count(db, conditions)
    return found if found <= COUNTED else user_list.estimate(db, conditions)


def find_page(db: Db, wanted: Wanted) -> tuple[Sequence[User], int]:
    """Find a page and how many users it was taken from, as `count` tells it."""
    total = count(db, wanted.conditions)
    if total > COUNTED:
        return user_list.find_in_order(db, wanted), total
    if total <= wanted.offset:
        return [], total
    return user_list.find_among_few(db, wanted), total


def find_active(db: Db, wanted: Wanted, now: datetime) -> tuple[Sequence[ActiveUser], int]:
    """Find a page as `find_page` does, with what its users have done lately."""
    found, total = find_page(db, wanted)
    return with_activity(db, found, now), total


def all_in_batches(
    database: Database, wanted: Wanted, now: datetime
) -> Iterator[Sequence[ActiveUser]]:
    """Find everybody, `wanted.limit` at a time; nothing is borrowed between two batches.

    Each begins behind the last user of the one before. So who changes their place meanwhile may be
    missing or be there twice; nobody does in the order of `created_at`.
    """
    few = ask(database, lambda db: user_list.count(db, wanted.conditions)) <= COUNTED
    find = user_list.find_among_few if few else user_list.find_in_order

    def batch_of(page: Wanted) -> Sequence[ActiveUser]:
        return ask(database, lambda db: with_activity(db, find(db, page), now))

    while batch := batch_of(wanted):
        yield batch
        if len(batch) < wanted.limit:
            return
        wanted = replace(wanted, after=user_list.place_of(batch[-1].user, wanted.sort_by))


def with_activity(db: Db, found: Sequence[User], now: datetime) -> Sequence[ActiveUser]:
    """Add to each user what they have done lately; a ban that has ended is none."""
    activity = activity_of(db, [user.id for user in found], now)
    never = Activity(0, None, False)  # of who was deleted this very moment
    return [
        ActiveUser(without_ended_ban(user, now), activity.get(user.id, never)) for user in found
    ]
