"""Tells the operator which origins were refused: to the browser it is only a 403."""

import structlog

from backend.kernel.clock import Clock
from backend.kernel.log_limit import LogLimit
from backend.web.edge.origins import TrustedOrigins

_MAX_LENGTH = 200  # characters

log = structlog.get_logger()


def build_origins(patterns: tuple[str, ...], clock: Clock) -> TrustedOrigins:
    """Build the trusted origins, with a log of those that are refused."""
    return TrustedOrigins(patterns, RefusedOrigins(clock, patterns).note)


class RefusedOrigins:
    """Logs each refused origin once a minute, and no more than five of them."""

    def __init__(self, clock: Clock, trusted: tuple[str, ...]) -> None:
        self._clock = clock
        self._trusted = ", ".join(trusted)
        self._limit = LogLimit()

    def note(self, origin: str) -> None:
        """Log an origin that PUBLIC_URL and FRONTEND_URL do not name."""
        if not self._limit.allows(origin, self._clock.monotonic()):
            return
        log.warning(
            "origin_refused",
            origin=origin[:_MAX_LENGTH],
            trusted=self._trusted,
            hint="if it is yours, add it to FRONTEND_URL",
        )
