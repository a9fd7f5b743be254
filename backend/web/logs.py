"""How log lines look: JSON in production, readable in development, never with a secret."""

import logging
import re
import sys
from typing import Any

import structlog

from backend.kernel.client import Client
from backend.kernel.events import Event
from backend.kernel.settings import Settings
from backend.web.log_ring import LATEST

# From the start of a word only: a path may have thousands of characters, each looked at once.
_ADDRESS = re.compile(r"(?<![^\s<>\"'(/@])[^\s<>\"'(/@]+@[^\s<>\"')/@]+")
_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{32,}(?![A-Za-z0-9])(?:\.[\w%+/=-]+)?")


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
    rendered = [structlog.processors.format_exc_info, redact, LATEST.keep, last]
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


def redact(_: Any, __: str, said: dict[str, Any]) -> dict[str, Any]:
    """Blank what looks like a token or an address: a structlog processor.

    No line of ours has one. But a library's error may quote one, and so may a path (ASVS 16.2.5).
    """
    return {
        name: _TOKEN.sub("(token)", _ADDRESS.sub("(address)", value))
        if isinstance(value, str)
        else value
        for name, value in said.items()
    }


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


def _shown(value: object) -> str | None:
    return None if value is None else str(value)
