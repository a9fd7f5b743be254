"""A user's stored data as a zip of JSON (GDPR, articles 15 and 20)."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from io import RawIOBase
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from backend.features.sessions.wire import UserOut
from backend.kernel.timestamps import format_timestamp
from backend.storage.db import Db
from backend.storage.engine import Database
from backend.storage.queries import (
    accounts,
    links,
    oauth_states,
    one_time_codes,
    outbox,
    passkeys,
    pictures,
    sessions,
    sign_in_challenges,
    trusted_browsers,
    two_factors,
    users,
)
from backend.storage.queries.audit_list import AuditEvent, AuditFilter, find_page
from backend.storage.queries.users import User
from backend.storage.work import run_query

_PAGE = 1000  # events per batch

Items = Iterable[dict[str, Any]]


def export(database: Database, user: User, now: datetime) -> Generator[bytes, None, None]:
    """Stream what is stored about a user, without secrets: no hash, digest or mail body.

    Builds the zip while it is sent, so that little of it is in memory.
    """
    out = _ZipBuffer()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, load in _FILES.items():
            yield from _write_entry(archive, out, name, [_query(database, load, user)], now)
        yield from _write_entry(archive, out, "events", _load_events(database, user), now)
    yield out.take()


def _query(database: Database, load: Callable[[Db, User], Items], user: User) -> Items:
    return run_query(database, lambda db: load(db, user))


class _ZipBuffer(RawIOBase):
    """A write-only file whose content is taken away as it grows."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        """Return what was written since the last call."""
        taken, self._written = bytes(self._written), bytearray()
        return taken


def _write_entry(
    archive: ZipFile, out: _ZipBuffer, name: str, pages: Iterable[Items], now: datetime
) -> Iterator[bytes]:
    entry = ZipInfo(f"{name}.json", now.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    with archive.open(entry, "w") as file:
        separator = b"[\n"
        for page in pages:
            for item in page:
                file.write(
                    separator + json.dumps(item, ensure_ascii=False, default=_to_json).encode()
                )
                separator = b",\n"
            if piece := out.take():
                yield piece
        file.write(b"\n]\n" if separator == b",\n" else b"[\n]\n")


def _load_profile(db: Db, user: User) -> Items:
    profile = UserOut.of(user).model_dump(mode="json", by_alias=True)
    has_password = users.find_password_hash(db, user.id) is not None
    return [profile | {"hasPassword": has_password}]


def _load_sessions(db: Db, user: User) -> Items:
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


def _load_links(db: Db, user: User) -> Items:
    return [
        {
            "kind": each.kind,
            "email": each.email,
            "createdAt": each.created_at,
            "expiresAt": each.expires_at,
            "usedAt": each.used_at,
        }
        for each in links.list_for_user(db, user.id, user.email)
    ]


def _load_mails(db: Db, user: User) -> Items:
    return [
        {
            "kind": each.kind,
            "to": each.recipient,
            "messageId": each.message_id,
            "state": each.state,
            "createdAt": each.created_at,
            "sentAt": each.sent_at,
        }
        for each in outbox.list_by_recipient(db, user.email)
    ]


def _load_pictures(db: Db, user: User) -> Items:
    picture = pictures.find_for_user(db, user.id)
    if picture is None:
        return []
    content = b64encode(picture.content).decode()
    return [{"mediaType": picture.media_type, "sha256": picture.digest, "base64": content}]


def _load_second_factors(db: Db, user: User) -> Items:
    factors = two_factors.find(db, user.id)
    if factors is None:
        return []
    return [
        {
            "enabled": user.two_factor_enabled,
            "authenticatorApp": factors.has_totp,
            "codesByMail": factors.mail_codes,
            "since": factors.created_at,
            "backupCodesLeft": two_factors.count_backup_codes(db, user.id),
            "wrongCodesInARow": factors.failed_attempts,
            "lockedUntil": factors.locked_until,
        }
    ]


def _load_passkeys(db: Db, user: User) -> Items:
    return [
        {
            "id": each.id,
            "name": each.name,
            "domain": each.rp_id,
            "credentialID": urlsafe_b64encode(each.credential_id).decode().rstrip("="),
            "publicKey": b64encode(each.public_key).decode(),
            "signatures": each.sign_count,
            "deviceType": each.device_type,
            "backedUp": each.backed_up,
            "transports": each.transports,
            "model": each.aaguid,
            "createdAt": each.created_at,
            "lastUsedAt": each.last_used_at,
        }
        for each in passkeys.list_for_user(db, user.id)
    ]


def _load_accounts(db: Db, user: User) -> Items:
    """Load the accounts at providers, without the tokens that these gave us."""
    return [
        {
            "id": each.id,
            "provider": each.provider_id,
            "issuer": each.issuer,
            "accountId": each.account_id,
            "scopes": each.scopes.split(),
            "createdAt": each.created_at,
            "updatedAt": each.updated_at,
            "accessTokenExpiresAt": each.access_token_expires_at,
            "refreshTokenExpiresAt": each.refresh_token_expires_at,
        }
        for each in accounts.list_for_user(db, user.id)
    ]


def _load_begun_links(db: Db, user: User) -> Items:
    """Load the accounts that the user is about to link, and is at the provider for."""
    return [
        {"id": each.id, "provider": each.provider_id, "expiresAt": each.expires_at}
        for each in oauth_states.list_for_user(db, user.id)
    ]


def _load_trusted_browsers(db: Db, user: User) -> Items:
    return [
        {
            "id": each.id,
            "createdAt": each.created_at,
            "expiresAt": each.expires_at,
            "ipAddress": each.ip_address,
            "userAgent": each.user_agent,
        }
        for each in trusted_browsers.list_all(db, user.id)
    ]


def _load_begun_sign_ins(db: Db, user: User) -> Items:
    return [
        {
            "id": each.id,
            "method": each.method,
            "provider": each.provider_id,
            "createdAt": each.created_at,
            "expiresAt": each.expires_at,
            "codesTried": each.attempts,
        }
        for each in sign_in_challenges.list_for_user(db, user.id)
    ]


def _load_mailed_codes(db: Db, user: User) -> Items:
    return [
        {"for": each.kind, "expiresAt": each.expires_at, "attempts": each.attempts}
        for each in one_time_codes.list_for_user(db, user.id)
    ]


_FILES: Mapping[str, Callable[[Db, User], Items]] = {
    "profile": _load_profile,
    "sessions": _load_sessions,
    "links": _load_links,
    "mails": _load_mails,
    "pictures": _load_pictures,
    "second-factors": _load_second_factors,
    "passkeys": _load_passkeys,
    "accounts": _load_accounts,
    "begun-links": _load_begun_links,
    "trusted-browsers": _load_trusted_browsers,
    "begun-sign-ins": _load_begun_sign_ins,
    "mailed-codes": _load_mailed_codes,
}


def _load_events(database: Database, user: User) -> Iterator[Items]:
    query: AuditFilter | None = AuditFilter(user_id=user.id)
    while query is not None:
        page = run_query(database, partial(find_page, filters=query, limit=_PAGE))
        yield [_render_event(each, user) for each in page]
        query = replace(query, before=page[-1].id) if page else None


def _render_event(event: AuditEvent, user: User) -> dict[str, Any]:
    actor_id = event.impersonated_by or event.actor_id
    by_you = actor_id == user.id
    # An admin's action is data about the user; the admin's own address is not.
    shows_client = by_you or actor_id is None
    return {
        "id": event.id,
        "at": event.at,
        "kind": event.kind,
        "byYou": by_you,
        "aboutYou": event.subject_id == user.id,
        "ipAddress": event.ip_address if shows_client else None,
        "userAgent": event.user_agent if shows_client else None,
        "detail": event.detail,
    }


def _to_json(value: Any) -> str:
    return format_timestamp(value) if isinstance(value, datetime) else str(value)
