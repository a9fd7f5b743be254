"""Importing users in batches, each all or nothing; the import can be repeated.

A batch with a bad line is skipped whole, so that it is clear which lines went in. Existing users
stay as they are: fix the bad lines and import the file again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from backend.features.user_transfer.progress import Ranges
from backend.features.user_transfer.records import Record
from backend.features.user_transfer.tables import Tables
from backend.features.user_transfer.user_record import (
    BadRecord,
    ImportedUser,
    find_field,
    parse_user,
)
from backend.kernel.client import SYSTEM
from backend.kernel.events import Event, EventKind
from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.redaction import Redactor
from backend.storage.queries import user_transfer
from backend.storage.queries.users import User
from backend.storage.work import Runtime, Work

BATCH = 1000  # records

_LONGEST_PROBLEM = 300  # characters
_NAME_TAKEN = "username: belongs to another user"
_SHAPES = Redactor()  # removes hashes from messages that quote a value

PrintLine = Callable[[str], None]
"""Prints a line to the terminal."""


@dataclass
class Outcome:
    """The result of an import."""

    imported: int = 0
    bad: int = 0
    waiting: int = 0
    """Good lines that share a batch with a bad one."""
    already_here: Ranges = field(default_factory=Ranges)
    ignored_fields: set[str] = field(default_factory=set)
    new_ids: int = 0
    second_factors: int = 0
    mail_codes: int = 0
    """Users of these whose only factor is a mailed code."""
    passkeys: int = 0
    accounts: int = 0
    """At providers."""


def import_users(
    runtime: Runtime,
    hasher: PasswordHasher,
    records: Iterator[Record],
    print_line: PrintLine,
    tables: Tables,
    *,
    dry: bool,
) -> Outcome:
    """Import all records, or with `dry` only check them; prints each bad line as it is found.

    With the other `tables` of a Better Auth, its users keep what is in them.
    """
    outcome = Outcome()
    while batch := list(islice(records, BATCH)):
        _import_batch(runtime, hasher, batch, outcome, print_line, tables, dry=dry)
    return outcome


def _import_batch(
    runtime: Runtime,
    hasher: PasswordHasher,
    batch: list[Record],
    outcome: Outcome,
    print_line: PrintLine,
    tables: Tables,
    *,
    dry: bool,
) -> None:
    for record in batch:
        outcome.ignored_fields |= {name for name in record.fields if not find_field(name)}
    with Work(runtime, SYSTEM) as work:
        people, problems = _validate(work, hasher, batch, tables)
        existing = user_transfer.find_existing(work.db, [person.user for person in people])
        new = [person for person in people if not existing.has(person.user)]
        taken = [person for person in new if person.user.username in existing.usernames]
        if not problems and not taken:
            _store(work, people, new, outcome, tables, dry=dry)
            return
    people = [person for person in people if person not in taken]
    problems = sorted([*problems, *((person.line, _NAME_TAKEN) for person in taken)])
    for line, problem in problems:
        print_line(f"line {line}: {_SHAPES.redact_secrets(problem)[:_LONGEST_PROBLEM]}")
    outcome.bad += len(problems)
    outcome.waiting += len(people)
    print_line(
        f"lines {batch[0].line}-{batch[-1].line}: nothing imported; "
        f"{len(people)} valid lines wait: fix {_format_count(len(problems), 'invalid line')}"
    )


def _validate(
    work: Work, hasher: PasswordHasher, batch: Iterable[Record], tables: Tables
) -> tuple[list[ImportedUser], list[tuple[int, str]]]:
    people: list[ImportedUser] = []
    problems: list[tuple[int, str]] = []
    first_lines: dict[object, int] = {}
    for record in batch:
        try:
            person = parse_user(tables.accounts.add_password(record), work, hasher.accept_hash)
            for field_name, value in _unique_fields(person.user):
                first = first_lines.setdefault(value, record.line)
                if first != record.line:
                    raise BadRecord(f"the {field_name} is the same as on line {first}")
            people.append(tables.check(person))
        except BadRecord as problem:
            problems.append((record.line, str(problem)))
    return people, problems


def _unique_fields(user: User) -> list[tuple[str, object]]:
    names = [("user name", user.username)] if user.username is not None else []
    return [("address", user.email), ("id", user.id), *names]


def _store(
    work: Work,
    people: list[ImportedUser],
    new: list[ImportedUser],
    outcome: Outcome,
    tables: Tables,
    *,
    dry: bool,
) -> None:
    stored = {person.user.email for person in new}
    if new and not dry:
        stored = user_transfer.insert_many(work.db, [(p.user, p.password_hash) for p in new])
        keys, linked = tables.store(work, [p for p in new if p.user.email in stored])
        outcome.passkeys += keys
        outcome.accounts += linked
        work.record(Event(EventKind.USERS_IMPORTED, detail={"users": len(stored)}))
    outcome.imported += len(stored)
    outcome.new_ids += sum(person.lost_id for person in new if person.user.email in stored)
    protected = [p for p in new if p.user.two_factor_enabled and p.user.email in stored]
    outcome.second_factors += len(protected)
    outcome.mail_codes += sum(not tables.factors.has_app(p) for p in protected)
    outcome.already_here.add(p.line for p in people if p.user.email not in stored)


def summary(outcome: Outcome, *, dry: bool) -> list[str]:
    """Format the result in a few lines."""
    done = "would be imported" if dry else "imported"
    lines = [f"{_format_count(outcome.imported, 'user')} {done}"]
    if outcome.second_factors:
        kept = f"{outcome.second_factors} of them with their second factor"
        by_mail = f", {outcome.mail_codes} with codes by mail" if outcome.mail_codes else ""
        lines.append(kept + by_mail)
    if outcome.passkeys:
        lines.append(f"{_format_count(outcome.passkeys, 'passkey')} of theirs")
    if outcome.accounts:
        lines.append(f"{_format_count(outcome.accounts, 'account')} of theirs at providers")
    if outcome.already_here.count:
        existing = outcome.already_here
        lines.append(f"{existing.count} exist already and were not changed: lines {existing}")
    if outcome.bad:
        lines.append(
            f"{_format_count(outcome.bad, 'invalid line')}; {outcome.waiting} valid lines in the "
            "same batches wait: fix the file and import it again"
        )
    if outcome.new_ids:
        lines.append(
            f"{_format_count(outcome.new_ids, 'id')} replaced with new ones: they are not UUIDs"
        )
    if outcome.ignored_fields:
        lines.append(f"ignored fields: {', '.join(sorted(outcome.ignored_fields))}")
    return lines


def _format_count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
