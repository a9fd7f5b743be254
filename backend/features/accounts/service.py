"""Sign-up and sign-in with a password."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from backend.features.accounts import pending_sign_ups
from backend.features.accounts.attempts import FindDevice, count_attempt, refund_if_unchecked
from backend.features.accounts.session_issuer import (
    Challenge,
    Method,
    SessionIssuer,
    SignInAttempt,
    SignInCheck,
)
from backend.features.links.service import LinkToken, LinkTokens
from backend.features.sessions.service import IssuedSession
from backend.kernel.email_address import is_email_address, normalize_email
from backend.kernel.events import Event, EventKind
from backend.kernel.passwords.hasher import PasswordCheck
from backend.kernel.passwords.rules import PasswordRules
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password, SessionToken
from backend.limits.limiter import Limiter
from backend.process.hash_pool import HashPool
from backend.storage.queries import users
from backend.storage.queries.users import User, UserWithHash
from backend.storage.work import Work


@dataclass(frozen=True, slots=True)
class CompletedSignUp:
    """A sign-up that got a success response."""

    user: User
    """The new user, or an invented one if the address is taken."""
    callback: str | None
    taken: bool
    """Whether the address was taken; otherwise refused, unless the response is to hide it."""
    owner: User | None
    """The user who already has the address, if it is taken."""


SignUpHook = Callable[[Work, CompletedSignUp], None]
"""Called after a sign-up, in its transaction."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The services that sign-up and sign-in need besides `Work`."""

    hashes: HashPool
    rules: PasswordRules
    limiter: Limiter
    issuer: SessionIssuer
    link_tokens: LinkTokens
    refuse_unverified: SignInCheck
    """The gate that refuses users with an unverified address."""
    on_sign_up: Sequence[SignUpHook] = ()
    before_removal: Sequence[Callable[[Work, User], None]] = ()
    """Hooks called before a user is deleted; each may refuse."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """The fields of a sign-up; `address` is as the user typed it."""

    address: str
    password: Password
    name: str
    image: str | None
    remember: bool
    callback: str | None = None
    presented_tokens: Sequence[SessionToken] = ()
    """Tokens of the sessions whose cookies came with the request."""


@dataclass(frozen=True, slots=True)
class SignUpResult:
    """The outcome of a sign-up: the user to show, and what the browser gets."""

    user: User
    outcome: IssuedSession | Challenge | None = None
    sign_up: LinkToken | None = None
    """A cookie that proves at a mailed link that this browser chose the password."""


def sign_up(work: Work, accounts: Accounts, new: NewAccount) -> SignUpResult:
    """Make an account with a password and, unless a setting says otherwise, a session.

    Without a session the response never reveals whether the address was taken: it shows a user
    who looks new, and takes the same time (ASVS 6.3.8).
    """
    settings = work.settings
    if not settings.sign_up:
        raise Refusal("EMAIL_PASSWORD_SIGN_UP_DISABLED")
    email, verify_first = normalize_email(new.address), settings.require_verified_email
    signs_in = settings.sign_in_after_sign_up and not verify_first
    accounts.rules.check_new(new.password, email, new.name)
    if signs_in and users.email_exists(work.db, email):
        _refuse_taken(work, email)
    password_hash = work.run_outside_transaction(accounts.hashes.hash, work.client, new.password)
    now = work.now()
    user = User(work.new_id(), email, new.name, now, now, image=new.image)
    taken = not users.insert(work.db, user, password_hash)
    if taken and signs_in:  # meanwhile, during the hash
        _refuse_taken(work, email)
    if taken and settings.strict and not verify_first:
        users.mark_contested(work.db, email)
    owner = None if signs_in else users.find_by_email(work.db, email)
    token = None
    if verify_first:
        token = pending_sign_ups.store(work, accounts.link_tokens, user, owner, password_hash)
    work.record(_taken_event() if taken else Event(EventKind.SIGN_UP, user.id, user.id))
    for hook in accounts.on_sign_up:
        hook(work, CompletedSignUp(user, new.callback, taken, owner))
    if not signs_in:
        return SignUpResult(user, sign_up=token if settings.strict else None)
    attempt = SignInAttempt(user, Method.SIGN_UP, new.remember, new.callback, new.presented_tokens)
    return SignUpResult(user, accounts.issuer.finish_sign_in(work, attempt))


def sign_in(
    work: Work,
    accounts: Accounts,
    address: str,
    password: Password,
    *,
    remember: bool,
    callback: str | None,
    presented_tokens: Sequence[SessionToken],
    find_device: FindDevice,
) -> IssuedSession | Challenge:
    """Sign a user in with their password."""
    if not is_email_address(address):
        raise Refusal("INVALID_EMAIL")
    accounts.rules.check_length(password)
    email = normalize_email(address)
    credential = users.find_with_hash(work.db, email)
    refund = count_attempt(work, accounts.limiter, email, credential, find_device)
    with refund_if_unchecked(refund):
        user, by_pending_sign_up = _check_password(work, accounts, credential, password)
    attempt = SignInAttempt(
        user, Method.PASSWORD, remember, callback, presented_tokens, by_pending_sign_up
    )
    if by_pending_sign_up:
        accounts.refuse_unverified(work, attempt)
    work.after_commit(refund)
    return accounts.issuer.finish_sign_in(work, attempt)


def _refuse_taken(work: Work, email: str) -> NoReturn:
    if work.settings.strict:
        work.run_even_if_refused(lambda later: users.mark_contested(later.db, email))
    work.keep(_taken_event())
    raise Refusal("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")


def _taken_event() -> Event:
    return Event(EventKind.SIGN_UP_FAILED, detail={"reason": "taken"})


def _check_password(
    work: Work, accounts: Accounts, credential: UserWithHash | None, password: Password
) -> tuple[User, bool]:
    """Return the user, and whether the password is only that of a pending sign-up."""
    # An unknown address costs the same: response times must not reveal who has an account.
    stored_hash = credential.password_hash if credential else None
    verdict = _verify(work, accounts, credential, password)
    if credential is None or not (verdict.matches or verdict.matches_sign_up):
        _refuse(work, credential)
    # The password may have changed, or the user been banned, during the hash.
    user = users.lock_if_password_unchanged(work.db, credential.user.id, stored_hash or "")
    if not verdict.matches:
        return credential.user, True
    if user is None or stored_hash is None:
        _refuse(work, credential)
    if verdict.new_hash is not None:
        users.replace_password_hash(work.db, user.id, stored_hash, verdict.new_hash)
    return user, False


def _verify(
    work: Work, accounts: Accounts, credential: UserWithHash | None, password: Password
) -> PasswordCheck:
    hashes, stored_hash = accounts.hashes, credential.password_hash if credential else None
    if not work.settings.require_verified_email:
        return work.run_outside_transaction(hashes.verify, work.client, password, stored_hash)
    user_id = credential.user.id if credential else work.new_id()  # unknown: the same query
    sign_up = pending_sign_ups.find_password_hash(work, user_id)
    return work.run_outside_transaction(
        hashes.verify_with_sign_up,
        work.client,
        password,
        stored_hash,
        sign_up,
        verified=credential is not None and credential.user.email_verified,
    )


def _refuse(work: Work, credential: UserWithHash | None) -> NoReturn:
    subject = credential.user.id if credential else None
    work.keep(Event(EventKind.SIGN_IN_FAILED, subject=subject, detail={"known": bool(credential)}))
    raise Refusal("INVALID_EMAIL_OR_PASSWORD")
