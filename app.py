"""The Space: the API and the panel on one port, in one process."""

# ruff: noqa: E402
import gc

gc.disable()  # loading leaves no garbage; once all is loaded, `freeze_gc` turns the collector on

from typing import Any

from backend.kernel.clock import SystemClock
from backend.kernel.randomness import SystemRandomness
from backend.main import create_app, open_setup_link
from backend.process.garbage_collection import freeze_gc
from backend.start import plain_errors, serve_with, server_settings
from panel import mount_panel


def main() -> None:
    """Start the Space with the settings of the environment; exits with one line if it cannot."""
    with plain_errors():
        settings = server_settings()
        app: Any = create_app(settings)
        setup_url = None
        if settings.panel:
            setup_url = open_setup_link(app)
            randomness = SystemRandomness()
            app = mount_panel(
                app, settings, clock=SystemClock(), randomness=randomness, on_loaded=freeze_gc
            )
        serve_with(app, settings, setup_url)


if __name__ == "__main__":
    main()
