"""Threat: a provider that hangs takes the others, and everything else, with it."""

import threading
from contextlib import ExitStack

import pytest

from tests.in_process import Gatehouse
from tests.provider_sign_in import answer, begin, sign_in_at
from tests.rig.preset_providers import PresetProvider, preset_provider
from tests.rig.processes import wait_until
from tests.rig.stand_in import Handler, Received

CALLERS = 100


class Hanging:
    """A provider whose token endpoint answers nobody until the test ends."""

    def __init__(self, provider: PresetProvider) -> None:
        self.released = threading.Event()
        answer = provider.stand_in.answer

        def hang(handler: Handler, received: Received) -> None:
            if received.path.startswith("/token"):
                self.released.wait(30)
            answer(handler, received)

        provider.stand_in.answer = hang


@pytest.fixture
def providers():
    with ExitStack() as stack:
        yield [stack.enter_context(preset_provider(each)) for each in ("github", "discord")]


@pytest.fixture
def gatehouse(start, providers) -> Gatehouse:
    variables = {name: text for each in providers for name, text in each.settings.items()}
    return start(oidc_providers="github discord", oidc=variables)


def test_others_go_on(gatehouse, providers, capsys):
    github, discord = providers
    hanging = Hanging(github)
    browsers = [gatehouse.visitor() for _ in range(CALLERS)]
    paths = []
    for browser in browsers:
        location, _ = answer(begin(browser, "github"))
        paths.append(location.removeprefix(gatehouse.settings.base_url))
    waiting = [
        gatehouse.loop.start(browser.send_async("GET", path))
        for browser, path in zip(browsers, paths, strict=True)
    ]
    try:
        wait_until(lambda: sum(each.done() for each in waiting) >= CALLERS - 16, "most are told")
        told = {each.result().headers["location"] for each in waiting if each.done()}
        assert told == {"/oops?error=invalid_code"}
        at_once = capsys.readouterr().out.count("16 requests wait for it already")
        assert at_once > CALLERS / 2  # on a slow machine the first have waited long enough
        assert sign_in_at(gatehouse.visitor(), discord).headers["location"] == "/in"
        assert gatehouse.member("grace@example.com").session() is not None
    finally:
        hanging.released.set()
    for each in waiting:
        assert each.result().status_code == 302
