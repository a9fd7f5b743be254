"""What all entry points share: settings, logging, plain error messages, serving."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from backend.kernel.clock import SystemClock
from backend.kernel.randomness import SystemRandomness
from backend.kernel.settings import Settings, SettingsError, load_settings
from backend.process.cpu_affinity import CpuPinning, LinuxScheduler
from backend.process.environment import drop_inherited_variables
from backend.process.garbage_collection import freeze_gc
from backend.process.output import STDERR, STDOUT, open_missing_streams, redirect_standard_streams
from backend.web.edge.cors import Cors
from backend.web.edge.origins import TrustedOrigins
from backend.web.logs import logs
from backend.web.server.server import serve

log = structlog.get_logger()

_SETUP = "There is no admin yet. Whoever opens this link becomes the first; it works once:"


def start_settings() -> Settings:
    """Read the settings and set up the log; raises SettingsError."""
    open_missing_streams()
    unusable = drop_inherited_variables()
    settings = load_settings()
    logs.configure(settings)
    for name in unusable:
        log.warning("variable_ignored", name=name, reason="it cannot be used")
    return settings


def server_settings() -> Settings:
    """As `start_settings`, for a process that must survive the closing of stdout and stderr."""
    settings = start_settings()
    redirect_standard_streams(settings.redactor().redact_secrets_and_emails)
    return settings


@contextmanager
def plain_errors(cannot: str = "start") -> Iterator[None]:
    """Turn SettingsError into one line per problem and exit code 1, without a traceback."""
    try:
        yield
    except SettingsError as error:
        for line in str(error).splitlines():
            STDERR.write(f"Gatehouse cannot {cannot}: {line}\n")
        sys.exit(1)


def serve_with(app: Any, settings: Settings, setup_url: str | None = None) -> None:
    """Print the URLs, and serve until the process is told to stop."""
    # Not through the log, which hides secrets, and shows its lines to admins later.
    STDOUT.write("\n".join(list_urls(settings, setup_url)) + "\n")
    log_pages_without_passkeys(settings)
    log_unused_provider_settings(settings)
    pinning = CpuPinning(LinuxScheduler(), SystemClock(), SystemRandomness())
    if settings.one_processor:
        pinning.start()
    if not settings.panel:  # else its loading ends with it
        freeze_gc()
    try:
        serve(
            app,
            host=settings.host,
            port=settings.port,
            body_limit=settings.body_limit,
            receive_timeout=settings.receive_timeout,
            trusted_proxies=settings.trusted_proxies,
            cors_headers=Cors(TrustedOrigins(settings.trusted_origins)).response_headers,
        )
    finally:
        pinning.stop()


def log_pages_without_passkeys(settings: Settings) -> None:
    """Say in one line which pages cannot have passkeys, why, and what helps where none can."""
    parties = settings.relying_parties
    if settings.passkeys and not parties.parties:
        fix = (
            "Set PUBLIC_URL or FRONTEND_URL to an https address with a domain, or to one of "
            "localhost; or set PASSKEYS=off."
        )
        log.warning("passkeys_off", reason="; ".join(parties.left_out), fix=fix)
    elif parties.left_out:
        log.info("pages_without_passkeys", pages="; ".join(parties.left_out))


def log_unused_provider_settings(settings: Settings) -> None:
    """Say in one line which settings do nothing because their provider is switched off."""
    unused = settings.unused_provider_settings
    if unused:
        fix = "Add the provider's id to OIDC_PROVIDERS, or unset these."
        log.warning("provider_settings_unused", names=", ".join(unused), fix=fix)


def list_urls(settings: Settings, setup_url: str | None = None) -> list[str]:
    """Return what a start prints: where the server, the panel, the docs and the data are.

    `setup_url` makes the first admin.
    """
    base = settings.base_url
    data = "PostgreSQL" if settings.database_url else f"SQLite in {settings.data_dir.resolve()}"
    lines = [f"Gatehouse is at    {base}"]
    lines += [f"  the panel         {settings.panel_url}"] if settings.panel else []
    lines += [f"  the API docs      {base}/docs"] if settings.docs else []
    lines += [f"  the data          {data}"]
    lines += [_SETUP, f"  {setup_url}"] if setup_url else []
    return lines
