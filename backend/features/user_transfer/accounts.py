"""The accounts at providers of users who move in: a Better Auth's table `account`, or our own.

Better Auth's table has the passwords too, in rows whose provider is `credential`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from backend.features.user_transfer.dates import parse_date
from backend.features.user_transfer.records import BrokenFile, Record
from backend.features.user_transfer.table_rows import parse_row
from backend.features.user_transfer.user_record import (
    BadRecord,
    ImportedUser,
    MovedAccount,
    find_field,
)
from backend.kernel.secrets.better_auth import BetterAuthSecrets, looks_encrypted
from backend.kernel.secrets.sealing import Sealer
from backend.storage.queries import accounts
from backend.storage.queries.accounts import TOKEN_COLUMNS, Account
from backend.storage.work import Work

CREDENTIAL = "credential"
"""How Better Auth names a password."""
_OTHER_KEY = (
    "accounts: the tokens of {} were encrypted with a SECRET_KEY that this server does not have; "
    "add that to SECRET_KEYS_OLD"
)
_WITHOUT_KEY = "{}: looks encrypted; set BETTER_AUTH_SECRET to that of Better Auth"
_BY_ANOTHER_KEY = "{}: looks encrypted, but the secret of Better Auth does not open it"
_Date = Annotated[datetime | None, BeforeValidator(parse_date)]


class _Row(BaseModel):
    """A row of Better Auth's table."""

    model_config = ConfigDict(hide_input_in_errors=True)

    user_id: Annotated[str, BeforeValidator(str)]
    provider_id: str = Field(min_length=1, max_length=100)
    account_id: Annotated[str, BeforeValidator(str)] = Field(min_length=1, max_length=500)
    access_token: str | None = None
    refresh_token: str | None = None
    id_token: str | None = None
    access_token_expires_at: _Date = None
    refresh_token_expires_at: _Date = None
    scope: str = ""
    password: str | None = None
    created_at: _Date = None
    updated_at: _Date = None


@dataclass
class AccountTable:
    """All rows by the id of their user, and how their tokens are stored here."""

    sealer: Sealer
    rows: dict[str, list[_Row]] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    """Hashes by the id of their user."""
    problems: list[tuple[int, str]] = field(default_factory=list)
    provider_ids: set[str] = field(default_factory=set)
    """The providers of the accounts that were stored."""

    def read(self, records: Iterable[Record], secrets: BetterAuthSecrets | None) -> None:
        """Read all rows and decrypt their tokens; raises BrokenFile if the secret opens none."""
        lines: dict[tuple[str, str], int] = {}
        opened, unopened = 0, []
        for record in records:
            try:
                row = parse_row(record, _Row)
                key = (row.provider_id, row.account_id)
                if key in lines:
                    raise ValueError(f"account_id: is the same as on line {lines[key]}")
                lines[key] = record.line
                if row.provider_id == CREDENTIAL:
                    self._take_password(row)
                    continue
                opened += _decrypt(row, secrets)
                self.rows.setdefault(row.user_id, []).append(row)
            except SealedToken as problem:
                unopened.append(record.line)
                self.problems.append((record.line, str(problem)))
            except ValueError as problem:
                self.problems.append((record.line, str(problem)))
        if unopened and secrets is not None and not opened:
            raise BrokenFile(
                "BETTER_AUTH_SECRET is another one than that of this table: it opens none of its "
                f"tokens, such as that on line {unopened[0]}"
            )

    def _take_password(self, row: _Row) -> None:
        if row.password:
            self.passwords[row.user_id] = row.password

    def add_password(self, record: Record) -> Record:
        """Return a user's record with the password of the table, unless it has one itself."""
        fields = {find_field(name): value for name, value in record.fields.items()}
        password = self.passwords.get(str(fields.get("id", "")))
        if password is None or fields.get("password_hash"):
            return record
        return replace(record, fields={**record.fields, "password_hash": password})

    def check(self, person: ImportedUser) -> None:
        """Raise BadRecord if the tokens of accounts from a Gatehouse cannot be decrypted here."""
        for moved in person.accounts or []:
            sealed = (getattr(moved, name) for name in TOKEN_COLUMNS)
            if any(token is not None and self.sealer.open(token) is None for token in sealed):
                raise BadRecord(_OTHER_KEY.format(moved.provider_id))

    def store(self, work: Work, people: Iterable[ImportedUser]) -> int:
        """Store the accounts of new users; returns how many. Those somebody has are skipped."""
        stored = 0
        for person in people:
            found = [
                self._build(work, each, person) for each in self.rows.get(person.source_id, [])
            ]
            found += [_move(work, each, person) for each in person.accounts or []]
            for account in found:
                if accounts.add(work.db, account):
                    stored += 1
                    self.provider_ids.add(account.provider_id)
        return stored

    def _build(self, work: Work, row: _Row, person: ImportedUser) -> Account:
        """Build an account whose issuer nobody knows until its owner comes the first time."""
        tokens = {
            name: self.sealer.seal(token, work.randomness)
            if (token := getattr(row, name))
            else None
            for name in TOKEN_COLUMNS
        }
        return Account(
            work.new_id(),
            person.user.id,
            row.provider_id,
            "",
            row.account_id,
            " ".join(row.scope.replace(",", " ").split()),
            row.created_at or work.now(),
            row.updated_at or work.now(),
            access_token_expires_at=row.access_token_expires_at,
            refresh_token_expires_at=row.refresh_token_expires_at,
            before_verification=not person.user.email_verified,
            **tokens,
        )


class SealedToken(ValueError):
    """A token that no secret of ours opens."""


def _decrypt(row: _Row, secrets: BetterAuthSecrets | None) -> int:
    """Decrypt the tokens of a row where Better Auth encrypts them; returns how many."""
    opened = 0
    for name in TOKEN_COLUMNS:
        text = getattr(row, name)
        if not text or not looks_encrypted(text):
            continue
        if secrets is None:
            raise SealedToken(_WITHOUT_KEY.format(name))
        token = secrets.decrypt(text)
        if token is None:
            raise SealedToken(_BY_ANOTHER_KEY.format(name))
        setattr(row, name, token)
        opened += 1
    return opened


def _move(work: Work, moved: MovedAccount, person: ImportedUser) -> Account:
    return Account(id=work.new_id(), user_id=person.user.id, **moved.model_dump())
