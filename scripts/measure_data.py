"""A large database made for measuring: invented users, their sessions, and an audit trail."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert, text

from backend.storage.db import Db
from backend.storage.tables import audit_events, sessions, users

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 90  # over which everything is spread
SYLLABLES = (
    "an na bert cle o mar ia jo han nes su san pe ter ka rin mo ham med li wei yu ki to ra jes si "
    "ca tho mas el len da vid kim ber ly ros tov ski"
)
DOMAINS = [
    "gmail.com",
    "gmail.com",
    "gmail.com",
    "outlook.com",
    "outlook.com",
    "yahoo.com",
    "proton.me",
    "uni-koeln.de",
]
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

# A hash of the row's number serves as chance: the same data every time.
FILL_USERS = """
INSERT INTO users (id, email, email_verified, name, password_hash, role, banned, ban_reason,
                   created_at, updated_at)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid,
       first || '.' || last || i || '@' || domain, i % 5 <> 0, initcap(first || ' ' || last),
       '$bcrypt-sha256$v=2,t=2b,r=12$' || substr(hash || hash, 1, 53),
       CASE WHEN i % 200000 = 1 THEN 'admin' ELSE 'user' END,
       i % 1000 = 7, CASE WHEN i % 1000 = 7 THEN 'spam' END, at, at
FROM (
    SELECT i, hash, CAST(:began AS timestamptz) + i * (:days * interval '1 day' / :rows) AS at,
           s[1 + get_byte(b, 0) % 40] || s[1 + get_byte(b, 1) % 40] AS first,
           s[1 + get_byte(b, 2) % 40] || s[1 + get_byte(b, 3) % 40] || s[1 + get_byte(b, 4) % 40]
               AS last,
           (ARRAY['gmail.com', 'gmail.com', 'gmail.com', 'outlook.com', 'outlook.com', 'yahoo.com',
                  'proton.me', 'uni-koeln.de'])[1 + get_byte(b, 5) % 8] AS domain
    FROM (SELECT i, md5(i::text) AS hash, decode(md5(i::text), 'hex') AS b,
                 string_to_array(:syllables, ' ') AS s FROM generate_series(1, :rows) AS i) AS drawn
) AS made
"""
FILL_SESSIONS = """
INSERT INTO sessions (id, user_id, session_token, expires_at, created_at, updated_at, ip_address,
                      user_agent, remembered)
SELECT (lpad(to_hex((extract(epoch FROM began) * 1000)::bigint), 12, '0')
        || '7' || substr(md5(id::text), 1, 3) || '8' || substr(md5(id::text), 4, 15))::uuid,
       id, sha256(id::text::bytea), began + interval '7 days', began, began,
       CASE WHEN last % 4 = 0 THEN '2001:db8:0:' || to_hex(last) || '::' || to_hex(middle + 1)
            ELSE '10.' || last % 4 || '.' || last || '.' || middle END, 'Mozilla/5.0', true
FROM (
    SELECT id, get_byte(uuid_send(id), 13) AS last, get_byte(uuid_send(id), 12) AS middle,
           CAST(:began AS timestamptz)
               + (:days - 7 * get_byte(uuid_send(id), 15) / 256.0) * interval '1 day' AS began
    FROM users WHERE get_byte(uuid_send(id), 14) < 77
) AS beginning
"""
FILL_EVENTS = """
INSERT INTO audit_events (id, at, kind, actor_id, subject_id, ip_address, user_agent, request_id,
                          detail)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid,
       at, kind, CASE WHEN kind IN ('sign_in_failed', 'rate_limited') THEN NULL
                      WHEN kind IN ('role_changed', 'user_banned') THEN admin ELSE who END, who,
       '10.' || get_byte(b, 1) % 4 || '.' || get_byte(b, 2) || '.' || get_byte(b, 3),
       'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
       substr(hash, 1, 12) || '-' || to_hex(i), '{"method": "password"}'
