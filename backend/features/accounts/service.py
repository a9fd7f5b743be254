"""Who gets an account, and who gets in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from backend.features.accounts import pending_sign_ups
from backend.features.accounts.attempts import DeviceOf, count_attempt, unless_unchecked
from backend.features.accounts.signing_in import (
    Challenge,
    Check,
    Method,
    SessionIssuer,
    SigningIn,
)
from backend.features.links.service import Links, LinkToken
from backend.features.sessions.service import Issued
from backend.kernel.email_address import is_address, normal_form
from backend.kernel.events import Event, EventKind
from backend.kernel.passwords.hasher import Verdict
from backend.kernel.passwords.rules import PasswordRules
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password, SessionToken
from backend.limits.limiter import Limiter
from backend.process.hash_pool import HashPool
from backend.storage.queries import users
from backend.storage.queries.users import Credential, User
from backend.storage.work import Work


@dataclass(frozen=True, slots=True)
class SignUpDone:
    """A sign-up that was answered with success."""

    user: User
    """The new user, or the made-up one that is shown when the address is taken."""
    callback: str | None
    taken: bool
    """Whether the address was. Only with REQUIRE_VERIFIED_EMAIL; otherwise that is refused."""
    owner: User | None
    """Who has it, then."""


Hook = Callable[[Work, SignUpDone], None]
"""Called after a sign-up, in its transaction."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """What signing up and signing in need beside the work itself."""

    hashes: HashPool
    rules: PasswordRules
    limiter: Limiter
    issuer: SessionIssuer
    links: Links
    refuse_unverified: Check
    """The one of the gates that refuses who has not proved their address."""
    on_sign_up: Sequence[Hook] = ()
    before_removal: Sequence[Callable[[Work, User], None]] = ()
    """Each may refuse that this user goes."""


@dataclass(frozen=True, slots=True)
class NewUser:
    """What somebody said to get an account; `address` is as they typed it."""

    address: str
    password: Password
    name: str
    image: str | None
    remember: bool
    callback: str | None = None
    presented: Sequence[SessionToken] = ()
    """The sessions that their browser shows."""


@dataclass(frozen=True, slots=True)
class SignedUp:
    """A user as the answer to a sign-up shows them, and what their browser is given."""

    user: User
    outcome: Issued | Challenge | None = None
    sign_up: LinkToken | None = None
    """What shows, at a click on a mailed link, that this browser chose the password."""


def sign_up(work: Work, accounts: Accounts, new: NewUser) -> SignedUp:
    """Make an account with a password and, unless its address must be verified first, a session.

    Where it must, nobody learns whether the address was taken: the answer shows a user who looks
    as new as any other, and everything up to it costs the same (ASVS 6.3.8).
    """
    if not work.settings.sign_up:
        raise Refusal("EMAIL_PASSWORD_SIGN_UP_DISABLED")
    email, quiet = normal_form(new.address), work.settings.require_verified_email
    accounts.rules.check_new(new.password, email, new.name)
    if not quiet and users.is_taken(work.db, email):
        _refuse_taken(work, email)
    hashed = work.outside(accounts.hashes.hash, work.client, new.password)
    user = _new_user(work, email, new)
    taken = not users.insert(work.db, user, hashed)
    if taken and not quiet:  # while we hashed
        _refuse_taken(work, email)
    owner = users.find_by_email(work.db, email) if quiet else None
    token = pending_sign_ups.note(work, accounts.links, user, owner, hashed) if quiet else None
    work.record(_taken() if taken else Event(EventKind.SIGN_UP, user.id, user.id))
    for hook in accounts.on_sign_up:
        hook(work, SignUpDone(user, new.callback, taken, owner))
    if quiet:
        return SignedUp(user, sign_up=token if work.settings.strict else None)
    signing_in = SigningIn(user, Method.SIGN_UP, new.remember, new.callback, new.presented)
    return SignedUp(user, accounts.issuer.finish_sign_in(work, signing_in))


def sign_in(
    work: Work,
    accounts: Accounts,
    address: str,
    password: Password,
    *,
    remember: bool,
    callback: str | None,
    presented: Sequence[SessionToken],
    device_of: DeviceOf,
) -> Issued | Challenge:
    """Let in who knows the password."""
    if not is_address(address):
        raise Refusal("INVALID_EMAIL")
    accounts.rules.check_length(password)
    email = normal_form(address)
    credential = users.find_credential(work.db, email)
    take_back = count_attempt(work, accounts.limiter, email, credential, device_of)
    with unless_unchecked(take_back):
        user, by_sign_up = _check_password(work, accounts, credential, password)
    signing_in = SigningIn(user, Method.PASSWORD, remember, callback, presented, by_sign_up)
    if by_sign_up:
        accounts.refuse_unverified(work, signing_in)
    work.after_commit(take_back)
    return accounts.issuer.finish_sign_in(work, signing_in)


def _refuse_taken(work: Work, email: str) -> NoReturn:
    if work.settings.strict:
        work.anyway(lambda later: users.contest(later.db, email))
    work.keep(_taken())
    raise Refusal("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")


def _taken() -> Event:
    return Event(EventKind.SIGN_UP_FAILED, detail={"reason": "taken"})


def _new_user(work: Work, email: str, new: NewUser) -> User:
    now = work.now()
    return User(
        id=work.new_id(),
        email=email,
        name=new.name,
        image=new.image,
        created_at=now,
        updated_at=now,
    )


def _check_password(
    work: Work, accounts: Accounts, credential: Credential | None, password: Password
) -> tuple[User, bool]:
    """Return whose password it is, and whether it is only that of a sign-up for their address."""
    # An unknown address costs as much: the time of the answer must not name our users.
    seen = credential.password_hash if credential else None
    verdict = _verdict(work, accounts, credential, password)
    if credential is None or not (verdict.matches or verdict.of_sign_up):
        _refuse(work, credential)
    # The password may have been changed, or the user banned, while we hashed.
    user = users.find_if_password_is(work.db, credential.user.id, seen or "")
    if not verdict.matches:
        return credential.user, True
    if user is None or seen is None:
        _refuse(work, credential)
    if verdict.upgraded is not None:
        users.replace_password_hash(work.db, user.id, seen, verdict.upgraded)
    return user, False


def _verdict(
    work: Work, accounts: Accounts, credential: Credential | None, password: Password
) -> Verdict:
    hashes, seen = accounts.hashes, credential.password_hash if credential else None
    if not work.settings.require_verified_email:
        return work.outside(hashes.verify, work.client, password, seen)
    whose = credential.user.id if credential else work.new_id()  # of nobody: asked alike
    sign_up = pending_sign_ups.hash_of(work, whose)
    return work.outside(
        hashes.verify_with_sign_up,
        work.client,
        password,
        seen,
        sign_up,
        verified=credential is not None and credential.user.email_verified,
    )


def _refuse(work: Work, credential: Credential | None) -> NoReturn:
    subject = credential.user.id if credential else None
    work.keep(Event(EventKind.SIGN_IN_FAILED, subject=subject, detail={"known": bool(credential)}))
    raise Refusal("INVALID_EMAIL_OR_PASSWORD")
