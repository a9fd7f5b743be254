"""What was set up in an account before anybody proved to read its mail: it may be a stranger's.

Somebody can sign up with an address that is not theirs, by a password or at a provider that does
not verify addresses, and wait until its owner comes (pre-hijacking, USENIX Security 2022). Each
account at a provider, passkey and second factor remembers that it is from before
(`before_verification`); decision 0023 says what becomes of it.
"""

from collections.abc import Sequence

from backend.features.accounts.second_factors import remove_second_factors
from backend.features.accounts.ways_in import name_way_in
from backend.features.mail import templates
from backend.features.mail.service import Mailer
from backend.kernel.events import Event, EventKind
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import digest
from backend.storage.queries import accounts, passkeys, sessions, two_factors, users
from backend.storage.queries.users import User
from backend.storage.work import Work

_ACCOUNTS_REMOVED = (
    "{providers} can no longer open your account: that was set up before your address was "
    "confirmed, perhaps by somebody else."
)
_PASSKEYS_REMOVED = (
    "Passkeys that were registered before your address was confirmed were removed from your "
    "account. Register yours again."
)
_FACTORS_REMOVED = (
    "Two-factor authentication was turned off for your account: it had been set up before this "
    "address was confirmed, perhaps by somebody else. If it was you, set it up again."
)


def is_contested(work: Work, user: User, password_hash: str | None) -> bool:
    """Tell whether several signed up for the address, so that what is set up may be anybody's."""
    if not work.settings.strict:
        return False
    if users.is_contested(work.db, user.id):
        return True
    return password_hash is None and not accounts.exists_for_user(work.db, user.id)


def is_signed_in(work: Work, user: User, presented_tokens: Sequence[SessionToken]) -> bool:
    """Tell whether the user is signed in in the browser that has sent these; no impersonator."""
    if not presented_tokens:
        return False
    digests = [digest(token) for token in presented_tokens]
    return any(
        row.user.id == user.id
        and row.session.impersonated_by is None
        and row.session.expires_at > work.now()
        for row in sessions.find_all_with_user(work.db, digests).values()
    )


def mark_as_owners(work: Work, user: User) -> None:
    """Note that whoever set things up reads the mail of the address."""
    two_factors.mark_as_owners(work.db, user.id)
    passkeys.mark_as_owners(work.db, user.id)
    accounts.mark_as_owners(work.db, user.id)


def remove_all(work: Work, mailer: Mailer, user: User, *, keep_accounts: bool = False) -> User:
    """Remove what may be a stranger's, all of it if nobody can tell; returns the user afterwards.

    `keep_accounts` is for an owner who is signed in: a provider that does not verify the address
    could never be linked again.
    """
    passkeys.delete_for_user(work.db, user.id)
    if keep_accounts:
        accounts.mark_as_owners(work.db, user.id)
    else:
        _remove_accounts(work, mailer, user, only_unproven=False)
    return remove_second_factors(work, user)


def remove_unproven(work: Work, mailer: Mailer, user: User, *, keep_accounts: bool) -> None:
    """Remove what is from before the address was verified, with notices; the rest stays.

    Whoever reads the mail must not skip a second factor of the owner's (ASVS 6.4.3).
    """
    if not work.settings.strict:
        return
    _remove_factors(work, mailer, user)
    verified = user.email_verified
    removed = passkeys.delete_for_user(work.db, user.id, only_before_verification=verified)
    if removed:
        detail = {"passkeys": removed}
        work.record(Event(EventKind.PASSKEY_REMOVED, subject=user.id, detail=detail))
        templates.enqueue_notice(work, mailer, user.email, _PASSKEYS_REMOVED)
    if keep_accounts:
        accounts.mark_as_owners(work.db, user.id)
    else:
        _remove_accounts(work, mailer, user, only_unproven=True)


def _remove_factors(work: Work, mailer: Mailer, user: User) -> None:
    factors = two_factors.find(work.db, user.id)
    if factors is None or (user.email_verified and not factors.before_verification):
        return
    remove_second_factors(work, user)
    if user.two_factor_enabled:
        work.record(Event(EventKind.TWO_FACTOR_DISABLED, subject=user.id))
        templates.enqueue_notice(work, mailer, user.email, _FACTORS_REMOVED)


def _remove_accounts(work: Work, mailer: Mailer, user: User, *, only_unproven: bool) -> None:
    removed = accounts.delete_for_user(work.db, user.id, only_before_verification=only_unproven)
    if not removed:
        return
    for provider_id in removed:
        detail = {"provider": provider_id}
        work.record(Event(EventKind.ACCOUNT_UNLINKED, subject=user.id, detail=detail))
    providers = ", ".join(name_way_in(work.settings, each) for each in removed)
    templates.enqueue_notice(
        work, mailer, user.email, _ACCOUNTS_REMOVED.format(providers=providers)
    )
