"""An authenticator app, which shows the codes of an account."""

from dataclasses import dataclass, field

import httpx

from doctor.client.totp import code_at, read_secret
from doctor.clock import SystemBlockingClock
from notebooks.helpers.masking import hide

_CLOCK = SystemBlockingClock()


@dataclass(frozen=True)
class AuthenticatorApp:
    """An app that has read the QR code, and the backup codes that came with it."""

    backup_codes: list[str] = field(repr=False)
    _secret: bytes = field(repr=False)

    @classmethod
    def enrolled_by(cls, answer: httpx.Response) -> "AuthenticatorApp":
        """Read the response of `two-factor/enable`; its secrets are hidden from now on."""
        uri, codes = answer.json()["totpURI"], answer.json()["backupCodes"]
        for secret in (uri, *codes):
            hide(secret)
        return cls(codes, read_secret(uri))

    def code(self) -> str:
        """Return the code that the app shows now."""
        return self._hidden(code_at(self._secret, _CLOCK.now().timestamp()))

    def wrong_code(self) -> str:
        """Return a code that the app does not show."""
        return self._hidden(f"{(int(self.code()) + 500_000) % 1_000_000:06}")

    def _hidden(self, code: str) -> str:
        hide(code)
        return code
