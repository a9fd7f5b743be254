"""The latest log lines of this process, for admins to read beside the audit trail.

The log proper goes to stderr, where a platform keeps it or does not; this is what can be looked at
without access to the platform.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_LINES, _CHARACTERS = 2000, 1_000_000  # together about 2 MB at most
_LONGEST = 8000  # characters of one text, such as a traceback
_ITS_OWN = frozenset(("timestamp", "level", "event", "request_id"))

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    at: datetime
    level: str
    event: str
    request_id: str | None
    fields: dict[str, Value]
    size: int


class LogRing:
    """Keeps the latest lines: bounded in their number and, together, in their characters."""

    def __init__(self, lines: int = _LINES, characters: int = _CHARACTERS) -> None:
        self._most_lines = lines
        self._most_characters = characters
        self._lines: deque[Line] = deque()
        self._characters = 0
        self._lock = threading.Lock()
        self.catch_up: Callable[[], None] = lambda: None
        """Has the lines kept that were said and are on their way here."""

    def keep(self, _: Any, __: str, said: dict[str, Any]) -> dict[str, Any]:
        """Keep a line and pass it on: a structlog processor."""
        line = _line(said)
        with self._lock:
            self._lines.append(line)
            self._characters += line.size
            while len(self._lines) > self._most_lines or self._characters > self._most_characters:
                self._characters -= self._lines.popleft().size
        return said

    def latest(
        self, limit: int, *, level: str = "debug", request_id: str | None = None
    ) -> list[Line]:
        """Return lines of at least this level, of one request if it is named, newest first."""
        self.catch_up()
        with self._lock:
            lines = list(self._lines)
        names = logging.getLevelNamesMapping()
        least = names[level.upper()]
        wanted = [
            line
            for line in reversed(lines)
            if names.get(line.level.upper(), least) >= least
            and (request_id is None or line.request_id == request_id)
        ]
        return wanted[:limit]


def _line(said: Mapping[str, Any]) -> Line:
    fields = {name: _short(value) for name, value in said.items() if name not in _ITS_OWN}
    event = str(_short(str(said.get("event", ""))))
    request_id = said.get("request_id")
    texts = [*fields, event, *(value for value in fields.values() if isinstance(value, str))]
    return Line(
        at=datetime.fromisoformat(said["timestamp"]),
        level=said["level"],
        event=event,
        request_id=str(request_id) if request_id else None,  # the server itself has none
        fields=fields,
        size=sum(map(len, texts)),
    )


def _short(value: Any) -> Value:
    if isinstance(value, int | float | bool | None):
        return value
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


LOG_RING = LogRing()
"""The lines of this process: as the log, there is one of them, set up once."""