FROM (
    SELECT i, hash, b, admin,
           CAST(:began AS timestamptz) + i * (:days * interval '1 day' / :rows) AS at,
           (SELECT ids[1 + (get_byte(b, 4) * 65536 + get_byte(b, 5) * 256 + get_byte(b, 6))
                   % array_length(ids, 1)]) AS who,
           CASE WHEN i % 50000 = 0 THEN 'role_changed' WHEN i % 5000 = 0 THEN 'user_banned'
                WHEN i % 200 = 0 THEN 'rate_limited' WHEN i % 100 < 55 THEN 'sign_in'
                WHEN i % 100 < 70 THEN 'sign_in_failed' WHEN i % 100 < 85 THEN 'sign_out'
                WHEN i % 100 < 91 THEN 'sign_up' WHEN i % 100 < 96 THEN 'user_updated'
                ELSE 'session_revoked' END AS kind
    FROM (SELECT i, md5(i::text) AS hash, decode(md5(i::text), 'hex') AS b
          FROM generate_series(:first, :last) AS i) AS drawn,
         (SELECT array_agg(id) AS ids FROM (SELECT id FROM users LIMIT 100000) AS listed) AS known,
         (SELECT id AS admin FROM users WHERE role = 'admin' ORDER BY id LIMIT 1) AS admins
) AS made
"""


def fill_database(db: Db, people: int, events: int) -> None:
    """Fill an empty database, the same way every time."""
    if db.dialect.name == "postgresql":
        _fill_postgresql(db, people, events)
    else:
        _fill_sqlite(db, people, events)


def _fill_postgresql(db: Db, people: int, events: int) -> None:
    common = {"began": BEGAN, "days": DAYS}
    print(f"filling {people:,} users and their sessions ...")
    db.execute(text(FILL_USERS), {**common, "rows": people, "syllables": SYLLABLES})
    db.execute(text(FILL_SESSIONS), common)
    for first in range(1, events + 1, 1_000_000):
        print(f"filling events from number {first:,} on ...")
        last = min(first + 999_999, events)
        db.execute(text(FILL_EVENTS), {**common, "rows": events, "first": first, "last": last})
    db.execute(text("VACUUM ANALYZE"))


def _fill_sqlite(db: Db, people: int, events: int) -> None:
    known: list[UUID] = []
    _insert(db, users, _users(people, known))
    _insert(db, sessions, _sessions(known))
    _insert(db, audit_events, _events(events, known[:100_000]))


def _insert(db: Db, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    print(f"filling {table.name} ...")
    db.execute(text("BEGIN"))
    while some := list(islice(rows, 10_000)):
        db.execute(insert(table), some)
    db.execute(text("COMMIT"))


def _users(people: int, known: list[UUID]) -> Iterator[dict[str, Any]]:
    syllables = SYLLABLES.split()
    for i in range(1, people + 1):
        drawn, at = _draw(i), _timestamp(i, people)
        first = syllables[drawn[0] % 40] + syllables[drawn[1] % 40]
        last = "".join(syllables[drawn[place] % 40] for place in (2, 3, 4))
        known.append(_id(at, drawn))
        yield {
            "id": known[-1],
            "email": f"{first}.{last}{i}@{DOMAINS[drawn[5] % 8]}",
            "email_verified": i % 5 != 0,
            "name": f"{first.capitalize()} {last.capitalize()}",
            "password_hash": "$bcrypt-sha256$v=2,t=2b,r=12$" + (drawn.hex() * 2)[:53],
            "role": "admin" if i % 200_000 == 1 else "user",
            "banned": i % 1000 == 7,
            "ban_reason": "spam" if i % 1000 == 7 else None,
            "created_at": at,
            "updated_at": at,
        }


def _sessions(known: list[UUID]) -> Iterator[dict[str, Any]]:
    for user_id in known:
        if user_id.bytes[14] < 77:
            at = BEGAN + timedelta(days=DAYS - 7 * user_id.bytes[15] / 256)
            yield {
                "id": _id(at, _draw(user_id)),
                "user_id": user_id,
                "session_token": hashlib.sha256(user_id.bytes).digest(),
                "expires_at": at + timedelta(days=7),
                "created_at": at,
                "updated_at": at,
                "ip_address": _address(user_id.bytes[13], user_id.bytes[12]),
                "user_agent": "Mozilla/5.0",
                "remembered": True,
            }


def _address(last: int, middle: int) -> str:
    if last % 4 == 0:
        return f"2001:db8:0:{last:x}::{middle + 1:x}"
    return f"10.{last % 4}.{last}.{middle}"


def _events(events: int, known: list[UUID]) -> Iterator[dict[str, Any]]:
    for i in range(1, events + 1):
        drawn, at, kind = _draw(i), _timestamp(i, events), _kind(i)
        user_id = known[int.from_bytes(drawn[4:7]) % len(known)]
        yield {
            "id": _id(at, drawn),
            "at": at,
            "kind": kind,
            "actor_id": _actor(kind, user_id, known[0]),
            "subject_id": user_id,
            "ip_address": f"10.{drawn[1] % 4}.{drawn[2]}.{drawn[3]}",
            "user_agent": AGENT,
            "request_id": f"{drawn.hex()[:12]}-{i:x}",
            "detail": {"method": "password"},
        }


def _actor(kind: str, user_id: UUID, admin: UUID) -> UUID | None:
    if kind in {"sign_in_failed", "rate_limited"}:
        return None
    return admin if kind in {"role_changed", "user_banned"} else user_id


def _kind(i: int) -> str:
    for every, kind in ((50_000, "role_changed"), (5_000, "user_banned"), (200, "rate_limited")):
        if i % every == 0:
            return kind
    shares = ((55, "sign_in"), (70, "sign_in_failed"), (85, "sign_out"), (91, "sign_up"))
    for below, kind in (*shares, (96, "user_updated")):
        if i % 100 < below:
            return kind
    return "session_revoked"


def _draw(seed: object) -> bytes:
    return hashlib.sha256(str(seed).encode()).digest()[:16]


def _timestamp(i: int, rows: int) -> datetime:
    return BEGAN + timedelta(days=DAYS) * i / rows


def _id(at: datetime, drawn: bytes) -> UUID:
    return UUID(hex=f"{int(at.timestamp() * 1000):012x}7{drawn.hex()[:3]}8{drawn.hex()[3:18]}")
