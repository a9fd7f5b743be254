"""Mailed codes of the people in a scene."""

from dataclasses import dataclass

import httpx

from tests.in_process import Gatehouse, Visitor
from tests.mailbox import Mailbox

ADA = "ada@example.com"


@dataclass(frozen=True)
class Codes:
    """Asks for codes, and reads them in the mailbox."""

    gatehouse: Gatehouse
    mailbox: Mailbox

    def ask(self, purpose: str = "sign-in", email: str = ADA, by: Visitor | None = None) -> str:
        """Ask for a code; returns the newest one that has arrived, or nothing."""
        visitor = by or self.gatehouse.visitor()
        body = {"email": email, "type": purpose}
        response = visitor.post("email-otp/send-verification-otp", body)
        assert response.json() == {"success": True}, response.text
        return self.newest(email)

    def newest(self, email: str = ADA) -> str:
        """The newest code that somebody has got, or nothing."""
        return next((mail.code for mail in reversed(self.mailbox.all(email, "code"))), "")

    def sign_in(self, code: str, email: str = ADA, by: Visitor | None = None) -> httpx.Response:
        """Sign in with a code."""
        visitor = by or self.gatehouse.visitor()
        return visitor.post("sign-in/email-otp", {"email": email, "otp": code})


def other_than(code: str, by: int = 500_000) -> str:
    """A wrong code."""
    return f"{(int(code) + by) % 1_000_000:06}"
