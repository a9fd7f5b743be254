"""The second factors of a user, as an admin sees and removes them."""

from dataclasses import asdict
from datetime import datetime

from backend.features.accounts.second_factors import remove_second_factors
from backend.features.admin.permissions import UPDATE_USERS, authorise_for_user
from backend.features.mail import templates
from backend.features.mail.service import Mailer
from backend.features.management.wire import SecondFactorsOut, TrustedBrowserOut
from backend.features.sessions.cache import CurrentSession
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal, refusal_without_code
from backend.storage.db import Db
from backend.storage.queries import trusted_browsers, two_factors, users
from backend.storage.queries.trusted_browsers import TrustedBrowser
from backend.storage.queries.users import User
from backend.storage.work import Work

YOURSELF = "Remove your own second factor on your account's page, which asks for your password"
_BY_ADMIN = "An administrator turned off two-factor authentication for your account."


def read(db: Db, user: User, now: datetime) -> SecondFactorsOut:
    """Read the second factors of a user: what there is, never a secret."""
    factors = two_factors.find(db, user.id)
    until = factors.locked_until if factors else None
    counts = factors is not None and user.two_factor_enabled
    return SecondFactorsOut(
        two_factor_enabled=user.two_factor_enabled,
        app=factors is not None and factors.has_totp,
        mail_codes=factors is not None and factors.mail_codes,
        since=factors.created_at if factors and counts else None,
        backup_codes=two_factors.count_backup_codes(db, user.id) if counts else 0,
        locked_until=until if until and until > now else None,
        trusted_browsers=[
            _render(each) for each in trusted_browsers.list_for_user(db, user.id, now)
        ],
    )


def remove_as_admin(work: Work, mailer: Mailer, current: CurrentSession, user_id: str) -> None:
    """Remove the second factors of a user who lost them, and mail them a notice.

    Not one's own: a stolen session must not change them, so that asks for the password (ASVS
    7.5.1). Sessions stay: who is signed in has given the factor, and an admin who doubts it can end
    them. Trusted browsers and begun sign-ins go with the factor that they stand for.
    """
    user = authorise_for_user(work, current, user_id, UPDATE_USERS)
    if user.id == current.user.id:
        raise refusal_without_code(YOURSELF)
    if not user.two_factor_enabled:
        raise Refusal("TWO_FACTOR_NOT_ENABLED")
    _remove(work, mailer, user, Event(EventKind.TWO_FACTOR_DISABLED, current.user.id, user.id))


def remove_by_address(work: Work, mailer: Mailer, email: str) -> bool:
    """Remove the second factors of an account for the owner of the machine; False without any."""
    found = users.find_by_email(work.db, email)
    locked = users.lock(work.db, [found.id]) if found else []
    if not locked or not locked[0].two_factor_enabled:
        return False
    [user] = locked
    _remove(work, mailer, user, Event(EventKind.TWO_FACTOR_DISABLED, subject=user.id))
    return True


def _remove(work: Work, mailer: Mailer, user: User, event: Event) -> None:
    remove_second_factors(work, user)
    work.record(event)
    templates.enqueue_notice(work, mailer, user.email, _BY_ADMIN)


def _render(browser: TrustedBrowser) -> TrustedBrowserOut:
    values = asdict(browser)
    return TrustedBrowserOut(**{name: values[name] for name in TrustedBrowserOut.model_fields})
