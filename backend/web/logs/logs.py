"""How log lines look: JSON in production, readable in development, never with a secret.

Whoever logs only hands the line over. It is made, kept for admins and written in the thread of
standard error (`backend/process/output.py`), so that nothing about the log can make a request wait
or fail.
"""

import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any, NoReturn

import structlog

from backend.kernel.client import Client
from backend.kernel.clock import SystemClock
from backend.kernel.events import Event
from backend.kernel.redaction import Redactor
from backend.kernel.settings import Settings
from backend.process.output import STDERR, Output
from backend.web.logs.log_ring import LOG_RING, LogRing

Line = dict[str, Any]
_UNMADE = 1000  # lines; more are made by whoever says the next one


class LogSink:
    """Takes lines as they are said; makes them, in their order, when they are to be written."""

    def __init__(
        self, output: Output, ring: LogRing, redactor: Redactor, render: Callable[..., str]
    ) -> None:
        self._output, self._ring = output, ring
        self._redactor, self._render = redactor, render
        self._said: deque[Line] = deque()
        self._making = threading.RLock()
        output.before_flush, output.on_dropped = self.make_all, self._tell_lost
        ring.catch_up = self.make_all

    def take(self, said: Line) -> None:
        """Take a line: all that whoever logs has to wait for."""
        self._said.append(said)
        if len(self._said) > _UNMADE:
            self.make_all()
        else:
            self._output.wake()

    def make_all(self) -> None:
        """Make and keep all lines that were said, and give them to the output."""
        with self._making:
            while self._said:
                self._make(self._said.popleft())

    def _make(self, said: Line) -> None:
        try:
            line = {name: self._clean(value) for name, value in said.items()}
            self._ring.keep(None, "", line)
            text = self._render(None, "", line)
        except Exception as error:  # such as a value that cannot be shown as text
            text = f"a log line could not be made: {type(error).__name__}"
        self._output.write(f"{text}\n")

    def _clean(self, value: Any) -> Any:
        if isinstance(value, int | float | bool | None):
            return value
        return self._redactor.redact_secrets_and_emails(
            value if isinstance(value, str) else str(value)
        )

    def _tell_lost(self, lines: int) -> None:
        now = SystemClock().now().timestamp()
        self.take({**_stamped("warning", now), "event": "log_lines_dropped", "lines": lines})


class _Records(logging.Handler):
    """Hands over what libraries log."""

    def __init__(self, sink: LogSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event = record.getMessage()
        except Exception:  # arguments that do not fit the message
            event = str(record.msg)
        said = {"event": event, **_stamped(record.levelname.lower(), record.created)}
        if record.exc_info:
            said["exception"] = logging.Formatter().formatException(record.exc_info)
        self._sink.take(said)


def configure(settings: Settings) -> None:
    """Set up structlog, and the standard library's logging to speak through it."""
    render: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    sink = LogSink(STDERR, LOG_RING, settings.redactor(), render)

    def hand_over(_: Any, __: str, said: MutableMapping[str, Any]) -> NoReturn:
        sink.take(dict(said))
        raise structlog.DropEvent  # from here on it is not structlog's

    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Where it happened, while it happens. The renderers would leave the traceback out, or
            # show the variables of every frame, passwords and cookies among them.
            structlog.processors.format_exc_info,
            hand_over,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Records(sink)], level=max(level, logging.WARNING), force=True)


def log_event(event: Event, client: Client) -> None:
    """Log an event of the audit trail: who by id only, where from, in which request."""
    admin = client.impersonator_of(event.actor)
    structlog.get_logger().info(
        event.kind.value,
        actor=_shown(event.actor),
        subject=_shown(event.subject),
        **({"impersonated_by": str(admin)} if admin else {}),
        address=client.address,
        agent=client.user_agent[:120],
        request_id=client.request_id,
        **{f"detail_{name}": value for name, value in event.detail.items()},
    )


def _stamped(level: str, seconds: float) -> Line:
    at = datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    return {"level": level, "timestamp": at}


def _shown(value: object) -> str | None:
    return None if value is None else str(value)
