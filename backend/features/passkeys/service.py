"""Registering, using, renaming and deleting passkeys."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from backend.features.accounts.session_issuer import (
    Challenge,
    Method,
    SessionIssuer,
    SignInAttempt,
)
from backend.features.links.link_mailer import LinkMailer, may_mail
from backend.features.mail import templates
from backend.features.passkeys import challenges, verification
from backend.features.passkeys.challenges import Purpose
from backend.features.passkeys.verification import (
    Assertion,
    InvalidResponse,
    NewCredential,
    WrongSignature,
)
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.service import IssuedSession, refuse_impersonator
from backend.kernel.configuration.relying_parties import RelyingParty
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import parse_uuid
from backend.kernel.refusals import RecordedRefusal, Refusal, refusal_without_code
from backend.kernel.secrets.secret import BrowserToken, PasskeyToken, SessionToken
from backend.storage.db import Db
from backend.storage.queries import passkeys, users
from backend.storage.queries.passkeys import Passkey
from backend.storage.queries.users import User
from backend.storage.work import Work

MAX_PER_USER = 100
"""With STRICT. Each is named to the browser at every registration."""
USER_VERIFICATION = "user_verification"
"""The second factor of a passkey that has checked a PIN, a fingerprint or a face."""
_ADDED = "A passkey was added to your account: whoever has it can sign in."
_TOO_MANY = f"You have {MAX_PER_USER} passkeys: delete one first"
_REMOVED = "A passkey was removed from your account."
_COPIED = (
    "A sign-in with one of your passkeys was refused, because somebody seems to have a copy of it. "
    "Remove this passkey from your account, and register a new one."
)


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser that signs in shows."""

    challenges: Sequence[PasskeyToken]
    sessions: Sequence[SessionToken]
    trusted: Sequence[BrowserToken]


def begin_registration(
    work: Work, current: CurrentSession, party: RelyingParty
) -> tuple[bytes, PasskeyToken, Sequence[Passkey]]:
    """Begin a registration; returns the challenge, the browser's token, and what exists already."""
    refuse_impersonator(current.session)
    existing = list_usable(work.db, current.user, party)
    challenge, token = challenges.begin(work, Purpose.REGISTRATION, party, current.user.id)
    return challenge, token, existing


def register(
    work: Work,
    link_mailer: LinkMailer,
    current: CurrentSession,
    tokens: Sequence[PasskeyToken],
    response: Any,
    name: str | None,
) -> Passkey:
    """Store a new passkey of the caller, and mail them a notice.

    The notice matters: a passkey outlives the sessions and the password of whoever added it.
    """
    refuse_impersonator(current.session)
    challenge, party = challenges.take(work, Purpose.REGISTRATION, tokens)
    if challenge.user_id != current.user.id:
        raise RecordedRefusal("YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY")
    try:
        made = verification.verify_new_credential(response, challenge.challenge, party)
    except InvalidResponse:
        raise _registration_refusal(work) from None
    user = work.actor
    if work.settings.strict and len(passkeys.list_for_user(work.db, user.id)) >= MAX_PER_USER:
        raise RecordedRefusal("FAILED_TO_VERIFY_REGISTRATION", _TOO_MANY)
    passkey = _build(work, user, made, party, name)
    if not passkeys.add(work.db, passkey):  # somebody's already (WebAuthn, section 7.1, step 26)
        raise _registration_refusal(work)
    work.record(_event(EventKind.PASSKEY_ADDED, user, passkey))
    templates.enqueue_notice(work, link_mailer.mailer, user.email, _ADDED)
    return passkey


def begin_sign_in(
    work: Work, current: CurrentSession | None, party: RelyingParty
) -> tuple[bytes, PasskeyToken, Sequence[Passkey]]:
    """Begin a sign-in; returns the challenge, the browser's token, and the caller's passkeys.

    For a caller without a session there are none: the authenticator offers its own, and nobody
    learns who has passkeys.
    """
    existing = list_usable(work.db, current.user, party) if current else []
    challenge, token = challenges.begin(work, Purpose.AUTHENTICATION, party)
    return challenge, token, existing


def sign_in(
    work: Work,
    link_mailer: LinkMailer,
    issuer: SessionIssuer,
    browser: Browser,
    response: dict[str, Any],
    *,
    remember: bool = True,
) -> IssuedSession | Challenge:
    """Sign in with the response of an authenticator. Whatever is wrong uses up the challenge."""
    challenge, party = challenges.take(work, Purpose.AUTHENTICATION, browser.challenges)
    found = _lock_with_user(work, verification.decode_id(response.get("id")))
    if found is None:
        _refuse(work, None, "PASSKEY_NOT_FOUND", status=401)
    passkey, user = found
    assertion = _check(work, link_mailer, found, response, (challenge.challenge, party))
    passkeys.note_use(work.db, passkey.id, assertion.sign_count, work.now())
    attempt = SignInAttempt(
        user,
        Method.PASSKEY,
        remember=remember,
        presented_tokens=browser.sessions,
        trusted_browser_tokens=browser.trusted,
        second_factor=USER_VERIFICATION if assertion.user_verified else None,
    )
    try:
        return issuer.finish_sign_in(work, attempt)
    except Refusal as refusal:
        raise RecordedRefusal.of(refusal) from None


