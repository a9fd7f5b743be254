"""How log lines look: JSON in production, readable in development, never with a secret."""

import logging
import sys
from typing import Any

import structlog

from backend.kernel.client import Client
from backend.kernel.events import Event
from backend.kernel.settings import Settings


def configure(settings: Settings) -> None:
    """Set up structlog, and the standard library's logging to speak through it."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    # Formatted here, for other people's records too: the renderers would leave the traceback out,
    # or show the variables of every frame, passwords and cookies among them.
    rendered = [structlog.processors.format_exc_info, last]
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*shared, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def log_event(event: Event, client: Client) -> None:
    """Log an event of the audit trail: who by id only, where from, in which request."""
    structlog.get_logger().info(
        event.kind.value,
        actor=_shown(event.actor),
        subject=_shown(event.subject),
        address=client.address,
        agent=client.user_agent[:120],
        request_id=client.request_id,
        **{f"detail_{name}": value for name, value in event.detail.items()},
    )


def _shown(value: object) -> str | None:
    return None if value is None else str(value)
