"""Settings: valid environments, and the one-line error for each invalid one."""

import re
from pathlib import Path

import pytest

from backend.kernel.settings import Settings, SettingsError, load_settings
from tests.make import KEY, ExplicitSettings, make_settings

B = "https://b.example"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting in the environment, and no .env."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def refusal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """The error for this environment."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    return str(error.value)


def test_with_nothing_said_it_is_development_on_localhost():
    settings = load_settings()
    assert settings.environment == "development"
    assert settings.base_url == "http://localhost:7860"
    assert (settings.docs, settings.log_format, settings.secure_cookies) == (True, "text", False)


def test_the_defaults_are_the_ones_in_writing():
    settings = load_settings()
    assert (settings.host, settings.port, settings.data_dir) == ("0.0.0.0", 7860, Path("data"))  # noqa: S104
    assert (settings.session_lifetime, settings.session_refresh_after) == (604_800, 86_400)
    assert (settings.session_fresh_for, settings.session_max_age) == (86_400, 2_592_000)
    assert (settings.password_min, settings.password_max, settings.strict) == (8, 128, True)
    assert (settings.bcrypt_rounds, settings.hash_nice, settings.hash_queue) == (12, 19, 32)
    assert (settings.rate_limits, settings.rate_limit_per_user) == (True, "10/minute")
    assert (settings.body_limit, settings.receive_timeout) == (65_536, 20)


def test_a_space_is_production_over_https(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "ada/gatehouse")
    monkeypatch.setenv("SPACE_HOST", "ada-gatehouse.hf.space,ada-gatehouse.static.hf.space")
    settings = load_settings()
    assert settings.production
    assert settings.base_url == "https://ada-gatehouse.hf.space"
    assert (settings.docs, settings.log_format, settings.secure_cookies) == (False, "json", True)
    assert settings.own_origins == (
        "https://ada-gatehouse.hf.space",
        "https://ada-gatehouse.static.hf.space",
    )


def test_a_space_may_be_told_to_be_development(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "ada/gatehouse")
    monkeypatch.setenv("ENVIRONMENT", "development")
    assert not load_settings().production


@pytest.mark.parametrize("value", ["on", "ON", "true", "1", "yes"])
def test_a_switch_is_turned_on_in_many_words(monkeypatch, value):
    monkeypatch.setenv("DOCS", value)
    monkeypatch.setenv("ENVIRONMENT", "Production")
    assert load_settings().docs is True


