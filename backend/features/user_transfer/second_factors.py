"""The second factors of users who come from a Better Auth: the rows of its table `twoFactor`."""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict

from backend.features.two_factor.totp import TotpSecret
from backend.features.user_transfer.records import BrokenFile, Record
from backend.features.user_transfer.table_rows import parse_row
from backend.features.user_transfer.user_record import (
    BadRecord,
    ImportedUser,
    MovedFactors,
)
from backend.kernel.secrets.better_auth import BetterAuthSecrets
from backend.kernel.secrets.code_digests import CodeDigests
from backend.kernel.secrets.sealing import Sealer
from backend.storage.queries import two_factors
from backend.storage.queries.two_factors import Factors
from backend.storage.work import Work

KEY = ("userid", "user_id")  # the columns that a CSV must have one of
_LOST = (
    "two_factor_enabled: the user would lose the second factor; name the file of the table "
    "twoFactor with --two-factor, or set this to false"
)
_OTHER_KEY = (
    "two_factor: it was encrypted with a SECRET_KEY that this server does not have; add that to "
    "SECRET_KEYS_OLD"
)
_BASE32 = "base32:"
_SHORTEST = 10  # bytes of a secret: RFC 4226 asks for 16, but some apps were given 10


@dataclass(frozen=True, slots=True)
class StoredFactors:
    """What a row holds, decrypted."""

    line: int
    totp: TotpSecret | None
    """None if the enrolment was never finished."""
    backup_codes: tuple[str, ...]


@dataclass
class FactorTable:
    """All rows by the id of their user, and how they are stored here."""

    sealer: Sealer
    digests: CodeDigests
    rows: dict[str, StoredFactors] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)
    is_given: bool = False
    """Whether there is such a table."""

    def check(self, person: ImportedUser) -> bool:
        """Tell whether a user has a second factor here; raises BadRecord if it would be lost."""
        moved = person.two_factor
        if moved is not None:
            if moved.totp_secret and self.sealer.open(moved.totp_secret) is None:
                raise BadRecord(_OTHER_KEY)
            return person.two_factor_enabled is True
        if person.two_factor_enabled and not self.is_given:
            raise BadRecord(_LOST)
        return self.is_enabled(person)

    def is_enabled(self, person: ImportedUser) -> bool:
        """Tell whether a user has a second factor; if the users' file does not say, by the row."""
        if person.two_factor_enabled is not None:
            return person.two_factor_enabled
        return self.has_app(person)

    def has_app(self, person: ImportedUser) -> bool:
        """Tell whether an authenticator app is kept; otherwise codes are mailed."""
        if person.two_factor is not None:
            return person.two_factor.totp_confirmed
        row = self.rows.get(person.source_id)
        return row is not None and row.totp is not None

    def store(self, work: Work, people: Iterable[ImportedUser]) -> None:
        """Store the factors of new users; without an app, codes are mailed as in Better Auth."""
        factors, codes = [], []
        for person in people:
            if not person.user.two_factor_enabled:
                continue
            if person.two_factor is not None:
                factors.append(_moved(person.two_factor, person.user.id, work))
                codes += [(person.user.id, each) for each in person.two_factor.backup_codes]
                continue
            row, user_id = self.rows.get(person.source_id), person.user.id
            totp = row.totp if row else None
            sealed = self.sealer.seal(totp.reveal(), work.randomness) if totp else None
            has_app = totp is not None
            factors.append(Factors(user_id, work.now(), sealed, has_app, mail_codes=not has_app))
            codes += [(user_id, self.digests.digest(user_id, each)) for each in _codes(row)]
        two_factors.insert_many(work.db, factors)
        two_factors.insert_backup_codes(work.db, codes)


def _moved(moved: MovedFactors, user_id: UUID, work: Work) -> Factors:
    values = moved.model_dump(exclude={"backup_codes"})
    return Factors(user_id=user_id, created_at=work.now(), **values)


def _codes(row: StoredFactors | None) -> Iterable[str]:
    return row.backup_codes if row else ()


class _Row(BaseModel):
    """The fields that count."""

    model_config = ConfigDict(hide_input_in_errors=True)

    user_id: Annotated[str, BeforeValidator(str)]
    secret: str
    backup_codes: str = "[]"
    verified: bool = True


def read_factors(records: Iterable[Record], secrets: BetterAuthSecrets, table: FactorTable) -> None:
    """Read and decrypt all rows into the table; raises BrokenFile if the secret opens none."""
    table.is_given = True
    opened = False
    sealed_lines = []
    for record in records:
        try:
            row = parse_row(record, _Row)
            totp, codes = secrets.decrypt(row.secret), _decrypt_codes(secrets, row.backup_codes)
            if totp is None or codes is None:
                sealed_lines.append(record.line)
                raise ValueError("secret: the secret of Better Auth does not open it")
            opened = True
            if row.user_id in table.rows:
                first = table.rows[row.user_id].line
                raise ValueError(f"the user is the same as on line {first}")
            secret = _secret(totp) if row.verified else None
            table.rows[row.user_id] = StoredFactors(record.line, secret, _list_codes(codes))
        except ValueError as problem:
            table.problems.append((record.line, str(problem)))
    if sealed_lines and not opened:
        raise BrokenFile(
            f"BETTER_AUTH_SECRET is another one than that of this table: it opens none of its "
            f"secrets, such as that on line {sealed_lines[0]}"
        )


def _decrypt_codes(secrets: BetterAuthSecrets, text: str) -> str | None:
    """Decrypt the backup codes, unless Better Auth was told to store them as they are."""
    return text if text.startswith("[") else secrets.decrypt(text)


def _list_codes(text: str) -> tuple[str, ...]:
    try:
        codes: Any = json.loads(text)
    except ValueError:
        codes = None
    if not isinstance(codes, list) or not all(isinstance(each, str) and each for each in codes):
        raise ValueError("backupCodes: is not a list of codes")
    return tuple(dict.fromkeys(codes))


def _secret(text: str) -> TotpSecret:
    """Return the secret in base32: as it is after `base32:`, otherwise its bytes are the key."""
    encoded = base64.b32encode(text.encode()).decode()
    if text.startswith(_BASE32):
        encoded = text.removeprefix(_BASE32).upper()
    encoded = encoded.rstrip("=")
    try:
        key = base64.b32decode(encoded + "=" * (-len(encoded) % 8))
    except binascii.Error:
        raise ValueError("secret: is not base32") from None
    if len(key) < _SHORTEST:
        raise ValueError("secret: is too short for an authenticator app")
    return TotpSecret(encoded)
