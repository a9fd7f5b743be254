"""The Space: the API and the panel on one port, in one process."""

from typing import Any

from backend.kernel.clock import SystemClock
from backend.kernel.randomness import SystemRandomness
from backend.main import create_app
from backend.start import announce, plain_errors, start_settings
from backend.web.server import serve
from panel import beside


def main() -> None:
    """Start the Space from the environment; ends with one clear line where that cannot work."""
    with plain_errors():
        settings = start_settings()
        app: Any = create_app(settings)
        if settings.panel:
            app = beside(app, settings, clock=SystemClock(), randomness=SystemRandomness())
        announce(settings)
        serve(
            app,
            host=settings.host,
            port=settings.port,
            body_limit=settings.body_limit,
            receive_timeout=settings.receive_timeout,
        )


if __name__ == "__main__":
    main()
