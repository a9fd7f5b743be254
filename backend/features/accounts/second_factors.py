"""Removing the second factors of a user, with everything that was trusted because of them."""

from backend.storage.queries import (
    one_time_codes,
    sign_in_challenges,
    trusted_browsers,
    two_factors,
    users,
)
from backend.storage.queries.users import User
from backend.storage.work import Work


def remove_second_factors(work: Work, user: User) -> User:
    """Delete the second factors of a user, begun ones too; returns the user afterwards."""
    two_factors.delete_backup_codes(work.db, user.id)
    two_factors.delete_totp_steps(work.db, user.id)
    trusted_browsers.delete_for_user(work.db, user.id)
    sign_in_challenges.delete_for_user(work.db, user.id)
    one_time_codes.delete_for_user(work.db, user.id)
    existed = two_factors.delete_for_user(work.db, user.id)
    if not existed and not user.two_factor_enabled:
        return user
    changes = {"two_factor_enabled": False}
    return users.update_profile(work.db, user.id, changes, work.now()) or user
