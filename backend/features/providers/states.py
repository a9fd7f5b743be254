"""Sign-ins that are at a provider: each state works once, in one browser, for one provider."""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from backend.kernel.randomness import random_alphanumeric
from backend.kernel.secrets.sealing import Sealer
from backend.kernel.secrets.secret import OAuthStateToken
from backend.kernel.secrets.tokens import digest
from backend.storage.queries import oauth_states
from backend.storage.queries.oauth_states import OAuthState
from backend.storage.work import Work

LIFETIME = timedelta(minutes=10)
_STATE_LENGTH = 32  # 190 bits; RFC 9700, 4.7.1, asks for a value that cannot be guessed
_VERIFIER_LENGTH = 128  # the longest that RFC 7636, 4.1, allows


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """What we keep of a sign-in while the browser is at the provider. Only the state opens it."""

    callback: str
    code_verifier: str
    nonce: str
    error_callback: str | None = None
    new_user_callback: str | None = None
    link_email: str | None = None
    """The address of who links an account."""
    in_panel: bool = False
    """Whether the panel began it: it then takes the provider's answer itself, at `callback`."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the browser goes afterwards; all of them are checked."""

    callback: str
    error_callback: str | None
    new_user_callback: str | None = None


@dataclass(frozen=True, slots=True)
class Linking:
    """Who links an account, and in which session."""

    user_id: UUID
    session_id: UUID
    email: str


def begin(
    work: Work, provider_id: str, origin: str, targets: Targets, linking: Linking | None
) -> tuple[OAuthStateToken, BegunSignIn]:
    """Store a new sign-in; returns its state, and what the provider is told of it."""
    token = OAuthStateToken(random_alphanumeric(work.randomness, _STATE_LENGTH))
    begun = BegunSignIn(
        targets.callback,
        random_alphanumeric(work.randomness, _VERIFIER_LENGTH),
        random_alphanumeric(work.randomness, _STATE_LENGTH),
        targets.error_callback,
        targets.new_user_callback,
        linking.email if linking else None,
        work.client.is_panel,
    )
    state = OAuthState(
        work.new_id(),
        provider_id,
        origin,
        forwarded=False,
        user_id=linking.user_id if linking else None,
        session_id=linking.session_id if linking else None,
        sealed=Sealer.keyed_by(token).seal(json.dumps(asdict(begun)), work.randomness),
        expires_at=work.now() + LIFETIME,
    )
    oauth_states.insert(work.db, state, digest(token))
    return token, begun


def find(work: Work, token: OAuthStateToken) -> tuple[OAuthState, BegunSignIn] | None:
    """Find a sign-in by its state, expired or not."""
    state = oauth_states.find(work.db, digest(token))
    if state is None:
        return None
    opened = Sealer.keyed_by(token).open(state.sealed)
    return (state, BegunSignIn(**json.loads(opened))) if opened else None
