"""Verified sessions, kept in this process: what makes the session check fast.

It never decides alone whether it may be trusted: `storage/change_feed/feed.py` proves that every
change by another hand reaches this process, and while that is unproven the cache is passed by.
"""

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import TokenDigest
from backend.limits.memory import Window
from backend.storage.queries.sessions import Session
from backend.storage.queries.users import User
from backend.web.responses.responses import Response


@dataclass(slots=True)
class CurrentSession:
    """A session that was found alive: the caller's, for the length of a request or of its entry."""

    session: Session
    user: User
    token: SessionToken
    digest: TokenDigest
    good_until: datetime
    """When the row must be read again: the session then ends or is due to be prolonged."""
    response: Response | None = None
    """What get-session answers, ready, once it was asked for."""
    cookie: str | None = None
    """The cookie's value as the browser shows it; its signature has been checked once."""
    checks: Window = field(default_factory=Window)
    """For the limit per session: what was counted in its present minute."""
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
        """Moves whenever something is forgotten. Note it before reading the row: see `fill`."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, digest: TokenDigest) -> CurrentSession | None:
        """Return the entry, if any; the caller compares `good_until` with its clock."""
        entry = self._entries.get(digest)
        if entry is not None:
            entry.recently_used = True
        return entry

    def get_shown(self, cookie: str) -> CurrentSession | None:
        """Return the entry that was filled with this very cookie: what is the same to the last
        letter needs no second check of its signature, and no digest."""
        entry = self._by_cookie.get(cookie)
        if entry is not None:
            entry.recently_used = True
        return entry

    def fill(self, entry: CurrentSession, generation: int) -> None:
        """Keep a session whose row was read after `generation` was noted.

        Thrown away if anything was forgotten since: the row may have been read just before it was
        deleted, and keeping it would bring a revoked session back to life.
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

    def forget_all_of(self, user_ids: set[UUID]) -> None:
        """Drop the sessions of several users; what each commit is followed by."""
        for user_id in user_ids:
            self.forget(user_id)

    def _evict(self) -> None:
        # Second chance: what was used since it was last looked at goes to the back of the queue.
        while True:
            digest, entry = next(iter(self._entries.items()))
            del self._entries[digest]
            if not entry.recently_used:
                break
            entry.recently_used = False
            self._entries[digest] = entry
        self._by_cookie.pop(entry.cookie or "", None)
        mine = self._by_user[entry.user.id]
        mine.discard(digest)
        if not mine:
            del self._by_user[entry.user.id]

    def _drop(self, digest: TokenDigest) -> None:
        entry = self._entries.pop(digest, None)
        if entry is not None and entry.cookie is not None:
            self._by_cookie.pop(entry.cookie, None)
