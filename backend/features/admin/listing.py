"""Which users a list shows, and how many there are."""

from collections.abc import Sequence

from backend.storage import user_list
from backend.storage.engine import Db
from backend.storage.user_list import COUNTED, Wanted
from backend.storage.users import User


def find_page(db: Db, wanted: Wanted) -> tuple[Sequence[User], int]:
    """Find a page and how many users it was taken from.

    The number is exact up to 10,000, so that a larger one is known to be an estimate.
    """
    total = user_list.count(db, wanted.conditions)
    if total > COUNTED:
        return user_list.find_in_order(db, wanted), user_list.estimate(db, wanted.conditions)
    if total <= wanted.offset:
        return [], total
    return user_list.find_among_few(db, wanted), total
