"""The challenges that authenticators sign: each for one browser, one purpose, one answer."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from backend.kernel.configuration.relying_parties import RelyingParty
from backend.kernel.randomness import random_alphanumeric
from backend.kernel.refusals import RecordedRefusal, Refusal
from backend.kernel.secrets.secret import PasskeyToken
from backend.kernel.secrets.tokens import digest
from backend.storage.queries import passkey_challenges
from backend.storage.queries.passkey_challenges import PasskeyChallenge
from backend.storage.work import Work

LIFETIME = timedelta(minutes=5)
_CHALLENGE_LENGTH = 32  # bytes; WebAuthn, section 13.4.3, asks for 16
_TOKEN_LENGTH = 32  # 190 bits; ASVS 7.2.3 asks for 128


class Purpose(StrEnum):
    """What a challenge is for. Stored under these names."""

    REGISTRATION = "registration"
    AUTHENTICATION = "authentication"


def begin(
    work: Work, purpose: Purpose, party: RelyingParty, user_id: UUID | None = None
) -> tuple[bytes, PasskeyToken]:
    """Store a new challenge; returns it, and the token of the browser that may answer it."""
    challenge = PasskeyChallenge(
        id=work.new_id(),
        purpose=purpose.value,
        user_id=user_id,
        challenge=work.randomness.bytes(_CHALLENGE_LENGTH),
        rp_id=party.rp_id,
        expires_at=work.now() + LIFETIME,
    )
    token = PasskeyToken(random_alphanumeric(work.randomness, _TOKEN_LENGTH))
    passkey_challenges.insert(work.db, challenge, digest(token))
    return challenge.challenge, token


def take(
    work: Work, purpose: Purpose, tokens: Sequence[PasskeyToken]
) -> tuple[PasskeyChallenge, RelyingParty]:
    """Use up the challenge of this browser; refuses CHALLENGE_NOT_FOUND.

    From here on every refusal has to be a RecordedRefusal: a wrong answer uses it up as well.
    """
    for token in tokens:
        challenge = passkey_challenges.take(work.db, digest(token))
        if challenge is None:
            continue
        party = work.settings.relying_parties.find(challenge.rp_id)
        fits = challenge.purpose == purpose and challenge.expires_at > work.now()
        if party is None or not fits:
            raise RecordedRefusal("CHALLENGE_NOT_FOUND")
        return challenge, party
    raise Refusal("CHALLENGE_NOT_FOUND")