def rename(work: Work, passkey_id: str, name: str) -> Passkey:
    """Rename one of the caller's passkeys."""
    passkey = _find_own(work, passkey_id, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY")
    passkeys.rename(work.db, passkey.id, name)
    renamed = passkeys.find(work.db, passkey.id)
    if renamed is None:  # deleted meanwhile
        raise Refusal("PASSKEY_NOT_FOUND")
    work.record(_event(EventKind.PASSKEY_RENAMED, work.actor, passkey))
    return renamed


def remove(work: Work, link_mailer: LinkMailer, current: CurrentSession, passkey_id: str) -> None:
    """Delete one of the caller's passkeys, and mail them a notice."""
    passkey = _find_own(work, passkey_id, None)
    refuse_impersonator(current.session)
    if not passkeys.delete_one(work.db, passkey.id):
        raise Refusal("PASSKEY_NOT_FOUND")
    work.record(_event(EventKind.PASSKEY_REMOVED, work.actor, passkey))
    templates.enqueue_notice(work, link_mailer.mailer, work.actor.email, _REMOVED)


def list_usable(db: Db, user: User, party: RelyingParty) -> Sequence[Passkey]:
    """List the passkeys of a user that work on a domain: others a browser would not find."""
    return [each for each in passkeys.list_for_user(db, user.id) if each.rp_id == party.rp_id]


def _lock_with_user(work: Work, credential_id: bytes | None) -> tuple[Passkey, User] | None:
    """Find a passkey and lock its user: of two sign-ins with it, one sees the other's count."""
    if credential_id is None:
        return None
    seen = passkeys.find_by_credential(work.db, credential_id)
    if seen is None:
        return None
    for user in users.lock(work.db, [seen.user_id]):
        passkey = passkeys.find(work.db, seen.id)  # as the one before has left it
        return (passkey, user) if passkey else None
    return None


def _find_own(work: Work, passkey_id: str, forbidden: str | None) -> Passkey:
    if not passkey_id:
        raise refusal_without_code("Missing required parameter: id")
    parsed = parse_uuid(passkey_id)
    passkey = passkeys.find(work.db, parsed) if parsed else None
    if passkey is None:
        raise Refusal("PASSKEY_NOT_FOUND")
    if passkey.user_id != work.actor.id:
        raise Refusal(forbidden, status=401)
    return passkey


def _build(
    work: Work, user: User, made: NewCredential, party: RelyingParty, name: str | None
) -> Passkey:
    return Passkey(
        id=work.new_id(),
        user_id=user.id,
        name=name or None,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        device_type=made.device_type,
        backed_up=made.backed_up,
        transports=made.transports,
        aaguid=made.aaguid,
        rp_id=party.rp_id,
        before_verification=not user.email_verified,
        created_at=work.now(),
    )


def _check(
    work: Work,
    link_mailer: LinkMailer,
    found: tuple[Passkey, User],
    response: dict[str, Any],
    challenge: tuple[bytes, RelyingParty],
) -> Assertion:
    """Return what the response proves, or refuse it."""
    passkey, user = found
    try:
        assertion = verification.verify_assertion(response, *challenge, passkey)
    except WrongSignature:
        _refuse(work, user, "AUTHENTICATION_FAILED", status=401)
    except InvalidResponse:
        _refuse(work, user, "AUTHENTICATION_FAILED")
    counts = max(assertion.sign_count, passkey.sign_count) > 0
    if counts and assertion.sign_count <= passkey.sign_count:
        _refuse_copy(work, link_mailer, user, passkey)
    return assertion


def _registration_refusal(work: Work) -> RecordedRefusal:
    """Refuse as the caller's mistake with STRICT; Better Auth makes it the server's."""
    status = 400 if work.settings.strict else 500
    return RecordedRefusal("FAILED_TO_VERIFY_REGISTRATION", status=status)


def _refuse(work: Work, user: User | None, code: str, *, status: int | None = None) -> NoReturn:
    subject, detail = user.id if user else None, {"reason": "passkey"}
    work.record(Event(EventKind.SIGN_IN_FAILED, subject=subject, detail=detail))
    raise RecordedRefusal(code, status=status)


def _refuse_copy(work: Work, link_mailer: LinkMailer, user: User, passkey: Passkey) -> NoReturn:
    """Refuse a signature that counts no further than one before: there are two authenticators.

    Which of them is the owner's cannot be told (WebAuthn, section 6.1.1).
    """
    detail = {"passkey": str(passkey.id)}
    work.record(Event(EventKind.PASSKEY_COPIED, subject=user.id, detail=detail))
    if may_mail(link_mailer, "passkey-copied", user.email):
        templates.enqueue_notice(work, link_mailer.mailer, user.email, _COPIED)
    _refuse(work, user, "AUTHENTICATION_FAILED")


def _event(kind: EventKind, user: User, passkey: Passkey) -> Event:
    return Event(kind, user.id, user.id, {"passkey": str(passkey.id)})
