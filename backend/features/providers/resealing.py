"""Sealing providers' tokens with the newest key, so that older ones can be removed."""

from collections.abc import Callable

from backend.kernel.client import SYSTEM
from backend.kernel.secrets.sealing import Sealer
from backend.storage.queries import accounts
from backend.storage.queries.accounts import TOKEN_COLUMNS, Account
from backend.storage.work import Runtime, Work

_BATCH = 500  # accounts per transaction, which stays short


def build_token_resealing(runtime: Runtime, sealer: Sealer) -> Callable[[], None]:
    """Build what seals all tokens with the newest key, after a key was rotated."""

    def reseal_all() -> None:
        after, is_last = None, not sealer.has_rotated_keys
        while not is_last:
            with Work(runtime, SYSTEM) as work:
                page = accounts.list_after(work.db, after, _BATCH)
                for account in page:
                    _reseal(work, sealer, account)
            after = page[-1].id if page else None
            is_last = len(page) < _BATCH

    return reseal_all


def _reseal(work: Work, sealer: Sealer, account: Account) -> None:
    """Seal the tokens of an account that an older key has sealed; lost ones stay as they are."""
    for name in TOKEN_COLUMNS:
        sealed = getattr(account, name)
        if sealed is None or sealer.is_newest(sealed):
            continue
        token = sealer.open(sealed)
        if token is not None:
            new = sealer.seal(token, work.randomness)
            accounts.replace_token(work.db, account.id, name, sealed, new)
