"""The one end of every way in: gates, then the event, then the session.

A password, a new account, a mailed link, an admin who acts as somebody: each proves who is to be
signed in, and leaves it to `SessionIssuer.finish_sign_in` whether there is a session.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue

from backend.features.sessions import service as sessions
from backend.features.sessions.service import Issued
from backend.kernel.events import Event, EventKind
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import TokenMint, digest
from backend.storage.queries import sessions as stored_sessions
from backend.storage.queries.users import User
from backend.storage.work import Work


class Method(StrEnum):
    """A way in. Recorded under these names, which therefore never change."""

    PASSWORD = "password"  # noqa: S105  a way in, not a password
    SIGN_UP = "sign-up"
    VERIFICATION = "verification"
    IMPERSONATION = "impersonation"


@dataclass(slots=True)
class SigningIn:
    """A user who has just proved who they are, before there is a session.

    A gate that changes the user puts the changed one here.
    """

    user: User
    method: Method
    remember: bool = True
    callback: str | None = None
    """Where the browser wants to go then."""
    presented: Sequence[SessionToken] = ()
    """The sessions that the browser shows while it signs in anew."""
    by_sign_up: bool = False
    """Whether the password was only that of a sign-up for this address, which is taken."""
    impersonator: UUID | None = None
    """The admin who is to be this user for a while."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is asked of the user before there is a session, such as a second factor.

    Routes turn it into the wire's answer (`challenged`).
    """

    name: str
    """As the wire calls it: `twoFactorRedirect`."""
    detail: Mapping[str, JsonValue] = field(default_factory=dict)
    """What the client needs to ask it."""


Check = Callable[[Work, SigningIn], Challenge | None]
"""Lets pass, refuses, or asks for more."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Stands between a proof and a session, on the ways in that it is for."""

    check: Check
    methods: Collection[Method] = tuple(Method)


@dataclass(frozen=True, slots=True)
class SessionIssuer:
    """Gives sessions, behind the gates that `main.py` names. Nothing else does."""

    mint: TokenMint
    gates: Sequence[Gate]

    def finish_sign_in(self, work: Work, signing_in: SigningIn) -> Issued | Challenge:
        """Let in who has proved who they are, unless a gate refuses or asks for more.

        With STRICT the sessions that the browser showed end (ASVS 7.2.4).
        """
        for gate in self.gates:
            if signing_in.method in gate.methods and (asked := gate.check(work, signing_in)):
                return asked
        if work.settings.strict:
            for token in signing_in.presented:
                stored_sessions.delete_by_digest(work.db, digest(token))
        if event := _event_of(signing_in):
            work.record(event)
        return sessions.issue(
            work,
            self.mint,
            signing_in.user,
            remember=signing_in.remember,
            impersonator=signing_in.impersonator,
        )

    def renew(self, work: Work, *, remember: bool) -> Issued:
        """End every session of who is signed in, and give them a new one instead of theirs."""
        stored_sessions.delete_all(work.db, work.actor.id)
        return sessions.issue(work, self.mint, work.actor, remember=remember)


def _event_of(signing_in: SigningIn) -> Event | None:
    user_id = signing_in.user.id
    if signing_in.method is Method.SIGN_UP:  # recorded with the account, session or not
        return None
    if signing_in.method is Method.IMPERSONATION:
        return Event(EventKind.IMPERSONATION_STARTED, signing_in.impersonator, user_id)
    return Event(EventKind.SIGN_IN, user_id, user_id, {"method": signing_in.method.value})
