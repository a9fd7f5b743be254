"""Turns the DATABASE_URL of the operator into a URL for SQLAlchemy and psycopg2."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from backend.kernel.secrets.secret import Secret
from backend.kernel.settings import Settings, SettingsError

_POSTGRES = {"postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"}
_OTHER_CLIENTS = ["pgbouncer", "schema", "connection_limit", "pool_timeout", "statement_cache_size"]


def database_url(settings: Settings) -> URL:
    """Return the URL of the database: DATABASE_URL if it is set, else SQLite in DATA_DIR."""
    if settings.database_url is None:
        return sqlite_url(sqlite_file(settings))
    return _parse("DATABASE_URL", settings.database_url)


def direct_url(settings: Settings) -> URL | None:
    """Return the URL of the PostgreSQL itself, without its pooler; None on SQLite.

    LISTEN and migrations do not work through a transaction pooler. Neon's pooled host is its
    direct host with `-pooler` in the first label, so the direct one is derived from it.
    """
    url = database_url(settings)
    if url.get_backend_name() != "postgresql":
        return None
    if settings.database_url_direct is not None:
        direct = _parse("DATABASE_URL_DIRECT", settings.database_url_direct)
        if direct.get_backend_name() != "postgresql":
            raise SettingsError("DATABASE_URL_DIRECT must be for the PostgreSQL of DATABASE_URL.")
        return direct
    if not _is_neon(url):
        return url
    endpoint, dot, domain = str(url.host).partition(".")
    return url.set(host=endpoint.removesuffix("-pooler") + dot + domain)


def sqlite_file(settings: Settings) -> Path:
    """Return the SQLite file that is used without a DATABASE_URL."""
    return settings.data_dir / "gatehouse.db"


def sqlite_url(file: Path) -> URL:
    """Return the URL of a SQLite file."""
    return URL.create("sqlite", database=str(file))


def _parse(name: str, pasted: Secret) -> URL:
    url = _make_url(name, _strip_command(pasted.reveal()))
    if url.drivername.startswith("sqlite"):
        if not url.database or url.database == ":memory:":
            raise SettingsError(f"{name}: an in-memory SQLite would lose everything; use a file.")
        return sqlite_url(Path(url.database))
    if url.drivername not in _POSTGRES:
        raise SettingsError(
            f"{name} is for {url.drivername!r}; Gatehouse supports PostgreSQL and SQLite. "
            "Use postgresql://…, or unset it for SQLite."
        )
    return _for_psycopg2(url)


def _strip_command(pasted: str) -> str:
    # Operators also paste the psql command of Neon's console.
    text = pasted.removeprefix("psql").strip().strip("'\"")
    scheme, colon, rest = text.partition(":")
    return scheme.lower() + colon + rest


def _make_url(name: str, text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or not (url.host or url.database or url.query or url.drivername == "sqlite"):
        raise SettingsError(
            f"{name} is not a database URL such as postgresql://USER:PASSWORD@HOST/DATABASE."
        ) from None
    if url.port is not None and not 0 < url.port < 65_536:
        raise SettingsError(f"{name}: {url.port} is not a port between 1 and 65535.")
    if "\0" in f"{url.username}{url.password}{url.host}{url.database}":
        raise SettingsError(f"{name}: it must not contain %00.")
    if "@" in (url.host or ""):
        raise SettingsError(
            f"{name}: the password contains an @; write %40 instead (and %2F for /, %3A for :)."
        )
    return url


def _for_psycopg2(url: URL) -> URL:
    url = url.set(drivername="postgresql+psycopg2").difference_update_query(_OTHER_CLIENTS)
    if _is_neon(url) and "sslmode" not in url.query:
        url = url.update_query_dict({"sslmode": "require"})
    return url


def _is_neon(url: URL) -> bool:
    return (url.host or "").endswith(".neon.tech")
