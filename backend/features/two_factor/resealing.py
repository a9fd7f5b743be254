"""Sealing the secrets of apps with the newest key, so that older ones can be removed."""

from collections.abc import Callable
from uuid import UUID

from backend.kernel.client import SYSTEM
from backend.kernel.secrets.sealing import Sealer
from backend.storage.queries import two_factors
from backend.storage.work import Runtime, Work

_BATCH = 500  # secrets per transaction, which stays short


def reseal(work: Work, sealer: Sealer, user_id: UUID, sealed: bytes) -> None:
    """Seal a secret with the newest key, unless that has sealed it or none of ours opens it."""
    if sealer.is_newest(sealed):
        return
    text = sealer.open(sealed)
    if text is not None:
        new = sealer.seal(text, work.randomness)
        two_factors.replace_totp_secret(work.db, user_id, sealed, new)


def build_resealing(runtime: Runtime, sealer: Sealer) -> Callable[[], None]:
    """Build what seals all secrets with the newest key, after a key was rotated."""

    def reseal_all() -> None:
        after, is_last = None, not sealer.has_rotated_keys
        while not is_last:
            with Work(runtime, SYSTEM) as work:
                secrets = two_factors.list_totp_secrets(work.db, after, _BATCH)
                for user_id, sealed in secrets:
                    reseal(work, sealer, user_id, sealed)
            after = secrets[-1][0] if secrets else None
            is_last = len(secrets) < _BATCH

    return reseal_all
