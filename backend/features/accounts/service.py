"""Who gets an account, and who gets in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NoReturn
from uuid import UUID

from backend.features.sessions import service as sessions
from backend.features.sessions.service import Issued
from backend.kernel.email_address import is_address, normal_form
from backend.kernel.events import Event, EventKind
from backend.kernel.hashing import HashPool
from backend.kernel.passwords import PasswordRules
from backend.kernel.refusals import Refusal, plain_refusal, too_many_requests
from backend.kernel.secret import Password, SessionToken
from backend.kernel.tokens import TokenMint, digest
from backend.storage import sessions as stored_sessions
from backend.storage import users
from backend.storage.users import Credential, User
from backend.storage.work import Work
from backend.web.answers import Answer
from backend.web.limits import FAILURES_OF_DEVICES, FAILURES_PER_ACCOUNT, Limits

_WITHOUT_DEFAULT = ("role", "banReason", "banExpires")
_PROTECTED = (*_WITHOUT_DEFAULT, "banned", "twoFactorEnabled", "isAnonymous")
"""Fields of a user that are not theirs to set; a request that names one is refused, not obeyed."""


@dataclass(slots=True)
class SigningIn:
    """A user who has just proved who they are, before a session is made.

    A gate that changes the user puts the changed one here.
    """

    user: User
    method: str
    remember: bool
    callback: str | None = None
    """Where the browser wants to go then."""


DeviceOf = Callable[[UUID, str], str | None]
"""Names the browser, if this user has signed in there before with the password of this hash."""

Gate = Callable[[Work, SigningIn], Answer | None]
"""Stands between a proof and a session: lets pass, refuses, or answers with a further question."""


@dataclass(frozen=True, slots=True)
class Gates:
    """The gates every way of signing in goes through, in order."""

    all: Sequence[Gate]

    def first_answer(self, work: Work, signing_in: SigningIn) -> Answer | None:
        for gate in self.all:
            if answer := gate(work, signing_in):
                return answer
        return None


@dataclass(frozen=True, slots=True)
class SignUpDone:
    """A sign-up that was answered with success."""

    user: User
    """The new user, or the made-up one that is shown when the address is taken."""
    password_hash: str
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
    mint: TokenMint
    limits: Limits
    gates: Gates
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


def check_not_protected(extra: Mapping[str, Any], *, new: bool = False) -> None:
    """Refuse fields nobody may set on their own account; a falsy one counts as not said.

    Of a new account Better Auth passes over those that have a default, and so do we.
    """
    for field in _WITHOUT_DEFAULT if new else _PROTECTED:
        if extra.get(field):
            raise Refusal("FIELD_NOT_ALLOWED", f"{field} is not allowed to be set")


def sign_up(work: Work, accounts: Accounts, new: NewUser) -> tuple[User, Issued | None]:
    """Make an account with a password and, unless its address must be verified first, a session.

    Where it must, nobody learns whether the address was taken: the answer shows a user who looks
    as new as any other, and everything up to it costs the same (ASVS 6.3.8).
    """
    if not work.settings.sign_up:
        raise Refusal("EMAIL_PASSWORD_SIGN_UP_DISABLED")
    email, quiet = normal_form(new.address), work.settings.require_verified_email
    accounts.rules.check_new(new.password, email, new.name)
    if not quiet and users.is_taken(work.db, email):
        _refuse_taken(work)
    hashed = work.outside(accounts.hashes.hash, work.client, new.password)
    user = _new_user(work, email, new)
    taken = not users.insert(work.db, user, hashed)
    if taken and not quiet:  # while we hashed
        _refuse_taken(work)
    owner = users.find_by_email(work.db, email) if taken else None
    work.record(_taken() if taken else Event(EventKind.SIGN_UP, user.id, user.id))
    for hook in accounts.on_sign_up:
        hook(work, SignUpDone(user, hashed, new.callback, taken, owner))
    if quiet:
        return user, None
    return user, sessions.issue(work, accounts.mint, user, remember=new.remember)


def sign_in(
    work: Work,
    accounts: Accounts,
    address: str,
    password: Password,
    *,
    remember: bool,
    callback: str | None,
    device_of: DeviceOf,
) -> Issued | Answer:
    """Let in who knows the password."""
    if not is_address(address):
        raise Refusal("INVALID_EMAIL")
    accounts.rules.check_length(password)
    email = normal_form(address)
    credential = users.find_credential(work.db, email)
    take_back = count_attempt(work, accounts.limits, email, credential, device_of)
    user = _check_password(work, accounts, credential, password)
    work.after_commit(take_back)
    signing_in = SigningIn(user, "password", remember, callback)
    if answer := accounts.gates.first_answer(work, signing_in):
        return answer
    user = signing_in.user
    work.record(Event(EventKind.SIGN_IN, user.id, user.id, {"method": signing_in.method}))
    return sessions.issue(work, accounts.mint, user, remember=remember)


def count_attempt(
    work: Work, limits: Limits, email: str, credential: Credential | None, device_of: DeviceOf
) -> Callable[[], None]:
    """Count this attempt as a failure before the hash, so that parallel guesses gain nothing.

    A browser in which the user has signed in before has its own count: strangers who guess cannot
    shut the owner out. Above those of single browsers stands one for all: each sign-in gives such
    a mark, and a hundred of them must not be a hundred times ten guesses. Returns what takes the
    count back when it was no failure.
    """
    user, device = credential.user if credential else None, None
    if user and credential and credential.password_hash is not None:
        device = device_of(user.id, credential.password_hash)
    rules = [(FAILURES_PER_ACCOUNT, _guesses(device or email))]
    if user and device:  # after its own: one browser alone cannot use up what is for all
        rules.append((FAILURES_OF_DEVICES, _guesses(str(user.id))))
    for rule, who in rules:
        exceeded = work.outside(limits.count, rule, *who)  # may ask Redis
        if exceeded is not None:
            if exceeded.first:
                subject = user.id if user else None
                work.keep(Event(EventKind.RATE_LIMITED, None, subject, {"what": "password"}))
            raise too_many_requests(exceeded.retry_after)

    def take_back() -> None:
        for rule, who in rules:
            limits.refund(rule, *who)

    return take_back


def forget_guesses(limits: Limits, user: User) -> None:
    """Let the owner try at once, who got a new password by other means than the old one."""
    limits.clear(FAILURES_PER_ACCOUNT, *_guesses(user.email))
    limits.clear(FAILURES_OF_DEVICES, *_guesses(str(user.id)))


def _guesses(whose: str) -> tuple[str, str]:
    return ("account", sha256(whose.encode()).hexdigest())


def end_presented(work: Work, tokens: Iterable[SessionToken]) -> None:
    """End the sessions a browser showed while signing in anew (ASVS 7.2.4)."""
    if work.settings.strict:
        for token in tokens:
            stored_sessions.delete_by_digest(work.db, digest(token))


def update_profile(work: Work, user: User, changes: dict[str, Any]) -> None:
    """Change one's own name or picture; what is the same already is neither written nor recorded.

    `user` may be what is remembered: that nothing changes, the database must say.
    """
    if not changes:
        raise plain_refusal("No fields to update")
    if _is_already(user, changes) and _is_already(work.actor, changes):
        return
    detail: dict[str, str | int | bool] = {"fields": ",".join(sorted(changes))}
    event = Event(EventKind.USER_UPDATED, user.id, user.id, detail)
    work.record(event, users.profile_change(user.id, changes, work.now()))


def _is_already(user: User, changes: dict[str, Any]) -> bool:
    return all(getattr(user, name) == value for name, value in changes.items())


def _refuse_taken(work: Work) -> NoReturn:
    work.keep(_taken())
    raise Refusal("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")


def _taken() -> Event:
    return Event(EventKind.SIGN_UP_FAILED, detail={"reason": "taken"})


def _new_user(work: Work, email: str, new: NewUser) -> User:
    now = work.now()
    return User(
        id=work.new_id(),
        email=email,
        email_verified=False,
        name=new.name,
        image=new.image,
        role="user",
        banned=False,
        ban_reason=None,
        ban_expires=None,
        created_at=now,
        updated_at=now,
    )


def _check_password(
    work: Work,
    accounts: Accounts,
    credential: Credential | None,
    password: Password,
) -> User:
    # An unknown address costs a hash too: the time of the answer must not name our users.
    seen = credential.password_hash if credential else None
    verdict = work.outside(accounts.hashes.verify, work.client, password, seen)
    if credential is None or seen is None or not verdict.matches:
        _refuse(work, credential)
    # The password may have been changed, or the user banned, while we hashed.
    user = users.find_if_password_is(work.db, credential.user.id, seen)
    if user is None:
        _refuse(work, credential)
    if verdict.upgraded is not None:
        users.replace_password_hash(work.db, user.id, seen, verdict.upgraded)
    return user


def _refuse(work: Work, credential: Credential | None) -> NoReturn:
    subject = credential.user.id if credential else None
    work.keep(Event(EventKind.SIGN_IN_FAILED, subject=subject, detail={"known": bool(credential)}))
    raise Refusal("INVALID_EMAIL_OR_PASSWORD")
