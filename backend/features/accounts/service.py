"""Sign-up and sign-in with a password."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from backend.features.accounts import pending_sign_ups
from backend.features.accounts.attempts import FindDevice, count_attempt, refund_if_unchecked
from backend.features.accounts.pending_sign_ups import PendingSignUp
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
from backend.kernel.secrets.secret import BrowserToken, Password, SessionToken
from backend.limits.limiter import Limiter
from backend.process.hash_pool import HashPool
from backend.storage.queries import user_names, users
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
    username: str | None = None
    """In its normal form."""
    display_username: str | None = None


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
    _refuse_taken_username(work, new)
    if not settings.sign_up:
        raise Refusal("EMAIL_PASSWORD_SIGN_UP_DISABLED")
    email, verify_first = normalize_email(new.address), settings.require_verified_email
    signs_in = settings.sign_in_after_sign_up and not verify_first
    accounts.rules.check_new(new.password, email, new.name)
    if signs_in and users.email_exists(work.db, email):
        _refuse_taken(work, email)
    password_hash = work.run_outside_transaction(accounts.hashes.hash, work.client, new.password)
    _refuse_taken_username(work, new)  # meanwhile, during the hash
    user = _build_user(work, email, new)
    stored = pending_sign_ups.without_username(user) if verify_first and settings.strict else user
    taken = not users.insert(work.db, stored, password_hash)
    if taken and signs_in:
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


def _build_user(work: Work, email: str, new: NewAccount) -> User:
    now = work.now()
    return User(
        work.new_id(),
        email,
        new.name,
        now,
        now,
        image=new.image,
        username=new.username,
        display_username=new.display_username,
    )


def _refuse_taken(work: Work, email: str) -> NoReturn:
    if work.settings.strict:
        work.run_even_if_refused(lambda later: users.mark_contested(later.db, email))
    work.keep(_taken_event())
    raise Refusal("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")


def _refuse_taken_username(work: Work, new: NewAccount) -> None:
    # Whether or not the address is taken: the response must not depend on that.
    if new.username is not None and user_names.is_taken(work.db, new.username):
        work.keep(Event(EventKind.SIGN_UP_FAILED, detail={"reason": "username taken"}))
        raise Refusal("USERNAME_IS_ALREADY_TAKEN")


def _taken_event() -> Event:
    return Event(EventKind.SIGN_UP_FAILED, detail={"reason": "taken"})


@dataclass(frozen=True, slots=True)
class PasswordSignIn:
    """The fields of a sign-in with a password, and what the browser sent along."""

    password: Password
    remember: bool
    callback: str | None
    presented_tokens: Sequence[SessionToken]
    """Tokens of the sessions whose cookies came with the request."""
    trusted_browser_tokens: Sequence[BrowserToken]
    """What the browser shows if its user gave a second factor in it before."""
    find_device: FindDevice


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """What a sign-in names: an account, a pending sign-up, both or neither."""

    method: Method
    attempts_key: str
    """Under which wrong passwords are counted: for an account by its address, whatever names it."""
    credential: UserWithHash | None
    pending: PendingSignUp | None
    refusal: str
    """The code if the name or the password is wrong."""


def sign_in(
    work: Work, accounts: Accounts, address: str, request: PasswordSignIn
) -> IssuedSession | Challenge:
    """Sign a user in with their address and password."""
    if not is_email_address(address):
        raise Refusal("INVALID_EMAIL")
    accounts.rules.check_length(request.password)
    email = normalize_email(address)
    credential = users.find_with_hash(work.db, email)
    pending = pending_sign_ups.find_for(work, credential)
    named = NamedAccount(Method.PASSWORD, email, credential, pending, "INVALID_EMAIL_OR_PASSWORD")
    return sign_in_to(work, accounts, named, request)


def sign_in_to(
    work: Work, accounts: Accounts, named: NamedAccount, request: PasswordSignIn
) -> IssuedSession | Challenge:
    """Sign in to an account with its password; costs the same if there is none."""
    credential, key = named.credential, named.attempts_key
    refund = count_attempt(work, accounts.limiter, key, credential, request.find_device)
    with refund_if_unchecked(refund):
        user, by_pending_sign_up = _check_password(work, accounts, named, request.password)
    attempt = SignInAttempt(
        user,
        named.method,
        request.remember,
        request.callback,
        request.presented_tokens,
        request.trusted_browser_tokens,
        by_pending_sign_up=by_pending_sign_up,
    )
    if by_pending_sign_up:
        accounts.refuse_unverified(work, attempt)
    work.after_commit(refund)
    return accounts.issuer.finish_sign_in(work, attempt)


def _check_password(
    work: Work, accounts: Accounts, named: NamedAccount, password: Password
) -> tuple[User, bool]:
    """Return the user, and whether the password is only that of a pending sign-up."""
    # An unknown name costs the same: response times must not reveal who has an account.
    verdict = _verify(work, accounts, named, password)
    pending = named.pending if verdict.matches_sign_up else None
    owner = named.credential if verdict.matches or pending is None else pending.owner
    if owner is None or not (verdict.matches or pending):
        _refuse(work, named)
    # The password may have changed, or the user been banned, during the hash.
    user = users.lock_if_password_unchanged(work.db, owner.user.id, owner.password_hash or "")
    if not verdict.matches:
        return owner.user, pending is None or not pending.made_the_account
    if user is None or owner.password_hash is None:
        _refuse(work, named)
    if verdict.new_hash is not None:
        users.replace_password_hash(work.db, user.id, owner.password_hash, verdict.new_hash)
    return user, False


def _verify(
    work: Work, accounts: Accounts, named: NamedAccount, password: Password
) -> PasswordCheck:
    hashes, credential = accounts.hashes, named.credential
    stored_hash = credential.password_hash if credential else None
    if not work.settings.require_verified_email:
        return work.run_outside_transaction(hashes.verify, work.client, password, stored_hash)
    return work.run_outside_transaction(
        hashes.verify_with_sign_up,
        work.client,
        password,
        stored_hash,
        named.pending.password_hash if named.pending else None,
        verified=credential is not None and credential.user.email_verified,
    )


def _refuse(work: Work, named: NamedAccount) -> NoReturn:
    credential = named.credential
    detail: dict[str, str | int | bool] = {"known": bool(credential)}
    if named.method is not Method.PASSWORD:
        detail["method"] = named.method.value
    subject = credential.user.id if credential else None
    work.keep(Event(EventKind.SIGN_IN_FAILED, subject=subject, detail=detail))
    raise Refusal(named.refusal)
