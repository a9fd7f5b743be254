"""What every way of starting has in common: settings, logs, a greeting, errors in plain words."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from backend.kernel.settings import Settings, SettingsError, load_settings
from backend.web import logs


def start_settings() -> Settings:
    """Read the settings and set up the log; raises SettingsError."""
    settings = load_settings()
    logs.configure(settings)
    return settings


@contextmanager
def plain_errors(cannot: str = "start") -> Iterator[None]:
    """Turn an operator's mistake into one line per problem and exit code 1; never a traceback."""
    try:
        yield
    except SettingsError as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"Gatehouse cannot {cannot}: {line}\n")
        sys.exit(1)


def announce(settings: Settings) -> None:
    """Say where everything is."""
    base = settings.base_url
    data = "PostgreSQL" if settings.database_url else f"SQLite in {settings.data_dir.resolve()}"
    lines = [f"Gatehouse is at    {base}"]
    lines += [f"  the panel         {base}/admin/"] if settings.panel else []
    lines += [f"  the API docs      {base}/docs"] if settings.docs else []
    lines += [f"  the data          {data}"]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
