"""Everything we hold about a user, as a zip of JSON (GDPR, articles 15 and 20)."""

import json
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from io import RawIOBase
from typing import Any, TypeVar
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from backend.features.sessions.wire import UserOut
from backend.kernel.timestamps import iso
from backend.storage.db import Db
from backend.storage.engine import Database
from backend.storage.queries import links, outbox, sessions, users
from backend.storage.queries.audit_list import AuditEvent, Filter, find_page
from backend.storage.queries.users import User
from backend.storage.work import ask

_PAGE = 1000  # events read, packed and sent at a time

Items = Iterable[dict[str, Any]]
T = TypeVar("T")


def export(database: Database, user: User, now: datetime) -> Generator[bytes, None, None]:
    """Pack what is stored about a user, without what opens anything: no hash, digest or body.

    Page by page as a zip that is still being sent: however much it is, little of it is in memory.
    """

    def read(question: Callable[[Db], T]) -> T:
        return ask(database, question)

    out = _Out()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        yield from _add(archive, out, "profile", [read(lambda db: _profile(db, user))], now)
        yield from _add(archive, out, "sessions", [read(lambda db: _sessions(db, user))], now)
        yield from _add(archive, out, "links", [read(lambda db: _links(db, user))], now)
        yield from _add(archive, out, "mails", [read(lambda db: _mails(db, user))], now)
        yield from _add(archive, out, "events", _events(database, user), now)
    yield out.take()


class _Out(RawIOBase):
    """A file that only grows, and is taken away as it does."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        """Return what was written since it was last asked."""
        taken, self._written = bytes(self._written), bytearray()
        return taken


def _add(
    archive: ZipFile, out: _Out, name: str, pages: Iterable[Items], now: datetime
) -> Iterator[bytes]:
    entry = ZipInfo(f"{name}.json", now.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    with archive.open(entry, "w") as file:
        before = b"[\n"
        for page in pages:
            for item in page:
                file.write(before + json.dumps(item, ensure_ascii=False, default=_plain).encode())
                before = b",\n"
            if piece := out.take():
                yield piece
        file.write(b"\n]\n" if before == b",\n" else b"[\n]\n")


def _profile(db: Db, user: User) -> Items:
    profile = UserOut.of(user).model_dump(mode="json", by_alias=True)
    has_password = users.find_password_hash(db, user.id) is not None
    return [profile | {"hasPassword": has_password}]


def _sessions(db: Db, user: User) -> Items:
    return [
        {
            "id": each.id,
            "createdAt": each.created_at,
            "updatedAt": each.updated_at,
            "expiresAt": each.expires_at,
            "ipAddress": each.ip_address,
            "userAgent": each.user_agent,
            "remembered": each.remembered,
            "byAnAdmin": each.impersonated_by is not None,
        }
        for each in sessions.list_all(db, user.id)
    ]


def _links(db: Db, user: User) -> Items:
    return [
        {
            "kind": each.kind,
            "email": each.email,
            "createdAt": each.created_at,
            "expiresAt": each.expires_at,
            "usedAt": each.used_at,
        }
        for each in links.list_of_user(db, user.id)
    ]


def _mails(db: Db, user: User) -> Items:
    return [
        {
            "kind": each.kind,
            "to": each.recipient,
            "messageId": each.message_id,
            "state": each.state,
            "createdAt": each.created_at,
            "sentAt": each.sent_at,
        }
        for each in outbox.list_to(db, user.email)
    ]


def _events(database: Database, user: User) -> Iterator[Items]:
    wanted: Filter | None = Filter(user_id=user.id)
    while wanted is not None:
        page = ask(database, partial(find_page, wanted=wanted, limit=_PAGE))
        yield [_event(each, user) for each in page]
        wanted = replace(wanted, before=page[-1].id) if page else None


def _event(recorded: AuditEvent, user: User) -> dict[str, Any]:
    who = recorded.impersonated_by or recorded.actor_id
    by_you = who == user.id
    # What an admin did is about the user; where the admin sat is about the admin.
    ours = by_you or who is None
    return {
        "id": recorded.id,
        "at": recorded.at,
        "kind": recorded.kind,
        "byYou": by_you,
        "aboutYou": recorded.subject_id == user.id,
        "ipAddress": recorded.ip_address if ours else None,
        "userAgent": recorded.user_agent if ours else None,
        "detail": recorded.detail,
    }


def _plain(value: Any) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)
