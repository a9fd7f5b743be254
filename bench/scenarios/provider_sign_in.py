"""Signing in with a provider: what it takes beyond the provider's own time."""

import http.client
import json
import time
from urllib.parse import urlsplit

from bench.results import percentile
from bench.rig import servers
from bench.rig.harness import Harness
from bench.rig.load_requests import caller_addresses
from bench.rig.servers import ServerProcess
from tests.rig.preset_providers import PresetProvider, preset_provider
from tests.rig.stand_in import Handler, Received

_PROVIDER = "huggingface"


class TimedProvider:
    """A provider that counts the seconds it takes itself."""

    def __init__(self, provider: PresetProvider) -> None:
        self.provider = provider
        self.seconds = 0.0
        answer = provider.stand_in.answer

        def timed(handler: Handler, received: Received) -> None:
            began = time.perf_counter()
            answer(handler, received)
            self.seconds += time.perf_counter() - began

        provider.stand_in.answer = timed


def measure(harness: Harness) -> None:
    """Sign the same person in again and again, one after the other."""
    with preset_provider(_PROVIDER) as provider:
        timed = TimedProvider(provider)
        folder, url = harness.folder / "provider", harness.new_database()
        server = harness.keep(servers.gatehouse("provider", folder, url, provider.settings))
        server.wait_until_idle()  # the panel loads in the background
        count = 30 if harness.quick else 300
        beyond = [_sign_in(server, timed, each) for each in caller_addresses(count + 1)][1:]
        server.stop()
    figures = harness.results.figures
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        figures[f"provider/beyond its own time, {name} ms"] = percentile(beyond, share) * 1000
    p50, p99 = (figures[f"provider/beyond its own time, {name} ms"] for name in ("p50", "p99"))
    harness.log(
        f"  {count} sign-ins took p50 {p50:.1f} ms, p99 {p99:.1f} ms beyond the provider's time"
    )


def _sign_in(server: ServerProcess, timed: TimedProvider, address: str) -> float:
    """Sign in once; returns the seconds of the callback beyond those of the provider."""
    here = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"X-Forwarded-For": address, "Content-Type": "application/json"}
    body = json.dumps({"provider": _PROVIDER, "callbackURL": "/in"})
    here.request("POST", "/api/auth/sign-in/social", body, {**headers, "Origin": server.url})
    response = here.getresponse()
    authorization = urlsplit(json.loads(response.read())["url"])
    cookie = (response.getheader("set-cookie") or "").partition(";")[0]
    there = http.client.HTTPConnection(authorization.netloc, timeout=30)
    there.request("GET", f"{authorization.path}?{authorization.query}")
    back = urlsplit(there.getresponse().getheader("location") or "")
    own, began = timed.seconds, time.perf_counter()
    here.request("GET", f"{back.path}?{back.query}", headers={**headers, "Cookie": cookie})
    response = here.getresponse()
    response.read()
    took = time.perf_counter() - began
    if response.getheader("location") != "/in":
        raise AssertionError(f"nobody was signed in: {response.getheader('location')}")
    here.close()
    there.close()
    return took - (timed.seconds - own)
