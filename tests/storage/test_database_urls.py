"""From the URL an operator pastes to the one for the driver."""

from pathlib import Path

import pytest

from backend.kernel.settings import Settings, SettingsError
from backend.storage.urls import database_url, direct_url
from tests.make import make_settings

NEON = "ep-cool-1-pooler.eu-central-1.aws.neon.tech/neondb"
NEON_DIRECT = "ep-cool-1.eu-central-1.aws.neon.tech"


def build_settings(*, data_dir: Path = Path("data"), **overrides: str) -> Settings:
    return make_settings(data_dir, **overrides)


def parse_database_url(pasted: str) -> str:
    url = database_url(build_settings(database_url=pasted))
    return url.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        (
            f"postgresql://u:p@{NEON}?sslmode=require&channel_binding=require",
            f"postgresql+psycopg2://u:p@{NEON}?channel_binding=require&sslmode=require",
        ),
        (
            f"psql 'postgresql://u:p@{NEON}?sslmode=require'",
            f"postgresql+psycopg2://u:p@{NEON}?sslmode=require",
        ),
        (f"postgres://u:p@{NEON}", f"postgresql+psycopg2://u:p@{NEON}?sslmode=require"),
        ("postgres://u:p@h:5433/d", "postgresql+psycopg2://u:p@h:5433/d"),
        ('  "postgresql://u:p@h/d" ', "postgresql+psycopg2://u:p@h/d"),
        ("DATABASE_URL='postgres://u:p@h/d'", "postgresql+psycopg2://u:p@h/d"),
        ("POSTGRES://u:p@h/d", "postgresql+psycopg2://u:p@h/d"),
        ("postgresql+psycopg2://u:p@h/d", "postgresql+psycopg2://u:p@h/d"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg2://u:p@h/d"),
        ("postgresql://u:p%40s%2Fs@h/d", "postgresql+psycopg2://u:p%40s%2Fs@h/d"),
        ("postgresql://u@[::1]:5432/d", "postgresql+psycopg2://u@[::1]:5432/d"),
        ("postgresql:///d?host=/run/pg", "postgresql+psycopg2:///d?host=%2Frun%2Fpg"),
        (
            "postgres://u:p@h/d?pgbouncer=true&schema=public&connection_limit=5&sslmode=verify-full",
            "postgresql+psycopg2://u:p@h/d?sslmode=verify-full",
        ),
        ("sqlite:///x.db", "sqlite:///x.db"),
        ("sqlite:////var/data/x.db", "sqlite:////var/data/x.db"),
        ("sqlite+aiosqlite:///x.db", "sqlite:///x.db"),
        ("sqlite:///x.db?timeout=3", "sqlite:///x.db"),
    ],
)
def test_what_people_paste_is_understood(pasted, expected):
    assert parse_database_url(pasted) == expected


@pytest.mark.parametrize(
    ("pasted", "expected_message"),
    [
        ("nonsense", "is not a database URL"),
        ("postgresql://", "is not a database URL"),
        ("postgres://u:p@h:port/d", "is not a database URL"),
        ("postgres://u:p%00x@h/d", "must not contain %00"),
        ("http://example.com/d", "is for 'http'"),
        ("mysql://u:p@h/d", "is for 'mysql'"),
        ("postgresql+asyncpg://u:p@h/d", r"is for 'postgresql\+asyncpg'"),
        ("postgres://u:p@ss@h/d", "write %40 instead"),
        ("sqlite://", "in-memory"),
        ("sqlite:///:memory:", "in-memory"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line_without_the_password(pasted, expected_message):
    with pytest.raises(SettingsError, match=expected_message) as refusal:
        parse_database_url(pasted.replace(":p@", ":geheim@"))
    assert str(refusal.value).startswith("DATABASE_URL")
    assert "\n" not in str(refusal.value)
    assert "geheim" not in str(refusal.value)


def test_without_a_url_the_data_are_a_file_in_the_data_folder():
    url = database_url(build_settings(data_dir=Path("/somewhere")))
    assert str(url) == "sqlite:////somewhere/gatehouse.db"


@pytest.mark.parametrize(
    ("pooled", "direct"),
    [
        (f"postgres://u:p@{NEON}", NEON_DIRECT),
        (f"postgres://u:p@{NEON_DIRECT}/neondb", NEON_DIRECT),
        ("postgres://u:p@db-pooler.example.com/d", "db-pooler.example.com"),
    ],
)
def test_the_direct_host_is_derived_for_neon_and_only_for_neon(pooled, direct):
    assert direct_url(build_settings(database_url=pooled)).host == direct


def test_a_direct_url_that_is_set_wins():
    settings = build_settings(
        database_url=f"postgres://u:p@{NEON}", database_url_direct="postgres://h/d"
    )
    assert direct_url(settings).host == "h"


def test_sqlite_has_no_direct_url_even_if_one_is_set():
    assert direct_url(build_settings()) is None
    assert direct_url(build_settings(database_url_direct="postgres://h/d")) is None


def test_a_direct_url_of_another_kind_is_refused():
    settings = build_settings(database_url="postgres://h/d", database_url_direct="sqlite:///x")
    with pytest.raises(SettingsError, match="DATABASE_URL_DIRECT"):
        direct_url(settings)
