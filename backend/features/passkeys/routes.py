"""HTTP endpoints of passkeys."""

from typing import Annotated

from fastapi import Query

from backend.features.accounts.challenge_response import render_challenge
from backend.features.accounts.session_issuer import Challenge, SessionIssuer
from backend.features.links.link_mailer import LinkMailer
from backend.features.passkeys import challenges, service
from backend.features.passkeys.service import Browser
from backend.features.passkeys.verification import encode_id
from backend.features.passkeys.wire import (
    AccountOut,
    AuthenticationOptions,
    CredentialOut,
    DeletePasskey,
    PasskeyOut,
    RegisteredPasskey,
    RegistrationOptions,
    RegistrationQuery,
    RelyingPartyOut,
    SelectionOut,
    UpdatedPasskey,
    UpdatePasskey,
    VerifyAuthentication,
    VerifyRegistration,
)
from backend.features.sessions.dependencies import FreshlySignedIn, MaybeSignedIn, SignedIn
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.service import WHILE_IMPERSONATING
from backend.features.sessions.session_cookies import (
    SESSION_HEADERS,
    set_account_cookies,
    set_sign_in_cookies,
)
from backend.features.sessions.wire import SessionAndUser, SessionOut, UserOut
from backend.kernel.configuration.relying_parties import RelyingParty
from backend.kernel.randomness import random_alphanumeric
from backend.kernel.secrets.secret import PasskeyToken
from backend.storage.db import Db
from backend.storage.queries import passkeys
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.edge.origins import origin_of
from backend.web.request_context import RequestContext
from backend.web.responses.responses import Response, json_array
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status, WireModel

routes = Routes(
    "passkey",
    prefix=AUTH + "/passkey",
    about="Signing in without a password: with what a device or a security key keeps.",
    enabled=lambda settings: bool(settings.relying_parties.parties),
)
_COOKIE = {"set-cookie": "Shows for five minutes that this browser was given the challenge."}


@routes.get(
    "/generate-register-options",
    response_model=RegistrationOptions,
    headers=_COOKIE,
    refusals=(f"403 {WHILE_IMPERSONATING}",),
)
def generate_register_options(
    work: Work,
    request: RequestContext,
    cookies: Cookies,
    current: FreshlySignedIn,
    query: Annotated[RegistrationQuery, Query()],
) -> Response:
    """Begin to register a passkey: what to ask the browser for."""
    party = _choose_party(work, request)
    challenge, token, existing = service.begin_registration(work, current, party)
    address = current.user.email
    account_id = random_alphanumeric(work.randomness, 32)
    options = RegistrationOptions(
        challenge=encode_id(challenge),
        rp=RelyingPartyOut(name=work.settings.app_name, id=party.rp_id),
        user=AccountOut(
            id=encode_id(account_id.encode()), name=query.name or address, display_name=address
        ),
        exclude_credentials=CredentialOut.list_of(existing),
        authenticator_selection=SelectionOut(
            authenticator_attachment=query.authenticator_attachment
        ),
    )
    return _with_challenge(options, cookies, token)


@routes.post(
    "/verify-registration",
    response_model=RegisteredPasskey,
    headers={name: f"{text} Only with `createSession`." for name, text in SESSION_HEADERS.items()},
    refusals=(
        "CHALLENGE_NOT_FOUND",
        "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY",
        "FAILED_TO_VERIFY_REGISTRATION",
        f"403 {WHILE_IMPERSONATING}",
    ),
)
def verify_registration(
    work: Work,
    request: RequestContext,
    link_mailer: LinkMailer,
    issuer: SessionIssuer,
    cookies: Cookies,
    current: FreshlySignedIn,
    body: VerifyRegistration,
) -> Response:
    """Register the passkey that the authenticator has made. Its owner is mailed a notice."""
    tokens = cookies.list_passkey_challenges(request.cookie_header)
    passkey = service.register(work, link_mailer, current, tokens, body.response, body.name)
    registered = RegisteredPasskey.of(passkey)
    if not body.create_session:
        return Response(registered)
    issued = issuer.add(work, current.session, work.actor)
    registered.session = SessionOut.of(issued.session, issued.token.reveal())
    registered.user = UserOut.of(issued.user)
    response = Response(registered)
    header = request.cookie_header
    return set_account_cookies(work, response, cookies, issued.session, issued.token, header)


