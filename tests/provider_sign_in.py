"""Signing in at the stand-in of a preset, as a browser does it."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from tests import at_provider
from tests.in_process import Gatehouse, Visitor
from tests.rig.preset_providers import PresetProvider, preset_provider

_CLIENT = httpx.Client(follow_redirects=False, timeout=30)


def begin(visitor: Visitor, provider_id: str, **fields: Any) -> str:
    """Begin to sign in; returns the provider's URL."""
    return at_provider.begin(visitor, provider=provider_id, errorCallbackURL="/oops", **fields)


def answer(url: str) -> tuple[str, dict[str, str] | None]:
    """Visit the provider; returns where it sends the browser, and the form that it has posted."""
    response = _CLIENT.get(url)
    if response.status_code == 302:
        return response.headers["location"], None
    action = re.search('action="([^"]*)"', response.text)
    assert action, f"the provider refuses: {response.text}"
    fields = re.findall(r'name="([^"]*)" value="([^"]*)"', response.text)
    return unescape(action[1]), {name: unescape(value) for name, value in fields}


def come_back(visitor: Visitor, url: str, form: dict[str, str] | None) -> httpx.Response:
    """Follow the provider's answer to the end: a form of another site has none of our cookies."""
    if form is None:
        return visitor.get(_path_of(url))
    kept, visitor.cookies = visitor.cookies, {}
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "origin": "https://appleid.apple.com",
    }
    response = visitor.post(_path_of(url), raw=urlencode(form).encode(), headers=headers)
    assert response.status_code == 302, response.text
    assert not visitor.cookies
    visitor.cookies = kept
    return visitor.get(_path_of(response.headers["location"]))


def sign_in_at(visitor: Visitor, provider: PresetProvider, **fields: Any) -> httpx.Response:
    """Sign in from the button to the page afterwards; returns the callback's response."""
    response = come_back(
        visitor, *answer(begin(visitor, provider.known_as or provider.id, **fields))
    )
    assert response.status_code == 302, response.text
    return response


def target_of(response: httpx.Response) -> str:
    """The path and query that a redirect leads to."""
    return urlsplit(response.headers["location"])._replace(scheme="", netloc="").geturl()


def _path_of(url: str) -> str:
    return urlsplit(url)._replace(scheme="", netloc="").geturl()


StartWith = Callable[..., tuple[Gatehouse, PresetProvider]]


@pytest.fixture
def start_with(start: Callable[..., Gatehouse], clock: Any) -> Iterator[StartWith]:
    """Start an app whose people can sign in at a preset's stand-in: `start_with("google")`."""
    with ExitStack() as running:
        yield _start_both(start, clock, running)


@pytest.fixture
def start_any_with(start_on: Callable[..., Gatehouse], clock: Any) -> Iterator[StartWith]:
    """As `start_with`, on each kind of database."""
    with ExitStack() as running:
        yield _start_both(start_on, clock, running)


def _start_both(start: Callable[..., Gatehouse], clock: Any, running: ExitStack) -> StartWith:
    def start_both(
        provider_id: str, settings: dict[str, str] | None = None, **options: Any
    ) -> tuple[Gatehouse, PresetProvider]:
        options |= {"clock": lambda: clock.now().timestamp()}
        stand_in = running.enter_context(preset_provider(provider_id, **options))
        values = at_provider.app_settings(stand_in)
        values["oidc"] |= settings or {}
        return start(**values), stand_in

    return start_both
