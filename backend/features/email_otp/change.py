"""Changing one's address by a code that is mailed to the new one.

With STRICT a verified user first gives a code that was mailed to the old one, so that a stolen
session is not enough to take over the account: Better Auth's option `verifyCurrentEmail`.
"""

from backend.features.accounts import unproven_credentials
from backend.features.email_otp import codes
from backend.features.email_otp.codes import CodeRequest, EmailOtp, Purpose
from backend.features.email_otp.service import parse_address
from backend.features.links.service import LinkKind
from backend.features.mail import templates
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.service import refuse_impersonator
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import RecordedRefusal, refusal_without_code
from backend.storage.queries import links, users
from backend.storage.queries.users import User
from backend.storage.work import Work

_TAKEN = "Email already in use"


def request_change(
    work: Work, email_otp: EmailOtp, current: CurrentSession, address: str, code: str | None
) -> None:
    """Mail a code to the new address. The response is the same if it is taken."""
    user, new = _find_change(work, current, address)
    if work.settings.strict and user.email_verified:
        if not code:
            raise refusal_without_code("OTP is required to verify current email")
        codes.use(work, email_otp, Purpose.EMAIL_VERIFICATION, user.email, code, user)
    free = not users.email_exists(work.db, new)
    request = CodeRequest(
        Purpose.CHANGE_EMAIL, _subject(work, user, new), to=new, user=user, has_use=free
    )
    within_limit = codes.send(work, email_otp, request)
    detail: dict[str, str | bool] = {"by": "code", "within_limit": within_limit}
    work.record(Event(EventKind.EMAIL_CHANGE_REQUESTED, user.id, user.id, detail))


def change_email(
    work: Work, email_otp: EmailOtp, current: CurrentSession, address: str, code: str
) -> User:
    """Change the address, which is then verified; returns the user afterwards."""
    user, new = _find_change(work, current, address)
    codes.use(work, email_otp, Purpose.CHANGE_EMAIL, _subject(work, user, new), code, user)
    if users.email_exists(work.db, new):
        raise RecordedRefusal(None, _TAKEN)
    changed = users.change_email(work.db, user.id, user.email, new, work.now(), verified=True)
    if changed is None:
        raise refusal_without_code(_TAKEN)  # at the same moment
    work.record(Event(EventKind.EMAIL_CHANGED, user.id, user.id))
    if user.email_verified:
        notice = "Your account has another address from now on, as you confirmed here."
        templates.enqueue_notice(work, email_otp.link_mailer.mailer, user.email, notice)
    else:
        _become_verified(work, user)
    return changed


def _find_change(work: Work, current: CurrentSession, address: str) -> tuple[User, str]:
    """Return the user and the new address, or refuse as Better Auth does."""
    if not work.settings.change_email:
        raise refusal_without_code("Change email with OTP is disabled")
    refuse_impersonator(current.session)
    user, new = work.actor, parse_address(address)
    if new == user.email:
        raise refusal_without_code("Email is the same")
    return user, new


def _subject(work: Work, user: User, new: str) -> str:
    """Return what a code is for: an account and its new address.

    With STRICT also how the account was: if it was unverified, perhaps it was another's who signed
    up with somebody's address. Once the owner has verified it, the old mailbox must confirm too.
    """
    if not work.settings.strict:
        return f"{user.id}:{new}"
    state = "verified" if user.email_verified else "unverified"
    return f"{user.id}:{state}:{user.email}:{new}"


def _become_verified(work: Work, user: User) -> None:
    """Void what others may have set up with the address before; what this user did is theirs."""
    links.delete_for_user(work.db, user.id, [LinkKind.SIGN_UP, LinkKind.PROVIDER_SIGN_IN])
    unproven_credentials.mark_as_owners(work, user)
    work.record(Event(EventKind.EMAIL_VERIFIED, user.id, user.id))
