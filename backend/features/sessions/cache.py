"""Verified sessions, kept in this process: what makes the session check fast.

The cache is used only while `storage/change_feed/feed.py` proves that every change by another
process reaches this one; otherwise it is bypassed.
"""

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import TokenDigest
from backend.limits.memory import Window
from backend.limits.rules import SESSION_CHECKS, Rule
from backend.storage.queries.sessions import Session
from backend.storage.queries.users import User
from backend.web.responses.responses import Response


@dataclass(slots=True)
class CurrentSession:
    """The caller's live session, for one request or as a cache entry."""

    session: Session
    user: User
    token: SessionToken
    digest: TokenDigest
    valid_until: datetime
    """When the row must be read again: the session then expires or is due for a refresh."""
    response: Response | None = None
    """The rendered response of get-session, built on first use."""
    cookie: str | None = None
    """The cookie's value as received; its signature was checked once."""
    checks: Window = field(default_factory=Window)
    """The current window of the limit per session."""
    limit: Rule = SESSION_CHECKS
    recently_used: bool = True


class SessionCache:
    """A bounded map from token digest to session. Reads take no lock; changes do."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: dict[TokenDigest, CurrentSession] = {}
        self._by_cookie: dict[str, CurrentSession] = {}
        self._by_user: defaultdict[UUID, set[TokenDigest]] = defaultdict(set)
        self._lock = threading.Lock()
        self.generation = 0
        """Incremented by every `forget`. Read it before reading the row: see `fill`."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, digest: TokenDigest) -> CurrentSession | None:
        """Return the entry, if any; the caller compares `valid_until` with its clock."""
        entry = self._entries.get(digest)
        if entry is not None:
            entry.recently_used = True
        return entry

    def get_by_cookie(self, cookie: str) -> CurrentSession | None:
        """Return the entry filled with exactly this cookie value, whose signature and digest need
        no second computation."""
        entry = self._by_cookie.get(cookie)
        if entry is not None:
            entry.recently_used = True
        return entry

    def fill(self, entry: CurrentSession, generation: int) -> None:
        """Store a session whose row was read after `generation`.

        Discarded if anything was forgotten since: the row may have been read just before it was
        deleted, and storing it would revive a revoked session.
        """
        with self._lock:
            if generation != self.generation or self._size == 0:
                return
            if len(self._entries) >= self._size and entry.digest not in self._entries:
                self._evict()
            self._drop(entry.digest)
            self._entries[entry.digest] = entry
            if entry.cookie is not None:
                self._by_cookie[entry.cookie] = entry
            self._by_user[entry.user.id].add(entry.digest)

    def forget(self, user_id: UUID | None) -> None:
        """Drop every session of a user, or with None of everyone."""
        with self._lock:
            self.generation += 1
            if user_id is None:
                self._entries.clear()
                self._by_cookie.clear()
                self._by_user.clear()
                return
            for digest in self._by_user.pop(user_id, ()):
                self._drop(digest)

    def forget_all(self, user_ids: set[UUID]) -> None:
        """Drop the sessions of several users; called after each commit."""
        for user_id in user_ids:
            self.forget(user_id)

    def _evict(self) -> None:
        # Second-chance eviction: an entry used since its last turn moves to the back of the queue.
        while True:
            digest, entry = next(iter(self._entries.items()))
            del self._entries[digest]
            if not entry.recently_used:
                break
            entry.recently_used = False
            self._entries[digest] = entry
        self._by_cookie.pop(entry.cookie or "", None)
        digests = self._by_user[entry.user.id]
        digests.discard(digest)
        if not digests:
            del self._by_user[entry.user.id]

    def _drop(self, digest: TokenDigest) -> None:
        entry = self._entries.pop(digest, None)
        if entry is not None and entry.cookie is not None:
            self._by_cookie.pop(entry.cookie, None)
