"""`python -m backend COMMAND`: the API without the panel, and the owner's commands."""

import argparse

from backend.main import create_app
from backend.start import announce, plain_errors, start_settings
from backend.storage.addresses import database_url, direct_url
from backend.storage.migrate import migrate
from backend.web.server import serve


def main() -> None:
    """Run one command; see `python -m backend --help`."""
    parser = argparse.ArgumentParser("python -m backend", description="Gatehouse without the panel")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve the API alone; run as many of these as you like")
    commands.add_parser("migrate", help="bring the database to the newest step and stop")
    chosen = parser.parse_args().command
    with plain_errors():
        {"serve": _serve, "migrate": _migrate}[chosen]()


def _serve() -> None:
    settings = start_settings().model_copy(update={"panel": False})
    app = create_app(settings)
    announce(settings)
    serve(
        app,
        host=settings.host,
        port=settings.port,
        body_limit=settings.body_limit,
        receive_timeout=settings.receive_timeout,
    )


def _migrate() -> None:
    settings = start_settings()
    migrate(direct_url(settings) or database_url(settings))


if __name__ == "__main__":
    main()
