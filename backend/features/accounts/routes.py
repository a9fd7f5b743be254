"""HTTP endpoints of accounts: sign-up, sign-in, profile."""

from typing import Any

from backend.features.accounts import profile, service, user_names
from backend.features.accounts.challenge_response import render_challenge
from backend.features.accounts.password_sign_in import (
    SIGN_IN_HEADERS,
    build_sign_in,
    render_sign_in,
)
from backend.features.accounts.service import Accounts, NewAccount
from backend.features.accounts.session_issuer import Challenge
from backend.features.accounts.wire import (
    ChallengeOut,
    SignedInOut,
    SignedUp,
    SignIn,
    SignUp,
    UpdateUser,
    parse_user_names,
)
from backend.features.sessions.dependencies import SignedIn
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.session_cookies import (
    SESSION_HEADERS,
    set_account_cookies,
    set_sign_in_cookies,
)
from backend.features.sessions.wire import UserOut
from backend.kernel.passwords.rules import NEW_PASSWORD_REFUSALS
from backend.kernel.refusals import Refusal
from backend.kernel.username import USERNAME_REFUSALS
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.responses import Response
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status

routes = Routes("accounts", prefix=AUTH, about="Signing up, signing in, and changing your profile.")


@routes.post(
    "/sign-up/email",
    response_model=SignedUp,
    headers=SESSION_HEADERS,
    hashes=True,
    takes_forms=True,
    refusals=(
        *NEW_PASSWORD_REFUSALS,
        "FIELD_NOT_ALLOWED",
        *USERNAME_REFUSALS,
        "EMAIL_PASSWORD_SIGN_UP_DISABLED",
        "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
    ),
)
def sign_up_email(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    cookies: Cookies,
    reader: SessionReader,
    body: SignUp,
) -> Response:
    """Create an account with a password, and sign in unless a setting says otherwise."""
    names = user_names.choose_at_sign_up(parse_user_names(body, work.settings))
    profile.check_not_protected(body.model_extra or {}, new=True)
    remember = body.remember_me is not False
    callback = body.callback_url or None
    presented = reader.list_tokens(request)
    new = NewAccount(
        body.email, body.password, body.name, body.image, remember, callback, presented, **names
    )
    result = service.sign_up(work, accounts, new)
    user, outcome = result.user, result.outcome
    if outcome is None:
        response = Response(SignedUp(token=None, user=UserOut.of(user)))
        if result.sign_up is not None:
            lifetime = work.settings.verification_link_lifetime
            response.cookies.append(cookies.set_sign_up(result.sign_up.reveal(), lifetime))
        return response
    if isinstance(outcome, Challenge):
        return render_challenge(outcome, cookies, request.cookie_header)
    response = Response(SignedUp(token=outcome.token.reveal(), user=UserOut.of(outcome.user)))
    return set_sign_in_cookies(work, response, cookies, outcome, request.cookie_header)


@routes.post(
    "/sign-in/email",
    response_model=SignedInOut | ChallengeOut,
    headers=SIGN_IN_HEADERS,
    hashes=True,
    takes_forms=True,
    refusals=(
        "INVALID_EMAIL",
        "PASSWORD_TOO_LONG",
        "INVALID_EMAIL_OR_PASSWORD",
        "EMAIL_NOT_VERIFIED",
        "BANNED_USER",
    ),
)
def sign_in_email(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    cookies: Cookies,
    reader: SessionReader,
    body: SignIn,
) -> Response:
    """Sign in with an e-mail address and its password."""
    sign_in = build_sign_in(request, cookies, reader, body)
    outcome = service.sign_in(work, accounts, body.email, sign_in)
    return render_sign_in(work, request, cookies, outcome, body.callback_url)


@routes.post(
    "/update-user",
    response_model=Status,
    headers=SESSION_HEADERS,
    refusals=(
        "No fields to update",
        "EMAIL_CAN_NOT_BE_UPDATED",
        "FIELD_NOT_ALLOWED",
        *USERNAME_REFUSALS,
    ),
)
def update_user(
    work: Work, request: RequestContext, current: SignedIn, cookies: Cookies, body: UpdateUser
) -> Response:
    """Change your name, picture or user name."""
    if body.email:
        raise Refusal("EMAIL_CAN_NOT_BE_UPDATED")
    profile.check_not_protected(body.model_extra or {})
    changes: dict[str, Any] = body.model_dump(include={"name", "image"}, exclude_unset=True)
    changes |= user_names.choose_for_update(parse_user_names(body, work.settings))
    profile.update_profile(work, current.user, changes)
    header = request.cookie_header
    return set_account_cookies(
        work, Response(Status()), cookies, current.session, current.token, header
    )