@routes.get(
    "/generate-authenticate-options",
    response_model=AuthenticationOptions,
    headers=_COOKIE,
    session_optional=True,
)
def generate_authenticate_options(
    work: Work, request: RequestContext, cookies: Cookies, current: MaybeSignedIn
) -> Response:
    """Begin to sign in with a passkey: what to ask the browser for.

    Without a session no passkey is named: the browser offers those it has for this domain, also
    while the address is typed (conditional UI).
    """
    party = _choose_party(work, request)
    challenge, token, existing = service.begin_sign_in(work, current, party)
    options = AuthenticationOptions(
        rp_id=party.rp_id,
        challenge=encode_id(challenge),
        allow_credentials=CredentialOut.list_of(existing) if existing else None,
    )
    return _with_challenge(options, cookies, token)


@routes.post(
    "/verify-authentication",
    response_model=SessionAndUser,
    headers=SESSION_HEADERS,
    refusals=(
        "CHALLENGE_NOT_FOUND",
        "AUTHENTICATION_FAILED",
        "401 AUTHENTICATION_FAILED",
        "401 PASSKEY_NOT_FOUND",
        "EMAIL_NOT_VERIFIED",
        "BANNED_USER",
    ),
)
def verify_authentication(
    work: Work,
    request: RequestContext,
    link_mailer: LinkMailer,
    issuer: SessionIssuer,
    reader: SessionReader,
    cookies: Cookies,
    body: VerifyAuthentication,
) -> Response:
    """Sign in with what the authenticator has signed."""
    header = request.cookie_header
    browser = Browser(
        cookies.list_passkey_challenges(header),
        reader.list_tokens(request),
        cookies.list_trusted_browsers(header),
    )
    remember = body.remember_me is not False
    outcome = service.sign_in(work, link_mailer, issuer, browser, body.response, remember=remember)
    if isinstance(outcome, Challenge):
        return render_challenge(outcome, cookies, header)
    token = outcome.token.reveal()
    response = Response(SessionAndUser.of(outcome.session, token, outcome.user))
    return set_sign_in_cookies(work, response, cookies, outcome, header)


@routes.get("/list-user-passkeys", response_model=list[PasskeyOut])
def list_user_passkeys(db: Db, current: SignedIn) -> Response:
    """List one's own passkeys, also those of a domain that the app has left."""
    return json_array(map(PasskeyOut.of, passkeys.list_for_user(db, current.user.id)))


@routes.post(
    "/delete-passkey",
    response_model=Status,
    refusals=("PASSKEY_NOT_FOUND", "401", f"403 {WHILE_IMPERSONATING}"),
)
def delete_passkey(
    work: Work, link_mailer: LinkMailer, current: SignedIn, body: DeletePasskey
) -> Status:
    """Delete one of one's own passkeys. Its owner is mailed a notice."""
    service.remove(work, link_mailer, current, body.id)
    return Status()


@routes.post(
    "/update-passkey",
    response_model=UpdatedPasskey,
    refusals=("PASSKEY_NOT_FOUND", "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY"),
)
def update_passkey(work: Work, _: SignedIn, body: UpdatePasskey) -> UpdatedPasskey:
    """Rename one of one's own passkeys."""
    return UpdatedPasskey(passkey=PasskeyOut.of(service.rename(work, body.id, body.name)))


def _choose_party(work: Work, request: RequestContext) -> RelyingParty:
    """Return the relying party of the page that asks.

    A GET of the page's own host has no Origin; then the browser names the page as its Referer.
    """
    headers = request.headers
    page = headers.get(b"origin") or headers.get(b"referer") or b""
    return work.settings.relying_parties.choose(origin_of(page.decode("latin-1")))


def _with_challenge(options: WireModel, cookies: Cookies, token: PasskeyToken) -> Response:
    max_age = int(challenges.LIFETIME.total_seconds())
    return Response(options, cookies=[cookies.set_passkey_challenge(token, max_age)])
