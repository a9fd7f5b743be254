"""Variables that others left in the environment, and libraries would read."""

import os

import httpx
import pytest

from backend.process.environment import drop_inherited_variables


@pytest.fixture(autouse=True)
def inherited(monkeypatch):
    """An environment of nothing but what a test adds."""
    monkeypatch.setattr(os, "environ", environment := {"PATH": "p"})
    return environment


def names_of(environment):
    return environment.keys() - {"PYTEST_CURRENT_TEST"}


def test_what_is_set_for_other_programs_of_the_database_and_of_gradio_is_removed(inherited):
    inherited |= {"PGHOSTADDR": "192.0.2.1", "PGOPTIONS": "-c x", "GRADIO_SERVER_PORT": "zz"}
    assert drop_inherited_variables() == []
    assert names_of(inherited) == {"PATH"}


def test_a_password_of_the_database_may_come_from_its_own_variable(inherited):
    inherited |= {"PGPASSWORD": "canary", "PGPASSFILE": "file"}
    drop_inherited_variables()
    assert names_of(inherited) == {"PATH", "PGPASSWORD", "PGPASSFILE"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1"),
        ("https_proxy", "nonsense://x"),
        ("NO_PROXY", "[::1"),
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_FILE", "/dev/null"),
        ("SSL_CERT_FILE", __file__),
        ("SSL_CERT_DIR", "/nonexistent"),
    ],
)
def test_what_cannot_be_used_is_removed_and_named(inherited, name, value):
    inherited[name] = value
    assert drop_inherited_variables() == [name]
    assert name not in inherited
    httpx.Client().close()


def test_a_proxy_that_can_be_used_stays(inherited):
    inherited |= {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "localhost,10.0.0.0/8"}
    assert drop_inherited_variables() == []
    assert names_of(inherited) == {"PATH", "HTTPS_PROXY", "NO_PROXY"}
