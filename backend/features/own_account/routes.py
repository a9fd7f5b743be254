"""One's own account over HTTP."""

from functools import partial
from typing import Annotated

from fastapi import Query

from backend.features.accounts.service import Accounts
from backend.features.links.link_mailer import Mailing
from backend.features.mail.service import PostOffice
from backend.features.own_account import removal, service
from backend.features.own_account.export import export
from backend.features.own_account.wire import (
    AccountOut,
    ChangePassword,
    DeleteUser,
    DeleteUserLink,
    Deletion,
    PasswordChanged,
    UnlinkAccount,
    VerifyPassword,
)
from backend.features.sessions.dependencies import (
    FreshlySignedIn,
    MaybeSignedIn,
    Protected,
    SignedIn,
)
from backend.features.sessions.service import WHILE_IMPERSONATING, refuse_impersonator
from backend.features.sessions.session_cookies import HEADERS, hand_over, renew_device
from backend.features.sessions.wire import UserOut
from backend.kernel.events import Event, EventKind
from backend.kernel.passwords.passwords import NEW_PASSWORD_REFUSALS
from backend.kernel.refusals import Refusal
from backend.storage.db import Db
from backend.storage.queries import users
from backend.storage.work import Work
from backend.web.app_context import House
from backend.web.cookies import Cookies
from backend.web.request_context import Visit
from backend.web.responses.responses import NOT_FOUND, Answer, Stream, list_of, redirect
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status

routes = Routes(
    "own account",
    prefix=AUTH,
    about="One's password, the ways in which one signs in, taking one's data along, and leaving.",
)
data_routes = Routes("own account", prefix="/api/account", auth_rules=False)

_CLEARED = {"set-cookie": "Clears the session's cookies, once the account is deleted."}
_DELETED = Deletion(message="User deleted")


@routes.post(
    "/change-password",
    answers=PasswordChanged,
    headers={name: f"{text} Only if the others ended." for name, text in HEADERS.items()},
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
    visit: Visit,
    accounts: Accounts,
    office: PostOffice,
    cookies: Cookies,
    current: SignedIn,
    body: ChangePassword,
) -> Answer:
    """Replace one's password; on request, or always where STRICT is on, the other sessions end."""
    issued = service.change_password(
        work,
        accounts,
        office,
        current,
        body.current_password,
        body.new_password,
        partial(cookies.known_device, visit.cookie_header),
        revoke_others=body.revoke_other_sessions is True,
    )
    user = UserOut.of(current.user)
    token = issued.token.reveal() if issued else None
    answer = Answer(PasswordChanged(token=token, user=user))
    if issued is not None:
        hand_over(answer, cookies, issued.session, issued.token, work.settings)
    answer.cookies += renew_device(work, cookies, visit.cookie_header, current.user.id)
    return answer


@routes.post("/verify-password", answers=Status, hashes=True, refusals=("INVALID_PASSWORD",))
def verify_password(
    work: Work,
    visit: Visit,
    accounts: Accounts,
    cookies: Cookies,
    current: SignedIn,
    body: VerifyPassword,
) -> Status:
    """Tell whether this is the caller's password, for a page that asks once more."""
    device_of = partial(cookies.known_device, visit.cookie_header)
    service.verify_password(work, accounts, body.password, device_of)
    return Status()


@routes.post(
    "/delete-user",
    answers=Deletion,
    headers=_CLEARED,
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
    visit: Visit,
    accounts: Accounts,
    mailing: Mailing,
    cookies: Cookies,
    current: SignedIn,
    body: DeleteUser,
) -> Answer:
    """Delete one's account, or mail the link that does where DELETE_USER_NEEDS_LINK is on."""
    if not work.settings.delete_user:
        return NOT_FOUND
    device_of = partial(cookies.known_device, visit.cookie_header)
    has_token = bool(body.token)
    removal.prove(work, accounts, current, body.password, device_of, has_token=has_token)
    if body.token:
        removal.use_link(work, mailing, current, body.token)
    elif work.settings.delete_user_needs_link:
        removal.mail_the_question(work, mailing, body.callback_url or "/")
        return Answer(Deletion(message="Verification email sent"))
    removal.leave(work, accounts)
    return Answer(_DELETED, cookies=cookies.clear_session(visit.cookie_header))


@routes.get(
    "/delete-user/callback",
    answers=Deletion,
    headers=_CLEARED,
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
    visit: Visit,
    house: House,
    accounts: Accounts,
    mailing: Mailing,
    cookies: Cookies,
    current: MaybeSignedIn,
    query: Annotated[DeleteUserLink, Query()],
) -> Answer:
    """Follow a mailed link in the browser one is signed in with: the account is deleted."""
    callback = query.callback_url
    if callback and not house.origins.allows_target(callback):
        raise Refusal("INVALID_CALLBACK_URL")
    if not work.settings.delete_user:
        raise Refusal("NOT_FOUND")
    if current is None:
        raise Refusal("FAILED_TO_GET_USER_INFO")
    removal.use_link(work, mailing, current, query.token)
    removal.leave(work, accounts)
    answer = redirect(callback) if callback else Answer(_DELETED)
    answer.cookies += cookies.clear_session(visit.cookie_header)
    return answer


@routes.get("/list-accounts", answers=list[AccountOut])
def list_accounts(db: Db, current: SignedIn) -> Answer:
    """List the ways in which the caller can sign in."""
    if users.find_password_hash(db, current.user.id) is None:
        return list_of([])
    return list_of([AccountOut.password_of(current.user)])


@routes.post(
    "/unlink-account",
    answers=Status,
    refusals=("FAILED_TO_UNLINK_LAST_ACCOUNT", "ACCOUNT_NOT_FOUND"),
)
def unlink_account(work: Work, current: FreshlySignedIn, body: UnlinkAccount) -> Status:
    """Give up a way of signing in; the last one stays."""
    service.unlink(work, body.account_id)
    return Status()


@data_routes.get(
    "/export",
    answers=Stream,
    downloads=True,
    media_type="application/zip",
    headers={"content-disposition": "Names the file `account.zip`."},
    refusals=(f"403 {WHILE_IMPERSONATING}",),
)
def export_account(work: Work, house: House, current: Protected) -> Stream:
    """Download everything this server holds about the caller, as a zip of JSON files.

    One at a time: while one is under way the next is a 429.
    """
    refuse_impersonator(current.session)
    user = work.actor
    work.record(Event(EventKind.DATA_EXPORTED, user.id, user.id))
    return Stream(
        export(house.workshop.database, user, work.now()),
        b"application/zip",
        headers={"content-disposition": 'attachment; filename="account.zip"'},
    )
