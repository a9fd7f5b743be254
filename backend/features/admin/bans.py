"""The gate that keeps banned users out."""

from dataclasses import replace
from datetime import datetime

from backend.features.accounts.session_issuer import SignInAttempt, SignInCheck
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.storage.clock_check import ClockCheck
from backend.storage.queries import users
from backend.storage.queries.users import User
from backend.storage.work import Work


def hide_ended_ban(user: User, now: datetime) -> User:
    """Return the user without a ban that has ended.

    It stays in the database until they sign in.
    """
    if user.is_banned(now):
        return user
    return replace(user, banned=False, ban_reason=None, ban_expires=None)


def refuse_banned(clock_check: ClockCheck) -> SignInCheck:
    """Build the gate that refuses a banned user, and lifts a ban that has ended.

    It uses the database's clock too: a replica that is ahead must not lift bans early. It runs only
    after the password was right, so that strangers cannot learn about a ban (ASVS 6.3.8).
    """

    def gate(work: Work, attempt: SignInAttempt) -> None:
        user = attempt.user
        if not user.banned:
            return
        now, _ = clock_check.now_bounds(work.db)
        if user.is_banned(now):
            if attempt.impersonator is None:
                detail = {"reason": "banned"}
                work.keep(Event(EventKind.SIGN_IN_FAILED, subject=user.id, detail=detail))
            raise Refusal("BANNED_USER")
        if attempt.impersonator is not None:  # an admin, not the user, signs in
            return
        users.lift_ban(work.db, user.id, now)
        attempt.user = replace(hide_ended_ban(user, now), updated_at=now)
        work.record(Event(EventKind.USER_UNBANNED, subject=user.id, detail={"reason": "expired"}))

    return gate
