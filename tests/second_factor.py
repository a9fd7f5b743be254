"""Authenticator apps of the people in a scene."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyotp

from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD


@dataclass(frozen=True)
class App:
    """An authenticator app that has read the QR code, and the backup codes on paper."""

    gatehouse: Gatehouse
    secret: str
    backup_codes: list[str]

    @classmethod
    def begin(cls, gatehouse: Gatehouse, visitor: Visitor, password: str = PASSWORD) -> "App":
        """Begin an enrolment, up to the first code."""
        response = visitor.post("two-factor/enable", {"password": password})
        assert response.status_code == 200, response.text
        payload = response.json()
        secret = pyotp.parse_uri(payload["totpURI"]).secret
        return cls(gatehouse, secret, payload["backupCodes"])

    def code(self, after: timedelta = timedelta(0)) -> str:
        """The code that the app shows, by a clock that is `after` the server's."""
        return pyotp.TOTP(self.secret).at(self.gatehouse.clock.now() + after)


def enrol(gatehouse: Gatehouse, visitor: Visitor, password: str = PASSWORD) -> App:
    """Turn an authenticator app on for a signed-in visitor."""
    app = App.begin(gatehouse, visitor, password)
    response = visitor.post("two-factor/verify-totp", {"code": app.code()})
    assert response.status_code == 200, response.text
    return app


def first_step(gatehouse: Gatehouse, email: str = "ada@example.com", **fields: Any) -> Visitor:
    """A browser in which the password was right and the code is asked for."""
    visitor = gatehouse.visitor()
    response = visitor.sign_in(email, **fields)
    assert response.json()["twoFactorRedirect"] is True, response.text
    return visitor
