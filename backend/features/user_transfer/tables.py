"""What moves beside the users themselves: the other tables of a Better Auth."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from backend.features.user_transfer.accounts import AccountTable
from backend.features.user_transfer.passkeys import PasskeyTable
from backend.features.user_transfer.second_factors import FactorTable
from backend.features.user_transfer.user_record import ImportedUser
from backend.storage.work import Work


@dataclass
class Tables:
    """The tables `twoFactor`, `passkey` and `account`; empty ones if they are not given.

    Users of a Gatehouse have all of it in their own record.
    """

    factors: FactorTable
    accounts: AccountTable
    passkeys: PasskeyTable = field(default_factory=PasskeyTable)

    def check(self, person: ImportedUser) -> ImportedUser:
        """Return a user as stored; raises BadRecord if something would be lost."""
        self.accounts.check(person)
        enabled = self.factors.check(person)
        return replace(person, user=replace(person.user, two_factor_enabled=enabled))

    def store(self, work: Work, people: Sequence[ImportedUser]) -> tuple[int, int]:
        """Store what belongs to new users; returns how many passkeys and accounts."""
        self.factors.store(work, people)
        return self.passkeys.store(work, people), self.accounts.store(work, people)
