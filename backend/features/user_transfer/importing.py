"""Moving users in: batch by batch, each all or nothing, and as often as one likes.

A batch with a bad line is left out whole, so that nobody has to guess which of its lines went in.
Whoever has an account already keeps it as it is: mend the bad lines and run the file again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from backend.features.user_transfer.progress import Ranges
from backend.features.user_transfer.records import Record
from backend.features.user_transfer.user_record import BadRecord, Person, field_of, person_from
from backend.kernel.client import NOBODY
from backend.kernel.events import Event, EventKind
from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.redaction import Redactor
from backend.storage.queries import users
from backend.storage.work import Runtime, Work

BATCH = 1000  # records

_LONGEST_PROBLEM = 300  # characters
_SHAPES = Redactor()  # a hash that stands in another column may be quoted

Say = Callable[[str], None]
"""Tells the owner something, line by line."""


@dataclass
class Outcome:
    """What became of a file."""

    imported: int = 0
    bad: int = 0
    waiting: int = 0
    """Good lines that share a batch with a bad one."""
    already_here: Ranges = field(default_factory=Ranges)
    ignored_fields: set[str] = field(default_factory=set)
    new_ids: int = 0


def import_users(
    runtime: Runtime, hasher: PasswordHasher, records: Iterator[Record], say: Say, *, dry: bool
) -> Outcome:
    """Import every record, or with `dry` only check them; tells each bad line as it is found."""
    outcome = Outcome()
    while batch := list(islice(records, BATCH)):
        _import_batch(runtime, hasher, batch, outcome, say, dry=dry)
    return outcome


def _import_batch(
    runtime: Runtime,
    hasher: PasswordHasher,
    batch: list[Record],
    outcome: Outcome,
    say: Say,
    *,
    dry: bool,
) -> None:
    for record in batch:
        outcome.ignored_fields |= {name for name in record.fields if not field_of(name)}
    with Work(runtime, NOBODY) as work:
        people, problems = _judged(work, hasher, batch)
        if not problems:
            _store(work, people, outcome, dry=dry)
            return
    for line, problem in problems:
        say(f"line {line}: {_SHAPES.without_secrets(problem)[:_LONGEST_PROBLEM]}")
    outcome.bad += len(problems)
    outcome.waiting += len(people)
    say(
        f"lines {batch[0].line}-{batch[-1].line}: nothing imported; "
        f"{len(people)} good lines wait for {_counted(len(problems), 'bad one')} to be mended"
    )


def _judged(
    work: Work, hasher: PasswordHasher, batch: Iterable[Record]
) -> tuple[list[Person], list[tuple[int, str]]]:
    people: list[Person] = []
    problems: list[tuple[int, str]] = []
    first_lines: dict[object, int] = {}
    for record in batch:
        try:
            person = person_from(record, work, hasher.take)
            for what, value in (("address", person.user.email), ("id", person.user.id)):
                first = first_lines.setdefault(value, record.line)
                if first != record.line:
                    raise BadRecord(f"the {what} is that of line {first}")
        except BadRecord as problem:
            problems.append((record.line, str(problem)))
        else:
            people.append(person)
    return people, problems


def _store(work: Work, people: list[Person], outcome: Outcome, *, dry: bool) -> None:
    here = users.find_taken(
        work.db, [person.user.email for person in people], [person.user.id for person in people]
    )
    new = [p for p in people if p.user.email not in here.emails and p.user.id not in here.ids]
    stored = {person.user.email for person in new}
    if new and not dry:
        stored = users.insert_many(work.db, [(p.user, p.password_hash) for p in new])
        work.record(Event(EventKind.USERS_IMPORTED, detail={"users": len(stored)}))
    outcome.imported += len(stored)
    outcome.new_ids += sum(person.lost_id for person in new if person.user.email in stored)
    outcome.already_here.add(p.line for p in people if p.user.email not in stored)


def summary(outcome: Outcome, *, dry: bool) -> list[str]:
    """Say in a few lines what became of the file."""
    done = "would be imported" if dry else "imported"
    lines = [f"{_counted(outcome.imported, 'user')} {done}"]
    if outcome.already_here.count:
        here = outcome.already_here
        lines.append(f"{here.count} already here, left as they are: lines {here}")
    if outcome.bad:
        lines.append(
            f"{_counted(outcome.bad, 'bad line')}; {outcome.waiting} good lines beside them "
            "wait: mend the file and run it again"
        )
    if outcome.new_ids:
        lines.append(f"{_counted(outcome.new_ids, 'id')} replaced by new ones: they are no UUIDs")
    if outcome.ignored_fields:
        lines.append(f"ignored fields: {', '.join(sorted(outcome.ignored_fields))}")
    return lines


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
