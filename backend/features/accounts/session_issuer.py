"""Where every kind of sign-in ends: gates, then the event, then the session.

Password, sign-up, mailed link and impersonation each prove who is to be signed in;
`SessionIssuer.finish_sign_in` decides whether they get a session.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from backend.features.sessions import service as sessions
from backend.features.sessions.service import IssuedSession
from backend.kernel.events import Event, EventKind
from backend.kernel.secrets.secret import BrowserToken, ChallengeToken, SessionToken
from backend.kernel.secrets.tokens import TokenMint, digest
from backend.storage.queries import sessions as stored_sessions
from backend.storage.queries.sessions import Session
from backend.storage.queries.users import User
from backend.storage.work import Work


class Method(StrEnum):
    """A way to sign in. The audit trail records these names, so they never change."""

    PASSWORD = "password"  # noqa: S105  a method, not a password
    USERNAME = "username"
    """A password, with the user name in place of the address."""
    SIGN_UP = "sign-up"
    VERIFICATION = "verification"
    PASSKEY = "passkey"
    MAGIC_LINK = "magic-link"
    EMAIL_OTP = "email-otp"
    """A code by mail."""
    PROVIDER = "provider"
    """An account at Google, Hugging Face or another provider."""
    IMPERSONATION = "impersonation"
    ANONYMOUS = "anonymous"
    """Trying the app without an account."""


LAST_LOGIN_METHODS: Mapping[Method, str | None] = {
    Method.PASSWORD: "email",
    Method.USERNAME: None,
    Method.SIGN_UP: "email",
    Method.VERIFICATION: None,
    Method.PASSKEY: "passkey",
    Method.MAGIC_LINK: "magic-link",
    Method.EMAIL_OTP: "email-otp",
    Method.PROVIDER: None,  # the provider's id instead
    Method.IMPERSONATION: None,
    Method.ANONYMOUS: None,
}
"""What the browser remembers of a sign-in, by the names of Better Auth's plugin; None where that
writes nothing, so that the browser goes on remembering the sign-in before."""


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """Who somebody is at a provider, which has just told our client in answer to a code."""

    provider_id: str
    issuer: str
    client_id: str
    subject: str
    """The id that stays when names and addresses change, unique at this issuer."""
    verified_email: str | None
    """In its normal form; None if the provider has not verified one."""
    claims: Mapping[str, Any]
    """What it said, of whatever type: nothing of it is believed to have the documented form."""


@dataclass(slots=True)
class SignInAttempt:
    """A sign-in whose user is proven, but without a session yet.

    A gate that changes the user stores the changed one here.
    """

    user: User
    method: Method
    remember: bool = True
    callback: str | None = None
    """Where the browser goes afterwards."""
    presented_tokens: Sequence[SessionToken] = ()
    """Tokens of the sessions whose cookies came with the request."""
    trusted_browser_tokens: Sequence[BrowserToken] = ()
    """What the browser shows if its user gave a second factor in it before."""
    renewed_browser_token: BrowserToken | None = None
    """Replaces the one of these that a gate has accepted."""
    provider_id: str | None = None
    """Who says who the user is."""
    identity: ProviderIdentity | None = None
    """What they say, at the first step of a sign-in that we have begun ourselves."""
    second_factor: str | None = None
    """The factor that was given after the first step."""
    by_pending_sign_up: bool = False
    """Whether the password is only that of a pending sign-up for this taken address."""
    impersonator: UUID | None = None
    """The admin who impersonates this user."""
    anonymous_user_id: UUID | None = None
    """Who was signed in in this browser without an account, and becomes this user."""
    is_second_step: bool = False
    """Whether a challenge of this sign-in has just been answered."""

    @property
    def last_login_method(self) -> str | None:
        """What the browser remembers of this sign-in, at its first step."""
        if self.is_second_step:
            return None
        return self.provider_id or LAST_LOGIN_METHODS[self.method]


@dataclass(frozen=True, slots=True)
class Challenge:
    """Another step required before the session, such as a second factor.

    Routes turn it into a response (`render_challenge`).
    """

    name: str
    """Its name in the response: `twoFactorRedirect`."""
    detail: Mapping[str, JsonValue] = field(default_factory=dict)
    """What the client needs for that step."""
    token: ChallengeToken | None = None
    """What the browser keeps until that step."""
    lifetime: int = 0
    """Of the token, in seconds."""
    remember: bool = True
    """Whether the session will outlive the browser."""
    last_login_method: str | None = None
    """What the browser remembers of the first step."""


SignInHook = Callable[[Work, SignInAttempt], None]
"""Called once the gates are passed, before the session is issued; may change `attempt.user`."""
SignInCheck = Callable[[Work, SignInAttempt], Challenge | None]
"""Returns None to pass, raises Refusal, or returns a challenge."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A check between proof and session, for some methods of signing in."""

    check: SignInCheck
    methods: Collection[Method] = tuple(Method)


