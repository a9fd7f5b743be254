"""Sending a browser back with what went wrong at a provider, and recording it."""

import re
from uuid import UUID

import structlog

from backend.features.accounts.session_issuer import Method
from backend.features.providers.errors import ProviderError
from backend.features.providers.states import BegunSignIn
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import RecordedRefusal, Refusal
from backend.storage.queries.oauth_states import OAuthState
from backend.storage.work import Work
from backend.web.responses.redirects import redirect_refusal, with_parameter
from backend.web.routing.endpoint import AUTH

MAX_DESCRIPTION = 300  # characters of the provider's own
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")

log = structlog.get_logger()


def refuse(
    work: Work,
    provider_id: str,
    error: ProviderError,
    found: tuple[OAuthState, BegunSignIn] | None = None,
    description: str | None = None,
) -> Refusal:
    """Send the browser back with an error, and record it; everything else is rolled back."""
    state, begun = found or (None, None)
    work.keep(build_event(state.user_id if state else None, provider_id, error))
    log.warning(
        "provider_sign_in_failed", provider=provider_id, code=error.code, reason=error.reason
    )
    target = begun.error_callback if begun else None
    return redirect_to_error(work, target, error.code, description)


def build_event(user_id: UUID | None, provider_id: str, error: ProviderError) -> Event:
    """Build the event of a failed sign-in, or of a failed link of this user's."""
    kind = EventKind.ACCOUNT_LINK_FAILED if user_id else EventKind.SIGN_IN_FAILED
    reason = error.code if _CODE.fullmatch(error.code) else "other"
    detail = {"method": Method.PROVIDER.value, "provider": provider_id[:64], "reason": reason}
    return Event(kind, user_id, user_id, detail)


def redirect_to_error(
    work: Work, target: str | None, code: str, description: str | None, *, keep: bool = False
) -> Refusal:
    """Refuse with a redirect to the page that shows why; with `keep` what was written stays."""
    url = with_parameter(target or f"{work.settings.base_url}{AUTH}/error", "error", code)
    if description:
        url = with_parameter(url, "error_description", description[:MAX_DESCRIPTION])
    refusal = redirect_refusal(url)
    return RecordedRefusal.of(refusal) if keep else refusal
