"""The gate that keeps banned users out."""

from dataclasses import replace
from datetime import datetime

from backend.features.accounts.session_issuer import Check, SignInAttempt
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.storage.clock_check import ClockCheck
from backend.storage.queries import users
from backend.storage.queries.users import User
from backend.storage.work import Work


def without_ended_ban(user: User, now: datetime) -> User:
    """Return the user as one who is not banned, if a ban has run out.

    It stays in the database until they sign in.
    """
    if user.is_banned(now):
        return user
    return replace(user, banned=False, ban_reason=None, ban_expires=None)


def refuse_banned(clock_check: ClockCheck) -> Check:
    """Return the gate that refuses a banned user, or lifts a ban that has run out.

    By the database's clock too: a replica that is ahead must not let everybody in early. Asked only
    after the password was right: a ban is told to nobody else (ASVS 6.3.8).
    """

    def gate(work: Work, attempt: SignInAttempt) -> None:
        user = attempt.user
        if not user.banned:
            return
        now, _ = clock_check.span(work.db)
        if user.is_banned(now):
            if attempt.impersonator is None:
                why = {"reason": "banned"}
                work.keep(Event(EventKind.SIGN_IN_FAILED, subject=user.id, detail=why))
            raise Refusal("BANNED_USER")
        if attempt.impersonator is not None:  # it was not the user who came back
            return
        users.lift_ban(work.db, user.id, now)
        attempt.user = replace(without_ended_ban(user, now), updated_at=now)
        work.record(Event(EventKind.USER_UNBANNED, subject=user.id, detail={"reason": "expired"}))

    return gate