@dataclass(frozen=True, slots=True)
class SessionIssuer:
    """The only place that issues sessions, behind the gates that `main.py` lists."""

    mint: TokenMint
    gates: Sequence[Gate]
    on_sign_in: Sequence[SignInHook] = ()

    def finish_sign_in(self, work: Work, attempt: SignInAttempt) -> IssuedSession | Challenge:
        """Issue a session unless a gate refuses or returns a challenge.

        With STRICT the sessions the browser presented end (ASVS 7.2.4), with a challenge too: the
        browser loses their cookies. With MULTI_SESSION it keeps those of other users.
        """
        challenge = self._pass_gates(work, attempt)
        if work.settings.strict and not work.settings.multi_session:
            for token in attempt.presented_tokens:
                stored_sessions.delete_by_digest(work.db, digest(token))
        elif work.settings.strict and challenge is None:
            _end_replaced(work, attempt)
        if challenge is not None:
            return replace(challenge, last_login_method=attempt.last_login_method)
        for hook in self.on_sign_in:
            hook(work, attempt)
        if event := _event_of(attempt):
            work.record(event)
        issued = sessions.issue(
            work,
            self.mint,
            attempt.user,
            remember=attempt.remember,
            impersonator=attempt.impersonator,
        )
        return replace(
            issued,
            browser_token=attempt.renewed_browser_token,
            last_login_method=attempt.last_login_method,
        )

    def _pass_gates(self, work: Work, attempt: SignInAttempt) -> Challenge | None:
        for gate in self.gates:
            if attempt.method in gate.methods and (challenge := gate.check(work, attempt)):
                return challenge
        return None

    def replace(self, work: Work, session: Session, user: User) -> IssuedSession:
        """End a session of a caller who has just proven themselves, and issue a new one for it."""
        stored_sessions.delete_by_id(work.db, session.id, user.id)
        return sessions.issue(work, self.mint, user, remember=session.remembered)

    def add(self, work: Work, session: Session, user: User) -> IssuedSession:
        """Issue a session to a caller who has proven themselves and has one; STRICT ends that."""
        if work.settings.strict:
            return self.replace(work, session, user)
        return sessions.issue(work, self.mint, user, remember=True)

    def renew(self, work: Work, *, remember: bool) -> IssuedSession:
        """End every session of the signed-in user, and issue a new one."""
        stored_sessions.delete_all(work.db, work.actor.id)
        return sessions.issue(work, self.mint, work.actor, remember=remember)


def _end_replaced(work: Work, attempt: SignInAttempt) -> None:
    """End the presented sessions that are no other account of this browser."""
    digests = [digest(token) for token in attempt.presented_tokens]
    for row in stored_sessions.find_all_with_user(work.db, digests).values():
        if row.user.id == attempt.user.id or row.session.impersonated_by is not None:
            stored_sessions.delete_by_id(work.db, row.session.id)


def _event_of(attempt: SignInAttempt) -> Event | None:
    user_id = attempt.user.id
    if attempt.method is Method.SIGN_UP:  # recorded with the account, session or not
        return None
    if attempt.method is Method.IMPERSONATION:
        return Event(EventKind.IMPERSONATION_STARTED, attempt.impersonator, user_id)
    detail = {"method": attempt.method.value}
    if attempt.provider_id:
        detail["provider"] = attempt.provider_id
    if attempt.second_factor:
        detail["second_factor"] = attempt.second_factor
    return Event(EventKind.SIGN_IN, user_id, user_id, detail)
