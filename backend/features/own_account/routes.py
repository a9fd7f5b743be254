"""HTTP endpoints of one's own account."""

from functools import partial
from typing import Annotated

from fastapi import Query

from backend.features.accounts.passwords import check_current
from backend.features.accounts.service import Accounts
from backend.features.links.link_mailer import LinkMailer
from backend.features.mail.service import Mailer
from backend.features.own_account import removal, service
from backend.features.own_account.export import export
from backend.features.own_account.wire import (
    ChangePassword,
    DeleteUser,
    DeleteUserLink,
    Deletion,
    PasswordChanged,
    VerifyPassword,
)
from backend.features.sessions.dependencies import (
    MaybeSignedIn,
    Protected,
    SignedIn,
)
from backend.features.sessions.service import WHILE_IMPERSONATING, refuse_impersonator
from backend.features.sessions.session_cookies import (
    SESSION_HEADERS,
    renew_device_cookie,
    set_account_cookies,
)
from backend.features.sessions.wire import UserOut
from backend.kernel.events import Event, EventKind
from backend.kernel.passwords.rules import NEW_PASSWORD_REFUSALS
from backend.kernel.refusals import Refusal
from backend.storage.work import Work
from backend.web.app_context import AppContext
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.responses import (
    NOT_FOUND,
    Response,
    StreamingResponse,
    redirect,
)
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status

routes = Routes(
    "own account",
    prefix=AUTH,
    about="Your password, your sign-in methods, downloading your data, and deleting your account.",
)
data_routes = Routes("own account", prefix="/api/account", auth_rules=False)

_CLEARED_COOKIES = {"set-cookie": "Clears the session cookies if the account was deleted."}
_DELETED = Deletion(message="User deleted")


@routes.post(
    "/change-password",
    response_model=PasswordChanged,
    headers={name: f"{text} Only if the others ended." for name, text in SESSION_HEADERS.items()},
    hashes=True,
    refusals=(
        *NEW_PASSWORD_REFUSALS,
        "CREDENTIAL_ACCOUNT_NOT_FOUND",
        "INVALID_PASSWORD",
        f"403 {WHILE_IMPERSONATING}",
    ),
)
def change_password(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    mailer: Mailer,
    cookies: Cookies,
    current: SignedIn,
    body: ChangePassword,
) -> Response:
    """Change your password. Other sessions end on request, or always with STRICT."""
    issued = service.change_password(
        work,
        accounts,
        mailer,
        current,
        body.current_password,
        body.new_password,
        partial(cookies.find_device, request.cookie_header),
        revoke_others=body.revoke_other_sessions is True,
    )
    user = UserOut.of(current.user)
    token = issued.token.reveal() if issued else None
    response = Response(PasswordChanged(token=token, user=user))
    if issued is not None:
        header = request.cookie_header
        set_account_cookies(work, response, cookies, issued.session, issued.token, header)
    response.cookies += renew_device_cookie(work, cookies, request.cookie_header, current.user.id)
    return response


@routes.post("/verify-password", response_model=Status, hashes=True, refusals=("INVALID_PASSWORD",))
def verify_password(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    cookies: Cookies,
    current: SignedIn,
    body: VerifyPassword,
) -> Status:
    """Check the caller's password, for a page that asks for it again."""
    find_device = partial(cookies.find_device, request.cookie_header)
    check_current(work, accounts, body.password, find_device, if_none="INVALID_PASSWORD")
    return Status()


@routes.post(
    "/delete-user",
    response_model=Deletion,
    headers=_CLEARED_COOKIES,
    hashes=True,
    refusals=(
        "CREDENTIAL_ACCOUNT_NOT_FOUND",
        "INVALID_PASSWORD",
        "SESSION_EXPIRED",
        "LAST_ADMIN",
        "404 INVALID_TOKEN",
        "404",
        f"403 {WHILE_IMPERSONATING}",
    ),
)
def delete_user(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    link_mailer: LinkMailer,
    cookies: Cookies,
    current: SignedIn,
    body: DeleteUser,
) -> Response:
    """Delete your account, or mail a link for it if DELETE_USER_NEEDS_LINK is on."""
    if not work.settings.delete_user:
        return NOT_FOUND
    find_device = partial(cookies.find_device, request.cookie_header)
    has_token = bool(body.token)
    removal.check_may_delete(
        work, accounts, current, body.password, find_device, has_token=has_token
    )
    if body.token:
        removal.use_link(work, link_mailer, current, body.token)
    elif work.settings.delete_user_needs_link:
        removal.mail_confirmation(work, link_mailer, body.callback_url or "/")
        return Response(Deletion(message="Verification email sent"))
    removal.delete_account(work, accounts)
    return Response(_DELETED, cookies=cookies.clear_session(request.cookie_header))


@routes.get(
    "/delete-user/callback",
    response_model=Deletion,
    headers=_CLEARED_COOKIES,
    redirect="The callbackURL, if there was one.",
    session_optional=True,
    refusals=(
        "LAST_ADMIN",
        "FAILED_TO_GET_USER_INFO",
        "NOT_FOUND",
        "404 INVALID_TOKEN",
        f"403 {WHILE_IMPERSONATING}",
    ),
)
def delete_user_callback(
    work: Work,
    request: RequestContext,
    context: AppContext,
    accounts: Accounts,
    link_mailer: LinkMailer,
    cookies: Cookies,
    current: MaybeSignedIn,
    query: Annotated[DeleteUserLink, Query()],
) -> Response:
    """Delete your account with a mailed link, opened in a browser that is signed in."""
    callback = query.callback_url
    context.origins.check_targets({"callbackURL": callback})
    if not work.settings.delete_user:
        raise Refusal("NOT_FOUND")
    if current is None:
        raise Refusal("FAILED_TO_GET_USER_INFO")
    removal.use_link(work, link_mailer, current, query.token)
    removal.delete_account(work, accounts)
    response = redirect(callback) if callback else Response(_DELETED)
    response.cookies += cookies.clear_session(request.cookie_header)
    return response


@data_routes.get(
    "/export",
    response_model=StreamingResponse,
    downloads=True,
    media_type="application/zip",
    headers={"content-disposition": "Names the file `account.zip`."},
    refusals=(f"403 {WHILE_IMPERSONATING}",),
)
def export_account(work: Work, context: AppContext, current: Protected) -> StreamingResponse:
    """Download all data about the caller, as a zip of JSON files.

    One download at a time; a second one gets a 429.
    """
    refuse_impersonator(current.session)
    user = work.actor
    work.record(Event(EventKind.DATA_EXPORTED, user.id, user.id))
    return StreamingResponse(
        export(context.runtime.database, user, work.now()),
        b"application/zip",
        headers={"content-disposition": 'attachment; filename="account.zip"'},
    )
