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
"""How `PasswordRules.check_new` refuses."""
_TAIL = "0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What a new password must be. Lengths count code points after NFKC (NIST SP 800-63B-4)."""

    min_length: int
    max_length: int
    strict: bool
    """Whether what a guesser would try first is refused too."""
    app_name: str

    def check_new(self, password: Password, *about: str) -> None:
        """Refuse a new password that is too short or too long, common, or made from known words.

        `about` are the address and the name of whose password it will be.
        """
        text = normalize(password)
        if len(text) < self.min_length:
            raise Refusal("PASSWORD_TOO_SHORT")
        self.check_length(password)
        if self.strict and is_common(text):
            raise Refusal("PASSWORD_COMPROMISED")
        if self.strict and is_made_from(text, (self.app_name, *about)):
            raise Refusal("PASSWORD_COMPROMISED", _PERSONAL)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(settings.password_min, settings.password_max, settings.strict, settings.app_name)

    def check_length(self, password: Password) -> None:
        """Refuse, before any hashing, what is longer than any password we ever took."""
        if len(normalize(password)) > self.max_length:
            raise Refusal("PASSWORD_TOO_LONG")


def normalize(password: Password) -> str:
    """Return the password in the one form in which it is counted and hashed (NFKC)."""
    return unicodedata.normalize("NFKC", password.reveal())


def is_common(text: str) -> bool:
    """Tell whether a guesser would try this first (ASVS 6.2.4).

    Compared whole, after case and trailing digits and signs are gone; never by containment, which
    would refuse long and good passwords for a word inside them.
    """
    folded = text.casefold()
    return folded in _common() or folded.rstrip(_TAIL) in _common()


@cache
def _common() -> frozenset[str]:
    listed = resources.files("backend.kernel.passwords").joinpath("common_passwords.txt")
    lines = listed.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
