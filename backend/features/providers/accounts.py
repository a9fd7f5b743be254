"""The accounts that a signed-in user has at providers, and their tokens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from backend.features.accounts.ways_in import CREDENTIAL, remove_way_in
from backend.features.providers.client import ProviderClient
from backend.features.providers.errors import ProviderError
from backend.features.providers.profiles import Profile
from backend.features.providers.service import ProviderSignIn
from backend.kernel.randomness import parse_uuid
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Secret
from backend.storage.queries import accounts, users
from backend.storage.queries.accounts import Account
from backend.storage.work import Work

_NO_LONGER = "Your account can no longer be opened with {}."
_EXPIRES_SOON = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class CurrentTokens:
    """The tokens of an account as they are now, refreshed if they had to be."""

    account: Account
    access_token: Secret | None
    access_token_expires_at: datetime | None
    id_token: Secret | None


def unlink(work: Work, services: ProviderSignIn, way_in_id: str) -> None:
    """Remove one of the caller's ways in; the last one stays."""
    user = work.actor
    remove_way_in(work, services.mailer, user, way_in_id, notice=_NO_LONGER, actor=user.id)


def get_current_tokens(
    work: Work, services: ProviderSignIn, user_id: UUID, account_row_id: str | None
) -> CurrentTokens:
    """Return an account's tokens, refreshed if the access token ends within five seconds."""
    account = _find_own(work, user_id, account_row_id)
    client = services.providers.find(account.provider_id)
    if client is None:
        raise _unsupported(account)
    if account.refresh_token is None or not _ends_soon(account, work.now()):
        return _open(services, account)
    try:
        return _open(services, _refresh(work, services, client, account))
    except ProviderError as error:
        raise Refusal("FAILED_TO_GET_ACCESS_TOKEN") from error


def refresh_tokens(
    work: Work, services: ProviderSignIn, user_id: UUID, account_row_id: str | None
) -> tuple[CurrentTokens, Secret]:
    """Get new tokens from the provider; returns them with the refresh token."""
    account = _find_own(work, user_id, account_row_id)
    client = services.providers.find(account.provider_id)
    if client is None:
        raise _unsupported(account)
    if account.refresh_token is None:
        raise Refusal("REFRESH_TOKEN_NOT_FOUND")
    try:
        refreshed = _refresh(work, services, client, account)
    except ProviderError as error:
        raise Refusal("FAILED_TO_REFRESH_ACCESS_TOKEN") from error
    refresh_token = services.vault.open(refreshed.refresh_token)
    return _open(services, refreshed), refresh_token or Secret("")


def load_account_info(
    work: Work, services: ProviderSignIn, user_id: UUID, account_row_id: str | None
) -> tuple[Account, Profile]:
    """Ask the provider who the person is now."""
    account = _find_own(work, user_id, account_row_id)
    client = services.providers.find(account.provider_id)
    if client is None:
        raise Refusal("PROVIDER_NOT_CONFIGURED")
    tokens = get_current_tokens(work, services, user_id, account_row_id)
    if tokens.access_token is None:
        raise Refusal("ACCESS_TOKEN_NOT_FOUND")
    try:
        profile = work.run_outside_transaction(
            client.load_current_profile, tokens.access_token, tokens.id_token
        )
    except ProviderError:
        raise Refusal("FAILED_TO_GET_USER_INFO", status=401) from None
    if profile.subject != account.account_id:
        raise Refusal("FAILED_TO_GET_USER_INFO", status=401)
    return account, profile


def _find_own(work: Work, user_id: UUID, account_row_id: str | None) -> Account:
    """Return an account of the user; their password is one too, at no provider that is known."""
    row_id = parse_uuid(account_row_id or "")
    account = accounts.find(work.db, row_id) if row_id else None
    if account is not None and account.user_id == user_id:
        return account
    if row_id == user_id and users.find_password_hash(work.db, user_id) is not None:
        now = work.now()
        return Account(user_id, user_id, CREDENTIAL, "", str(user_id), "", now, now)
    raise Refusal("ACCOUNT_NOT_FOUND")


def _ends_soon(account: Account, now: datetime) -> bool:
    expires_at = account.access_token_expires_at
    return expires_at is not None and expires_at - now < _EXPIRES_SOON


def _refresh(
    work: Work, services: ProviderSignIn, client: ProviderClient, account: Account
) -> Account:
    """Store and return the account with new tokens; raises ProviderError.

    One request at a time, and stored at once: many providers give a new refresh token with each
    answer, and end all of somebody's tokens if the old one comes again (RFC 9700, 4.14.2).
    """

    def refresh_alone() -> None:
        with client.refreshing(account.id):
            newest = work.commit_first(lambda first: accounts.find(first.db, account.id))
            if newest is None or newest.access_token != account.access_token:
                return  # another request has just refreshed them
            refresh_token = services.vault.open(newest.refresh_token)
            if refresh_token is None:
                raise ProviderError("invalid_grant", "the key that sealed the token is gone")
            changes = services.vault.seal(client.refresh(refresh_token), work.randomness)
            work.commit_first(
                lambda then: accounts.change(then.db, account.id, changes, then.now())
            )

    work.run_outside_transaction(refresh_alone)
    refreshed = accounts.find(work.db, account.id)
    if refreshed is None:
        raise Refusal("ACCOUNT_NOT_FOUND")
    return refreshed


def _open(services: ProviderSignIn, account: Account) -> CurrentTokens:
    return CurrentTokens(
        account,
        services.vault.open(account.access_token),
        account.access_token_expires_at,
        services.vault.open(account.id_token),
    )


def _unsupported(account: Account) -> Refusal:
    message = f"Provider {account.provider_id} is not supported."
    return Refusal("PROVIDER_NOT_SUPPORTED", message)
