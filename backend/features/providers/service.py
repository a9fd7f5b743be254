"""Who a provider's account belongs to: signing in with it, signing up, and linking it.

An address links accounts only if both sides have proved it (decision 0036): otherwise somebody
could take over an account with a provider that checks no addresses, or prepare one for its owner to
walk into.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.features.accounts.service import CompletedSignUp, SignUpHook
from backend.features.accounts.session_issuer import (
    Challenge,
    Method,
    ProviderIdentity,
    SessionIssuer,
    SignInAttempt,
)
from backend.features.links import service as links
from backend.features.links.service import LinkKind, LinkToken, LinkTokens
from backend.features.mail import templates
from backend.features.mail.service import Mailer
from backend.features.providers.client import ProviderClient
from backend.features.providers.errors import ProviderError
from backend.features.providers.profiles import Profile
from backend.features.providers.registry import Providers
from backend.features.providers.states import Linking
from backend.features.providers.token_response import ProviderTokens
from backend.features.providers.tokens import TokenVault
from backend.features.sessions.service import IssuedSession
from backend.kernel.events import Event, EventKind
from backend.kernel.secrets.secret import BrowserToken, SessionToken
from backend.storage.queries import accounts, users
from backend.storage.queries.accounts import Account
from backend.storage.queries.users import User
from backend.storage.work import Work


@dataclass(frozen=True, slots=True)
class ProviderSignIn:
    """The services that signing in with a provider needs besides `Work`."""

    providers: Providers
    vault: TokenVault
    issuer: SessionIssuer
    mailer: Mailer
    link_tokens: LinkTokens
    on_sign_up: Sequence[SignUpHook] = ()
    admits: Callable[[Work, ProviderIdentity | None], bool] = lambda *_: False
    """Whether somebody may sign up though strangers may not."""


@dataclass(frozen=True, slots=True)
class ProvenAccount:
    """An account whose owner was just proved by its provider, and what the browser sent along."""

    client: ProviderClient
    profile: Profile
    tokens: ProviderTokens
    callback: str | None = None
    presented_tokens: Sequence[SessionToken] = ()
    """Tokens of the sessions whose cookies came with the request."""
    trusted_browser_tokens: Sequence[BrowserToken] = ()
    by_code: bool = False
    """Whether the provider has told us itself just now; an ID token that a page brings can be one
    that somebody has kept."""

    @property
    def provider_id(self) -> str:
        return self.client.config.id

    @property
    def issuer(self) -> str:
        """Who says who it is."""
        return self.profile.issuer or self.client.issuer

    @property
    def identity(self) -> ProviderIdentity | None:
        """Who the provider says it is, if it has told us itself."""
        if not self.by_code:
            return None
        profile = self.profile
        return ProviderIdentity(
            self.provider_id,
            self.issuer,
            self.client.config.client_id,
            profile.subject,
            profile.email if profile.email_verified else None,
            profile.claims,
        )


@dataclass(frozen=True, slots=True)
class ProviderSignInResult:
    """How a sign-in ended, and whether it made the user."""

    outcome: IssuedSession | Challenge
    is_new: bool


def sign_in(work: Work, services: ProviderSignIn, proven: ProvenAccount) -> ProviderSignInResult:
    """Sign in with a provider's account, up if nobody has it; raises ProviderError or Refusal.

    Of two that come first at the same moment one makes the user, and the other signs in to it.
    """
    user, is_new = _find_user(work, services, proven), False
    if user is None:
        user = _sign_up(work, services, proven)
        is_new = user is not None
    if user is None:  # somebody took the address in this moment
        user = _find_user(work, services, proven)
    if user is None:
        raise ProviderError("unable_to_create_user", "the address was taken and freed meanwhile")
    attempt = SignInAttempt(
        user,
        Method.PROVIDER,
        remember=not work.client.is_panel,
        callback=proven.callback,
        presented_tokens=proven.presented_tokens,
        trusted_browser_tokens=proven.trusted_browser_tokens,
        provider_id=proven.provider_id,
        identity=proven.identity,
    )
    return ProviderSignInResult(services.issuer.finish_sign_in(work, attempt), is_new)


def mark_browser(work: Work, services: ProviderSignIn, proven: ProvenAccount) -> LinkToken | None:
    """Return what shows, at a mailed link, that this browser came with the account.

    With STRICT only: otherwise a link does not ask who set the account up (decision 0023).
    """
    account = _find_account(work, proven)
    user = users.find(work.db, account.user_id) if account else None
    if user is None or not work.settings.strict:
        return None
    return links.issue(
        work,
        services.link_tokens,
        LinkKind.PROVIDER_SIGN_IN,
        user_id=user.id,
        email=user.email,
        lifetime=work.settings.verification_link_lifetime,
    )


def _find_user(work: Work, services: ProviderSignIn, proven: ProvenAccount) -> User | None:
    """Return the user who has the account, or gets it by their address; None if there is none."""
    account = _find_account(work, proven)
    if account is not None:
        locked = users.lock(work.db, [account.user_id])
        account = _find_account(work, proven)  # as it is now that its user does not change
        if locked and account is not None and account.user_id == locked[0].id:
            return _update_known(work, services, proven, account, locked[0])
    if proven.profile.email is None:
        raise ProviderError("email_not_found", "the provider tells no address")
    user = users.lock_by_email(work.db, proven.profile.email)
    if user is None:
        return None
    account = _find_account(work, proven)  # another sign-in has perhaps just added it
    if account is not None and account.user_id == user.id:
        return _update_known(work, services, proven, account, user)
    if not (proven.profile.email_verified and user.email_verified):
        _contest(work, user)
        side = "here" if proven.profile.email_verified else "by the provider"
        raise ProviderError("account_not_linked", f"the address is not verified {side}")
    _add_account(work, services, proven, user)
    return user


def _contest(work: Work, user: User) -> None:
    """Note that somebody else than who signed up uses the address (decision 0023)."""
    if work.settings.strict and not user.email_verified:
        work.run_even_if_refused(lambda later: users.mark_contested(later.db, user.email))


def _find_account(work: Work, proven: ProvenAccount) -> Account | None:
    provider_id, subject = proven.provider_id, proven.profile.subject
    return accounts.find_by_key(work.db, provider_id, proven.issuer, subject)


def _update_known(
    work: Work, services: ProviderSignIn, proven: ProvenAccount, account: Account, user: User
) -> User:
    """Store the newest tokens; name and picture stay as the user has them here.

    The provider has checked the address again: if it is the user's, it counts as verified.
    """
    profile = proven.profile
    is_owner = profile.email_verified and profile.email == user.email
    changes = {"before_verification": False} if is_owner else {}
    _store_tokens(work, services, proven, account, changes)
    if user.email_verified or not is_owner:
        return user
    verified = users.verify_email(work.db, user.id, user.email, {}, work.now())
    work.record(Event(EventKind.EMAIL_VERIFIED, user.id, user.id))
    return verified or user


def _sign_up(work: Work, services: ProviderSignIn, proven: ProvenAccount) -> User | None:
    """Make a user without a password; None if somebody else just took the address."""
    profile, now = proven.profile, work.now()
    if profile.email is None:
        raise ProviderError("email_not_found", "the provider tells no address")
    if not (work.settings.sign_up or services.admits(work, proven.identity)):
        raise ProviderError("signup_disabled", "nobody can sign up (SIGN_UP)")
    user = User(
        work.new_id(),
        profile.email,
        profile.name,
        now,
        now,
        email_verified=profile.email_verified,
        image=profile.image,
    )
    if not users.insert(work.db, user, None):
        return None
    _store_account(work, services, proven, user)
    detail = {"method": Method.PROVIDER.value, "provider": proven.provider_id}
    work.record(Event(EventKind.SIGN_UP, user.id, user.id, detail))
    if not user.email_verified:
        for hook in services.on_sign_up:
            hook(work, CompletedSignUp(user, proven.callback, taken=False, owner=None))
    return user


def link(work: Work, services: ProviderSignIn, proven: ProvenAccount, linking: Linking) -> None:
    """Add a provider's account to a signed-in user; raises ProviderError.

    Only one with the same address, which the provider has checked: whoever has stolen a session
    must not leave a way in behind.
    """
    profile = proven.profile
    if profile.email is not None and not profile.email_verified:
        raise ProviderError("unable_to_link_account", "the provider has not verified the address")
    user = next(iter(users.lock(work.db, [linking.user_id])), None)
    if user is None or profile.email != user.email or user.email != linking.email:
        raise ProviderError("email_does_not_match", "the account has another address")
    if not update_linked(work, services, proven, user.id):
        _add_account(work, services, proven, user)


def update_linked(
    work: Work, services: ProviderSignIn, proven: ProvenAccount, user_id: UUID
) -> bool:
    """Store the newest tokens of an account that is linked already; returns whether it is.

    Raises ProviderError if it is another user's.
    """
    account = _find_account(work, proven)
    if account is None:
        return False
    if account.user_id != user_id:
        reason = "the account belongs to another user"
        raise ProviderError("account_already_linked_to_different_user", reason)
    scopes = dict.fromkeys([*account.scopes.split(), *proven.tokens.scopes])
    _store_tokens(work, services, proven, account, {"scopes": " ".join(scopes)})
    return True


def _store_tokens(
    work: Work,
    services: ProviderSignIn,
    proven: ProvenAccount,
    account: Account,
    changes: Mapping[str, Any],
) -> None:
    """Store the newest tokens, and the issuer that an imported account does not have yet."""
    sealed = services.vault.seal(proven.tokens, work.randomness)
    accounts.change(work.db, account.id, {**sealed, "issuer": proven.issuer, **changes}, work.now())


def _add_account(work: Work, services: ProviderSignIn, proven: ProvenAccount, user: User) -> None:
    """Add an account to a user, who is told of it."""
    _store_account(work, services, proven, user)
    work.record(Event(EventKind.ACCOUNT_LINKED, user.id, user.id, {"provider": proven.provider_id}))
    name = proven.client.config.name
    sentence = f"Your account can now be opened with {name}."
    templates.enqueue_notice(work, services.mailer, user.email, sentence)


def _store_account(work: Work, services: ProviderSignIn, proven: ProvenAccount, user: User) -> None:
    now = work.now()
    account = Account(
        work.new_id(),
        user.id,
        proven.provider_id,
        proven.issuer,
        proven.profile.subject,
        " ".join(proven.tokens.scopes),
        now,
        now,
        before_verification=not user.email_verified,
        **services.vault.seal(proven.tokens, work.randomness),
    )
    if not accounts.add(work.db, account):
        raise ProviderError("unable_to_link_account", "somebody else has just linked it")
