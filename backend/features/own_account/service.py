"""Changing one's password."""

from backend.features.accounts.attempts import FindDevice
from backend.features.accounts.passwords import check_current, end_old_access
from backend.features.accounts.service import Accounts
from backend.features.mail import templates
from backend.features.mail.service import Mailer
from backend.features.sessions import service as sessions
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.service import IssuedSession
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password
from backend.storage.queries import two_factors, users
from backend.storage.work import Work


def change_password(
    work: Work,
    accounts: Accounts,
    mailer: Mailer,
    current: CurrentSession,
    current_password: Password,
    new: Password,
    find_device: FindDevice,
    *,
    revoke_others: bool,
) -> IssuedSession | None:
    """Replace the password of a caller who knows it; of concurrent calls one wins (ASVS 15.4.2).

    With `revoke_others` every session ends and the caller gets a new one.
    """
    sessions.refuse_impersonator(current.session)
    accounts.rules.check_new(new, current.user.email, current.user.name)
    # Before the current one is checked, as in Better Auth.
    work.run_outside_transaction(accounts.hashes.check_new, new)
    stored_hash = check_current(work, accounts, current_password, find_device)
    password_hash = work.run_outside_transaction(accounts.hashes.hash_checked, work.client, new)
    user = work.actor
    if not users.replace_password_hash(work.db, user.id, stored_hash, password_hash):
        raise Refusal("INVALID_PASSWORD")  # it was changed during the hash
    remember = current.session.remembered
    issued = accounts.issuer.renew(work, remember=remember) if revoke_others else None
    two_factors.set_password_by_mail(work.db, user.id, False)
    end_old_access(work, user.id, except_id=(issued or current).session.id)
    work.record(Event(EventKind.PASSWORD_CHANGED, user.id, user.id))
    notice = "The password of your account was changed."
    templates.enqueue_notice(work, mailer, user.email, notice)
    return issued
