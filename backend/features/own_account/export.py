"""Everything we hold about a user, as a zip of JSON (GDPR, articles 15 and 20)."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from backend.features.sessions.wire import UserOut
from backend.storage import links, outbox, sessions, users
from backend.storage.audit_list import Filter, find_page
from backend.storage.db import Db
from backend.storage.users import User
from backend.web.wire import iso

_PAGE = 1000  # events read at a time


def export(db: Db, user: User, now: datetime) -> bytes:
    """Pack what is stored about a user, without what opens anything: no hash, digest or body."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        profile = UserOut.of(user).model_dump(mode="json", by_alias=True)
        has_password = users.find_password_hash(db, user.id) is not None
        _add(archive, "profile", [profile | {"hasPassword": has_password}], now)
        _add(archive, "sessions", _sessions(db, user), now)
        _add(archive, "links", _links(db, user), now)
        _add(archive, "mails", _mails(db, user), now)
        _add(archive, "events", _events(db, user), now)
    return packed.getvalue()


def _add(archive: ZipFile, name: str, items: Iterable[dict[str, Any]], now: datetime) -> None:
    entry = ZipInfo(f"{name}.json", now.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    with archive.open(entry, "w") as file:
        file.write(b"[")
        for number, item in enumerate(items):
            line = json.dumps(item, ensure_ascii=False, default=_plain).encode()
            file.write((b",\n" if number else b"\n") + line)
        file.write(b"\n]\n")


def _sessions(db: Db, user: User) -> Iterator[dict[str, Any]]:
    for each in sessions.list_all(db, user.id):
        yield {
            "id": each.id,
            "createdAt": each.created_at,
            "updatedAt": each.updated_at,
            "expiresAt": each.expires_at,
            "ipAddress": each.ip_address,
            "userAgent": each.user_agent,
            "remembered": each.remembered,
            "byAnAdmin": each.impersonated_by is not None,
        }


def _links(db: Db, user: User) -> Iterator[dict[str, Any]]:
    for each in links.list_of_user(db, user.id):
        yield {
            "kind": each.kind,
            "email": each.email,
            "createdAt": each.created_at,
            "expiresAt": each.expires_at,
            "usedAt": each.used_at,
        }


def _mails(db: Db, user: User) -> Iterator[dict[str, Any]]:
    for each in outbox.list_to(db, user.email):
        yield {
            "kind": each.kind,
            "to": each.recipient,
            "messageId": each.message_id,
            "state": each.state,
            "createdAt": each.created_at,
            "sentAt": each.sent_at,
        }


def _events(db: Db, user: User) -> Iterator[dict[str, Any]]:
    before: UUID | None = None
    while page := find_page(db, Filter(user_id=user.id, before=before), _PAGE):
        for each in page:
            who = each.impersonated_by or each.actor_id
            by_you = who == user.id
            # What an admin did is about the user; where the admin sat is about the admin.
            ours = by_you or who is None
            yield {
                "id": each.id,
                "at": each.at,
                "kind": each.kind,
                "byYou": by_you,
                "aboutYou": each.subject_id == user.id,
                "ipAddress": each.ip_address if ours else None,
                "userAgent": each.user_agent if ours else None,
                "detail": each.detail,
            }
        before = page[-1].id


def _plain(value: Any) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)
