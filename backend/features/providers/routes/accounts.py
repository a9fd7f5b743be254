"""HTTP endpoints of the accounts that a user has linked (wire.md section 4)."""

from typing import Annotated

from fastapi import Query

from backend.features.accounts.ways_in import list_ways_in
from backend.features.providers import accounts
from backend.features.providers.service import ProviderSignIn
from backend.features.providers.wire import (
    AccessTokenOut,
    AccountInfoOut,
    AccountKeyOut,
    AccountOut,
    AccountSelection,
    ProfileOut,
    RefreshedTokensOut,
    UnlinkAccount,
)
from backend.features.sessions.dependencies import FreshlySignedIn, SignedIn, SilentlySignedIn
from backend.features.sessions.service import refuse_impersonator
from backend.storage.db import Db
from backend.storage.work import Work
from backend.web.responses.responses import Response, json_array
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status

routes = Routes("providers", prefix=AUTH)


@routes.get("/list-accounts", response_model=list[AccountOut])
def list_accounts(db: Db, current: SignedIn) -> Response:
    """List the caller's ways in: a password, and accounts at providers."""
    return json_array(
        AccountOut(
            id=str(each.id),
            provider_id=each.provider_id,
            account_id=each.account_id,
            user_id=str(current.user.id),
            created_at=each.created_at,
            updated_at=each.updated_at,
            scopes=list(each.scopes),
        )
        for each in list_ways_in(db, current.user)
    )


@routes.post("/unlink-account", refusals=("FAILED_TO_UNLINK_LAST_ACCOUNT", "ACCOUNT_NOT_FOUND"))
def unlink_account(
    work: Work, services: ProviderSignIn, current: FreshlySignedIn, body: UnlinkAccount
) -> Status:
    """Remove one of the caller's ways in; the last one stays."""
    refuse_impersonator(current.session)
    accounts.unlink(work, services, body.account_id)
    return Status()


@routes.post(
    "/get-access-token",
    response_model=AccessTokenOut,
    asks_provider=True,
    refusals=("ACCOUNT_NOT_FOUND", "PROVIDER_NOT_SUPPORTED", "FAILED_TO_GET_ACCESS_TOKEN"),
)
def get_access_token(
    work: Work, services: ProviderSignIn, current: SilentlySignedIn, body: AccountSelection
) -> Response:
    """Return a token for the provider's API, refreshed if it is about to end."""
    refuse_impersonator(current.session)
    tokens = accounts.get_current_tokens(work, services, current.user.id, body.account_id)
    return Response(
        AccessTokenOut(
            access_token=tokens.access_token.reveal() if tokens.access_token else "",
            access_token_expires_at=tokens.access_token_expires_at,
            scopes=tokens.account.scopes.split(),
            id_token=tokens.id_token.reveal() if tokens.id_token else None,
        )
    )


@routes.post(
    "/refresh-token",
    response_model=RefreshedTokensOut,
    asks_provider=True,
    refusals=(
        "ACCOUNT_NOT_FOUND",
        "PROVIDER_NOT_SUPPORTED",
        "REFRESH_TOKEN_NOT_FOUND",
        "FAILED_TO_REFRESH_ACCESS_TOKEN",
    ),
)
def refresh_token(
    work: Work, services: ProviderSignIn, current: SilentlySignedIn, body: AccountSelection
) -> Response:
    """Get new tokens from the provider."""
    refuse_impersonator(current.session)
    tokens, refresh = accounts.refresh_tokens(work, services, current.user.id, body.account_id)
    account = tokens.account
    return Response(
        RefreshedTokensOut(
            access_token=tokens.access_token.reveal() if tokens.access_token else "",
            refresh_token=refresh.reveal(),
            access_token_expires_at=tokens.access_token_expires_at,
            refresh_token_expires_at=account.refresh_token_expires_at,
            scope=",".join(account.scopes.split()),
            id_token=tokens.id_token.reveal() if tokens.id_token else None,
            provider_id=account.provider_id,
            account_id=str(account.id),
        )
    )


@routes.get(
    "/account-info",
    response_model=AccountInfoOut,
    asks_provider=True,
    refusals=(
        "ACCOUNT_NOT_FOUND",
        "PROVIDER_NOT_CONFIGURED",
        "ACCESS_TOKEN_NOT_FOUND",
        "401 FAILED_TO_GET_USER_INFO",
    ),
)
def account_info(
    work: Work,
    services: ProviderSignIn,
    current: SilentlySignedIn,
    query: Annotated[AccountSelection, Query()],
) -> Response:
    """Ask the provider who the caller is there."""
    refuse_impersonator(current.session)
    account, profile = accounts.load_account_info(work, services, current.user.id, query.account_id)
    return Response(
        AccountInfoOut(
            user=ProfileOut(
                name=profile.name,
                email=profile.email,
                image=profile.image,
                email_verified=profile.email_verified,
            ),
            data=dict(profile.claims),
            account=AccountKeyOut(
                id=str(account.id), provider_id=account.provider_id, account_id=account.account_id
            ),
        )
    )
