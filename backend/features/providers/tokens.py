"""Tokens of providers, encrypted before they are stored: they open other people's services."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.features.providers.token_response import ProviderTokens
from backend.kernel.randomness import Randomness
from backend.kernel.secrets.sealing import Sealer
from backend.kernel.secrets.secret import Secret
from backend.kernel.secrets.signing import Keyring


def build_token_sealer(keyring: Keyring) -> Sealer:
    """Build what encrypts providers' tokens."""
    return Sealer(keyring, "provider-tokens")


@dataclass(frozen=True, slots=True)
class TokenVault:
    """Encrypts and decrypts providers' tokens (ASVS 10.1.1)."""

    sealer: Sealer

    def seal(self, tokens: ProviderTokens, randomness: Randomness) -> Mapping[str, Any]:
        """Return the columns of an account; tokens that did not come leave the stored ones."""
        columns: dict[str, Any] = {
            "access_token": self._seal(tokens.access_token, randomness),
            "refresh_token": self._seal(tokens.refresh_token, randomness),
            "id_token": self._seal(tokens.id_token, randomness),
            "access_token_expires_at": tokens.access_token_expires_at,
            "refresh_token_expires_at": tokens.refresh_token_expires_at,
        }
        return {name: value for name, value in columns.items() if value is not None}

    def open(self, sealed: bytes | None) -> Secret | None:
        """Decrypt a token; None if there is none, or if its key is gone."""
        text = self.sealer.open(sealed) if sealed is not None else None
        return Secret(text) if text is not None else None

    def _seal(self, token: Secret | None, randomness: Randomness) -> bytes | None:
        return self.sealer.seal(token.reveal(), randomness) if token is not None else None
