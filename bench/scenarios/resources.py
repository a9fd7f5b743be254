"""Memory, start-up time and idle load: the API alone, with the panel, and the peers."""

import time

from bench.rig import servers
from bench.rig.harness import Harness
from bench.rig.servers import ServerProcess
from bench.server_names import API_ALONE, BETTER_AUTH, BETTER_AUTH_PYTHON, FASTAPI_USERS, OURS

_AT_REST = 3.0  # seconds


def measure(harness: Harness) -> None:
    """Start each a few times on a database that it knows; keep the quickest start."""
    _measure_api_alone(harness)
    others = () if harness.quick else (FASTAPI_USERS, BETTER_AUTH_PYTHON)
    for subject in harness.subjects(OURS, BETTER_AUTH, *others):
        _measure_rest(harness, subject.server)
        _log(harness, subject.name)


def _measure_api_alone(harness: Harness) -> None:
    url, figures = harness.new_database(), harness.results.figures
    starts = []
    for _ in range(2 if harness.quick else 4):
        server = harness.keep(servers.replica(API_ALONE, harness.folder / API_ALONE, url))
        starts.append(server.seconds_to_first_response)
        figures[f"memory/{API_ALONE}"] = server.megabytes()
        if len(starts) == 1:
            _measure_rest(harness, server)
        server.stop()
    figures[f"start/{API_ALONE}"] = min(starts[1:])  # the first one has made the tables
    _log(harness, API_ALONE)


def _measure_rest(harness: Harness, server: ServerProcess) -> None:
    server.wait_until_idle()
    began, used = time.monotonic(), server.cpu_seconds()
    time.sleep(_AT_REST)
    share = (server.cpu_seconds() - used) / (time.monotonic() - began)
    harness.results.figures[f"at rest/{server.name}"] = 100 * share


def _log(harness: Harness, name: str) -> None:
    figures = harness.results.figures
    harness.log(
        f"  {name}: first answer after {figures[f'start/{name}']:.2f} s, then"
        f" {figures[f'memory/{name}']:.0f} MB and {figures[f'at rest/{name}']:.1f} % of a core"
    )
