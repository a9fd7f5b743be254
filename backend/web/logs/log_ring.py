"""The latest log lines of this process, for admins to read beside the audit trail.

The log itself goes to stderr, where a platform may keep it; this can be read without access to the
platform.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_MAX_LINES, _MAX_CHARACTERS = 2000, 1_000_000  # together about 2 MB at most
_MAX_TEXT_LENGTH = 8000  # characters of one text, such as a traceback
_STANDARD = frozenset(("timestamp", "level", "event", "request_id"))

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log."""

    at: datetime
    level: str
    event: str
    request_id: str | None
    fields: dict[str, Value]
    size: int


class LogRing:
    """Keeps the latest lines, bounded in their number and in their total length."""

    def __init__(self, lines: int = _MAX_LINES, characters: int = _MAX_CHARACTERS) -> None:
        self._max_lines = lines
        self._max_characters = characters
        self._lines: deque[LogLine] = deque()
        self._characters = 0
        self._lock = threading.Lock()
        self.catch_up: Callable[[], None] = lambda: None
        """Renders pending lines, so that they are kept here."""

    def keep(self, _: Any, __: str, event_dict: dict[str, Any]) -> dict[str, Any]:
        """Keep a line and pass it on: a structlog processor."""
        line = _to_line(event_dict)
        with self._lock:
            self._lines.append(line)
            self._characters += line.size
            while len(self._lines) > self._max_lines or self._characters > self._max_characters:
                self._characters -= self._lines.popleft().size
        return event_dict

    def latest(
        self, limit: int, *, level: str = "debug", request_id: str | None = None
    ) -> list[LogLine]:
        """Return lines of at least this level, optionally of one request, newest first."""
        self.catch_up()
        with self._lock:
            lines = list(self._lines)
        names = logging.getLevelNamesMapping()
        minimum = names[level.upper()]
        matching = [
            line
            for line in reversed(lines)
            if names.get(line.level.upper(), minimum) >= minimum
            and (request_id is None or line.request_id == request_id)
        ]
        return matching[:limit]


def _to_line(event_dict: Mapping[str, Any]) -> LogLine:
    fields = {name: _shorten(value) for name, value in event_dict.items() if name not in _STANDARD}
    event = str(_shorten(str(event_dict.get("event", ""))))
    request_id = event_dict.get("request_id")
    texts = [*fields, event, *(value for value in fields.values() if isinstance(value, str))]
    return LogLine(
        at=datetime.fromisoformat(event_dict["timestamp"]),
        level=event_dict["level"],
        event=event,
        request_id=str(request_id) if request_id else None,  # the server itself has none
        fields=fields,
        size=sum(map(len, texts)),
    )


def _shorten(value: Any) -> Value:
    if isinstance(value, int | float | bool | None):
        return value
    text = str(value)
    return text if len(text) <= _MAX_TEXT_LENGTH else f"{text[:_MAX_TEXT_LENGTH]}..."


LOG_RING = LogRing()
"""The lines of this process, which has one log."""
