"""Which new passwords are accepted."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Self

from backend.kernel.passwords.personal_words import is_made_from
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password
from backend.kernel.settings import Settings

_PERSONAL = (
    "The password is made from the address, the name or the name of this application. "
    "Please choose a different password."
)
NEW_PASSWORD_REFUSALS = ("PASSWORD_TOO_SHORT", "PASSWORD_TOO_LONG", "PASSWORD_COMPROMISED")
"""The codes with which `PasswordRules.check_new` refuses."""
_TAIL = "0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """The rules for new passwords. Lengths count code points after NFKC (NIST SP 800-63B-4)."""

    min_length: int
    max_length: int
    refuses_common: bool
    refuses_personal: bool
    """Whether one made from the user's address and name, or from `app_name`, is refused."""
    app_name: str

    def check_new(self, password: Password, *personal_texts: str) -> None:
        """Refuse a new password that is too short or too long, common, or made from personal words.

        `personal_texts` are the address and the name of the user.
        """
        text = normalize_password(password)
        if len(text) < self.min_length:
            raise Refusal("PASSWORD_TOO_SHORT")
        self.check_length(password)
        if self.refuses_common and is_common(text):
            raise Refusal("PASSWORD_COMPROMISED")
        if self.refuses_personal and is_made_from(text, (self.app_name, *personal_texts)):
            raise Refusal("PASSWORD_COMPROMISED", _PERSONAL)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the rules of a server. With a service that knows breached passwords, the built-in
        list counts too: it costs nothing, and the service may be away."""
        return cls(
            settings.password_min,
            settings.password_max,
            refuses_common=settings.strict and settings.breached_passwords != "off",
            refuses_personal=settings.strict,
            app_name=settings.app_name,
        )

    def check_length(self, password: Password) -> None:
        """Refuse a password that is too long, before it is hashed."""
        if len(normalize_password(password)) > self.max_length:
            raise Refusal("PASSWORD_TOO_LONG")


def normalize_password(password: Password) -> str:
    """Return the password in the form that is counted and hashed (NFKC)."""
    return unicodedata.normalize("NFKC", password.reveal())


def is_common(text: str) -> bool:
    """Tell whether this is a common password (ASVS 6.2.4).

    It is compared as a whole, without case and trailing digits and signs; a common word inside a
    long password is fine.
    """
    folded = text.casefold()
    return folded in _common_passwords() or folded.rstrip(_TAIL) in _common_passwords()


@cache
def _common_passwords() -> frozenset[str]:
    listed = resources.files("backend.kernel.passwords").joinpath("common_passwords.txt")
    lines = listed.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
