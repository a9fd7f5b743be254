"""Sets up logging: JSON in production, readable lines in development, always without secrets.

A call of the logger only queues the line. It is rendered, kept for admins and written in the thread
of stderr (`backend/process/output.py`), so logging cannot delay a request or make it fail.
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
from backend.kernel.events import BAN_REASON, Event
from backend.kernel.redaction import Redactor
from backend.kernel.settings import Settings
from backend.process.output import STDERR, Output
from backend.web.logs.log_ring import LOG_RING, LogRing

EventDict = dict[str, Any]
_MAX_PENDING = 1000  # lines; beyond, the thread that logs renders them


class LogSink:
    """Queues lines, and renders them in order when the output is ready to write."""

    def __init__(
        self, output: Output, ring: LogRing, redactor: Redactor, render: Callable[..., str]
    ) -> None:
        self._output, self._ring = output, ring
        self._redactor, self._render = redactor, render
        self._pending: deque[EventDict] = deque()
        self._render_lock = threading.RLock()
        output.before_flush, output.on_dropped = self.render_all, self._report_dropped
        ring.catch_up = self.render_all

    def put(self, event_dict: EventDict) -> None:
        """Queue a line; nothing else delays the thread that logs."""
        self._pending.append(event_dict)
        if len(self._pending) > _MAX_PENDING:
            self.render_all()
        else:
            self._output.wake()

    def render_all(self) -> None:
        """Render and keep all queued lines, and pass them to the output."""
        with self._render_lock:
            while self._pending:
                self._render_line(self._pending.popleft())

    def _render_line(self, event_dict: EventDict) -> None:
        try:
            line = {name: self._clean(value) for name, value in event_dict.items()}
            self._ring.keep(None, "", line)
            text = self._render(None, "", line)
        except Exception as error:  # such as a value whose `str` fails
            text = f"a log line could not be made: {type(error).__name__}"
        self._output.write(f"{text}\n")

    def _clean(self, value: Any) -> Any:
        if isinstance(value, int | float | bool | None):
            return value
        return self._redactor.redact_secrets_and_emails(
            value if isinstance(value, str) else str(value)
        )

    def _report_dropped(self, lines: int) -> None:
        now = SystemClock().now().timestamp()
        self.put({**_base_fields("warning", now), "event": "log_lines_dropped", "lines": lines})


class _Handler(logging.Handler):
    """Queues the lines of libraries, which use the standard library's logging."""

    def __init__(self, sink: LogSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event = record.getMessage()
        except Exception:  # arguments that do not fit the message
            event = str(record.msg)
        event_dict = {"event": event, **_base_fields(record.levelname.lower(), record.created)}
        if record.exc_info:
            event_dict["exception"] = logging.Formatter().formatException(record.exc_info)
        self._sink.put(event_dict)


def configure(settings: Settings) -> None:
    """Set up structlog, and the standard library's logging to use the same sink."""
    render: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    sink = LogSink(STDERR, LOG_RING, settings.redactor(), render)

    def send_to_sink(_: Any, __: str, event_dict: MutableMapping[str, Any]) -> NoReturn:
        sink.put(dict(event_dict))
        raise structlog.DropEvent  # the sink writes it, not structlog

    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # At once, while the exception is being handled. The renderers would omit the traceback
            # or show the variables of every frame, including passwords and cookies.
            structlog.processors.format_exc_info,
            send_to_sink,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Handler(sink)], level=max(level, logging.WARNING), force=True)


def log_event(event: Event, client: Client) -> None:
    """Log an event of the audit trail, with users by id only."""
    admin = client.impersonator_of(event.actor)
    structlog.get_logger().info(
        event.kind.value,
        actor=_to_text(event.actor),
        subject=_to_text(event.subject),
        **({"impersonated_by": str(admin)} if admin else {}),
        address=client.address,
        agent=client.user_agent[:120],
        request_id=client.request_id,
        **{f"detail_{name}": value for name, value in event.detail.items() if name != BAN_REASON},
    )


def _base_fields(level: str, seconds: float) -> EventDict:
    at = datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    return {"level": level, "timestamp": at}


def _to_text(value: object) -> str | None:
    return None if value is None else str(value)