def test_what_is_empty_is_not_said(monkeypatch):
    for name in ("PORT", "DATABASE_URL", "FRONTEND_URL", "STRICT", "TRUSTED_PROXIES"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert (settings.port, settings.database_url, settings.strict) == (7860, None, True)
    assert "10.0.0.0/8" in settings.trusted_proxies


def test_lists_are_split_at_commas(monkeypatch):
    monkeypatch.setenv("FRONTEND_URL", " https://a.example , https://*.b.example,")
    monkeypatch.setenv("SECRET_KEYS_OLD", "one, two")
    settings = load_settings()
    assert settings.frontend_url == ("https://a.example", "https://*.b.example")
    assert [key.reveal() for key in settings.secret_keys_old] == ["one", "two", "one, two"]


PASTED = [
    ("PUBLIC_URL", "https://auth.example.com\n", "https://auth.example.com"),
    ("PUBLIC_URL", " \u200bHTTPS://Auth.Example.COM:443/ ", "https://auth.example.com"),
    ("PUBLIC_URL", '"https://auth.example.com"', "https://auth.example.com"),
    ("PUBLIC_URL", "\u201chttps://auth.example.com\u201d", "https://auth.example.com"),
    ("PUBLIC_URL", "PUBLIC_URL=https://auth.example.com", "https://auth.example.com"),
    ("PUBLIC_URL", "https://b\u00fccher.example", "https://xn--bcher-kva.example"),
    ("PUBLIC_URL", "https://stra\u00dfe.example.", "https://xn--strae-oqa.example"),
    ("PUBLIC_URL", "http://[::1]:7860", "http://[::1]:7860"),
    ("FRONTEND_URL", '"https://a.example", "https://b.example"', ("https://a.example", B)),
    ("FRONTEND_URL", "https://a.example;\thttps://b.example\n", ("https://a.example", B)),
    ("FRONTEND_URL", "HTTPS://*.B\u00fccher.Example:443", ("https://*.xn--bcher-kva.example",)),
    ("FRONTEND_URL", "http://localhost:*,*.Example.com", ("http://localhost:*", "*.example.com")),
    ("FRONTEND_URL", "MyApp://,exp://10.0.0.5:8081/--/", ("myapp://", "exp://10.0.0.5:8081/--/")),
    ("TRUSTED_PROXIES", "10.0.0.1 '10.0.0.2'", ("10.0.0.1", "10.0.0.2")),
    ("ADMIN_EMAIL", "'owner@example.com' ", "owner@example.com"),
    ("RATE_LIMIT_PER_USER", "10 per Minute", "10 per minute"),
    ("HOST", "[::1]", "::1"),
    ("PORT", " '8000'\r\n", 8000),
    ("STRICT", '"Off"', False),
    ("APP_NAME", 'Ada\'s "notes"', 'Ada\'s "notes"'),
    ("APP_NAME", '"a" and "b"', '"a" and "b"'),
    ("DATA_DIR", "~/gatehouse", Path.home() / "gatehouse"),
]


@pytest.mark.parametrize(("name", "pasted", "meant"), PASTED)
def test_a_value_is_what_was_meant_by_what_was_pasted(monkeypatch, name, pasted, meant):
    monkeypatch.setenv("ADMIN_PASSWORD", "korrekt pferd")
    monkeypatch.setenv("ADMIN_EMAIL", "owner@example.com")
    monkeypatch.setenv(name, pasted)
    assert getattr(load_settings(), name.lower()) == meant


def test_a_value_of_whitespace_is_no_value(monkeypatch):
    for name in ("PORT", "DATABASE_URL", "PUBLIC_URL", "STRICT"):
        monkeypatch.setenv(name, " \n")
    settings = load_settings()
    assert (settings.port, settings.database_url, settings.public_url) == (7860, None, "")
    assert settings.strict is True


@pytest.mark.parametrize("name", ["SECRET_KEY", "REDIS_URL", "SMTP_URL", "DATABASE_URL"])
def test_a_secret_is_taken_without_the_newline_that_was_copied_with_it(monkeypatch, name):
    value = "rediss://localhost:6379/0"
    monkeypatch.setenv(name, f"{value}\n")
    assert getattr(load_settings(), name.lower()).reveal() == value


def test_a_key_that_signed_as_it_was_pasted_still_verifies(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", f'"{KEY}"\n')
    monkeypatch.setenv("SECRET_KEYS_OLD", "older")
    settings = load_settings()
    assert settings.secret_key.reveal() == KEY
    assert [key.reveal() for key in settings.secret_keys_old] == ["older", f'"{KEY}"\n']


def test_an_old_key_may_have_a_comma_in_it(monkeypatch):
    monkeypatch.setenv("SECRET_KEYS_OLD", "with, comma")
    keys = {key.reveal() for key in load_settings().secret_keys_old}
    assert keys == {"with", "comma", "with, comma"}


def test_a_pattern_for_every_site_is_for_development_only(monkeypatch):
    monkeypatch.setenv("FRONTEND_URL", "https://*")
    assert load_settings().frontends == ("https://*",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_dot_env_may_be_from_windows(tmp_path, encoding):
    (tmp_path / ".env").write_text("APP_NAME=Caf\u00e9\r\n", encoding=encoding)
    assert load_settings().app_name == "Caf\u00e9"


@pytest.mark.parametrize(
    ("content", "beginning"),
    [
        ("APP_NAME=Caf\u00e9".encode("latin-1"), ".env is not text in UTF-8"),
        ("PORT=8000".encode("utf-16-le"), ".env is not text in UTF-8"),
        (b'PORT=8000\n\n\nSECRET_KEY="torn\nSTRICT=off\n', ".env: line 4 is not NAME=value"),
        (b"# a note\nPORT 8000 is ours\n", ".env: line 2 is not NAME=value"),
    ],
)
def test_a_dot_env_that_would_be_read_in_part_is_refused(tmp_path, content, beginning):
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(SettingsError, match=re.escape(beginning)):
        load_settings()


def test_a_dot_env_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / ".env").mkdir()
    with pytest.raises(SettingsError, match=r"\.env cannot be read: Is a directory"):
        load_settings()


def test_a_dot_env_is_read(tmp_path):
    (tmp_path / ".env").write_text("PORT=8000\nUNKNOWN=fine\n")
    assert load_settings().port == 8000


def test_the_environment_wins_over_dot_env(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("PORT=8000\n")
    monkeypatch.setenv("PORT", "9000")
    assert load_settings().port == 9000


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1


@pytest.mark.parametrize(
    ("public_url", "given", "domain"),
    [
        ("https://auth.example.com", "example.com", "example.com"),
        ("https://auth.example.com", ".Example.COM.", "example.com"),
        ("https://auth.example.com", "auth.example.com", "auth.example.com"),
        ("https://a.b.example.co.uk", "example.co.uk", "example.co.uk"),
        ("https://ada-auth.hf.space", "ada-auth.hf.space", "ada-auth.hf.space"),
        ("https://auth.b\u00fccher.example", "b\u00fccher.example", "xn--bcher-kva.example"),
    ],
)
def test_cookies_may_be_of_a_domain_of_ones_own(tmp_path, public_url, given, domain):
    settings = make_settings(tmp_path, public_url=public_url, cookie_domain=given)
    assert settings.cookie_domain == domain


REFUSED = [
    ({"PORT": "door"}, "PORT: "),
    ({"PORT": "65536"}, "PORT: "),
    ({"PORT": "-1"}, "PORT: "),
    ({"ENVIRONMENT": "staging"}, "ENVIRONMENT: "),
    ({"COOKIE_SECURE": "maybe"}, "COOKIE_SECURE: "),
    ({"COOKIE_DOMAIN": "localhost"}, "COOKIE_DOMAIN: must be a domain such as example.com, and 'l"),
    ({"COOKIE_DOMAIN": "203.0.113.7"}, "COOKIE_DOMAIN: must be a domain such as example.com"),
    ({"COOKIE_DOMAIN": "[2001:db8::1]"}, "COOKIE_DOMAIN: must be a domain such as example.com"),
    ({"COOKIE_DOMAIN": "2001:db8::1"}, "COOKIE_DOMAIN: must be a domain such as example.com"),
    ({"COOKIE_DOMAIN": "https://example.com"}, "COOKIE_DOMAIN: must be a domain such as exampl"),
    ({"COOKIE_DOMAIN": "a b.example"}, "COOKIE_DOMAIN: must be a domain such as example.com"),
    ({"COOKIE_DOMAIN": "x.example; Path=/a"}, "COOKIE_DOMAIN: must be a domain such as example"),
    ({"COOKIE_DOMAIN": "com"}, "COOKIE_DOMAIN: must be a domain such as example.com, and 'com'"),
    (
        {"PUBLIC_URL": "https://auth.example.com", "COOKIE_DOMAIN": "example.org"},
        "COOKIE_DOMAIN must be PUBLIC_URL's host or a parent of it; auth.example.com is not part",
    ),
    (
        {"PUBLIC_URL": "https://auth.example.com", "COOKIE_DOMAIN": "ple.com"},
        "COOKIE_DOMAIN must be PUBLIC_URL's host or a parent of it",
    ),
    (
        {"PUBLIC_URL": "https://example.com", "COOKIE_DOMAIN": "auth.example.com"},
        "COOKIE_DOMAIN must be PUBLIC_URL's host or a parent of it",
    ),
    ({"COOKIE_DOMAIN": "example.com"}, "COOKIE_DOMAIN must be PUBLIC_URL's host or a parent of it"),
    *(
        (
            {"PUBLIC_URL": f"https://auth.{suffix}", "COOKIE_DOMAIN": suffix},
            f"COOKIE_DOMAIN would send your users' sessions to every site below {suffix}, which ",
        )
        for suffix in ("hf.space", "vercel.app", "co.uk", "github.io", "xn--55qx5d.cn", "pages.dev")
    ),
    ({"LOG_LEVEL": "loud"}, "LOG_LEVEL: "),
    ({"LOG_FORMAT": "xml"}, "LOG_FORMAT: "),
    ({"STRICT": "perhaps"}, "STRICT: "),
    ({"PUBLIC_URL": "auth.example.com"}, "PUBLIC_URL: must be a web address such as "),
    ({"PUBLIC_URL": "ftp://auth.example.com"}, "PUBLIC_URL: must be a web address such as "),
    ({"PUBLIC_URL": "https://"}, "PUBLIC_URL: must be a web address such as "),
    ({"PUBLIC_URL": "https:/auth.example.com"}, "PUBLIC_URL: must be a web address such as "),
    ({"PUBLIC_URL": "https://a b.example"}, "PUBLIC_URL: 'a b.example' is not a host"),
    ({"PUBLIC_URL": "https://a..example"}, "PUBLIC_URL: 'a..example' is not a host"),
    ({"PUBLIC_URL": "http://[::g]"}, "PUBLIC_URL: '[::g]' is not a host"),
    ({"PUBLIC_URL": "https://a.example:99999"}, "PUBLIC_URL: '99999' is not a port between 1 and"),
    ({"PUBLIC_URL": "https://a.example:"}, "PUBLIC_URL: '' is not a port between 1 and"),
    ({"PUBLIC_URL": "https://ada:canary@a.example"}, "PUBLIC_URL: must not contain a user or"),
    ({"PUBLIC_URL": "https://a.example/api/auth"}, "PUBLIC_URL: must end after the host; write h"),
    ({"PUBLIC_URL": "https://a.example?x=1"}, "PUBLIC_URL: must end after the host; write https:"),
    ({"SESSION_LIFETIME": "0"}, "SESSION_LIFETIME: must be at least 1"),
    ({"SESSION_LIFETIME": "7d"}, "SESSION_LIFETIME: must be a whole number"),
    ({"SESSION_MAX_AGE": "0"}, "SESSION_MAX_AGE: "),
    ({"SESSION_LIFETIME": "3153600001"}, "SESSION_LIFETIME: "),
    ({"SESSION_MAX_AGE": "9" * 20}, "SESSION_MAX_AGE: "),
    ({"SESSION_FRESH_FOR": "9" * 20}, "SESSION_FRESH_FOR: "),
    ({"RESET_LINK_LIFETIME": "9" * 20}, "RESET_LINK_LIFETIME: "),
    ({"VERIFICATION_LINK_LIFETIME": "9" * 20}, "VERIFICATION_LINK_LIFETIME: "),
    ({"AUDIT_RETENTION_DAYS": "36501"}, "AUDIT_RETENTION_DAYS: "),
    ({"RECEIVE_TIMEOUT": "inf"}, "RECEIVE_TIMEOUT: "),
    ({"SESSION_REFRESH_AFTER": "-1"}, "SESSION_REFRESH_AFTER: "),
    ({"SESSION_FRESH_FOR": "-1"}, "SESSION_FRESH_FOR: "),
    ({"SESSION_CACHE_SIZE": "-1"}, "SESSION_CACHE_SIZE: "),
    ({"PASSWORD_MIN": "0"}, "PASSWORD_MIN: "),
    ({"PASSWORD_MAX": "7"}, "PASSWORD_MAX: "),
    ({"PASSWORD_MIN": "200"}, "PASSWORD_MIN is larger than PASSWORD_MAX"),
    ({"BCRYPT_ROUNDS": "3"}, "BCRYPT_ROUNDS: "),
    ({"BCRYPT_ROUNDS": "21"}, "BCRYPT_ROUNDS: "),
    ({"ENVIRONMENT": "production", "BCRYPT_ROUNDS": "9"}, "BCRYPT_ROUNDS below 10 is too weak"),
    ({"HASH_THREADS": "0"}, "HASH_THREADS: "),
    ({"HASH_NICE": "20"}, "HASH_NICE: "),
    ({"HASH_QUEUE": "0"}, "HASH_QUEUE: "),
    ({"RATE_LIMIT_PER_USER": "many"}, "RATE_LIMIT_PER_USER: must be a rate such as 10/minute"),
    ({"RATE_LIMIT_PER_USER": "0/minute"}, "RATE_LIMIT_PER_USER: must be a rate such as 10/minute"),
    ({"RATE_LIMIT_PER_USER": "10"}, "RATE_LIMIT_PER_USER: must be a rate such as 10/minute"),
    ({"RATE_LIMIT_PER_USER": "1/99999999 days"}, "RATE_LIMIT_PER_USER: must be a rate such as "),
    ({"REDIS_URL": "localhost:6379"}, "REDIS_URL: must be a Redis URL"),
    ({"REDIS_URL": "redis://localhost:99999"}, "REDIS_URL: must be a Redis URL"),
    ({"REDIS_URL": "redis://localhost/zero"}, "REDIS_URL: must be a Redis URL"),
    ({"REDIS_URL": "redis://:pass#word@localhost"}, "REDIS_URL: must be a Redis URL"),
    ({"CPU_CORES": "inf"}, "CPU_CORES: must be at most 1000"),
    ({"HASH_THREADS": "999999999"}, "HASH_THREADS: must be at most 1000"),
    ({"MAIL_SUBJECTS": "reset"}, "MAIL_SUBJECTS: must be JSON such as "),
    ({"MAIL_SUBJECTS": "[]"}, "MAIL_SUBJECTS: must be JSON such as "),
    ({"MAIL_SUBJECTS": '{"rest": "x"}'}, "MAIL_SUBJECTS: must be 'verify', "),
    ({"MAIL_FROM": "a@b.co\r\nBcc: c@d.co"}, "MAIL_FROM: has a line break or another control"),
    ({"APP_NAME": "two\nlines"}, "APP_NAME: has a line break or another control character"),
    ({"FRONTEND_PROXY_KEY": "two\nlines"}, "FRONTEND_PROXY_KEY: has a line break or another"),
    ({"BODY_LIMIT": "1023"}, "BODY_LIMIT: "),
    ({"RECEIVE_TIMEOUT": "0"}, "RECEIVE_TIMEOUT: "),
    (
        {"TRUSTED_PROXIES": "10.0.0.0/8,proxy"},
        "TRUSTED_PROXIES: 'proxy' is not an address or network",
    ),
    ({"TRUSTED_PROXIES": "10.0.0.0/33"}, "TRUSTED_PROXIES: '10.0.0.0/33' is not an address or "),
    ({"FRONTEND_URL": "app.example.com"}, "FRONTEND_URL: 'app.example.com' has no scheme; "),
    ({"FRONTEND_URL": "https://a.example/login"}, "FRONTEND_URL: 'https://a.example/login' has a "),
    ({"FRONTEND_URL": "https://a.example/*"}, "FRONTEND_URL: 'https://a.example/*' has a path, "),
    ({"FRONTEND_URL": "https://a.example?x=1"}, "FRONTEND_URL: 'a.example?x=1' is not a host"),
    ({"FRONTEND_URL": "https://a.example:0"}, "FRONTEND_URL: '0' is not a port between 1 and"),
    ({"FRONTEND_URL": "https://ada:canary@a.example"}, "FRONTEND_URL: must not contain a user or"),
    ({"FRONTEND_URL": "javascript://a.example"}, "FRONTEND_URL: 'javascript://a.example' is not "),
    ({"FRONTEND_URL": "*", "ENVIRONMENT": "production"}, "FRONTEND_URL trusts every site with "),
    ({"FRONTEND_URL": "exp://**", "SPACE_ID": "ada/x"}, "FRONTEND_URL trusts every site with "),
    ({"ADMIN_EMAIL": "a@b.co"}, "ADMIN_EMAIL and ADMIN_PASSWORD go together"),
    ({"ADMIN_PASSWORD": "long enough"}, "ADMIN_EMAIL and ADMIN_PASSWORD go together"),
    ({"SNAPSHOT_DIR": "x", "DATABASE_URL": "postgres://h/d"}, "SNAPSHOT_DIR is for SQLite only"),
    ({"APP_NAME": "x" * 61}, "APP_NAME: "),
]


@pytest.mark.parametrize(
    ("environment", "beginning"), REFUSED, ids=[str(environment) for environment, _ in REFUSED]
)
def test_what_cannot_work_is_refused_in_one_plain_line(monkeypatch, environment, beginning):
    message = refusal(monkeypatch, **environment)
    assert message.startswith(beginning)
    assert len(message.splitlines()) == 1


def test_each_mistake_has_its_line(monkeypatch):
    message = refusal(monkeypatch, PORT="door", HASH_QUEUE="0", ENVIRONMENT="production")
    assert [line.partition(":")[0] for line in message.splitlines()] == ["PORT", "HASH_QUEUE"]


def test_a_wrong_environment_is_one_mistake_not_three(monkeypatch):
    assert len(refusal(monkeypatch, ENVIRONMENT="staging").splitlines()) == 1


def test_a_refusal_does_not_repeat_a_secret(monkeypatch):
    message = refusal(monkeypatch, ADMIN_PASSWORD="canary-secret", REDIS_URL="canary-redis")
    assert "canary" not in message


def test_the_settings_hide_their_secrets(monkeypatch):
    for name in ("SECRET_KEY", "DATABASE_URL", "FRONTEND_PROXY_KEY", "SECRET_KEYS_OLD"):
        monkeypatch.setenv(name, "canary")
    assert "canary" not in repr(load_settings())


@pytest.mark.parametrize(
    ("environment", "secure"),
    [
        ({}, False),
        ({"public_url": "http://a.example"}, False),
        ({"public_url": "https://a.example"}, True),
        ({"cookie_secure": "on"}, True),
        ({"public_url": "https://a.example", "cookie_secure": "off"}, False),
    ],
)
def test_cookies_are_secure_where_the_public_url_is_or_one_says_so(environment, secure):
    assert ExplicitSettings(**environment).secure_cookies is secure


def test_in_development_localhost_is_ours_and_the_usual_frontend_is_trusted():
    assert ExplicitSettings(port=8000).trusted_origins == (
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "http://localhost:3000",
    )


def test_in_production_only_what_was_said_is_trusted():
    settings = ExplicitSettings(
        environment="production",
        public_url="https://auth.example.com/",
        frontend_url="https://app.example.com/,https://*.vercel.app",
    )
    assert settings.trusted_origins == (
        "https://auth.example.com",
        "https://app.example.com",
        "https://*.vercel.app",
    )


def test_the_tests_own_settings_hear_nothing_of_the_environment(monkeypatch):
    monkeypatch.setenv("PORT", "1234")
    monkeypatch.setenv("SECRET_KEY", KEY)
    assert (ExplicitSettings().port, ExplicitSettings().secret_key) == (7860, None)
