"""Memory, start-up and rest: the API alone, with the panel, and the peers, each just started."""

import time

from bench import servers
from bench.names import API_ALONE, NODE, OURS, PORTED, USERS_PEER
from bench.servers import Server
from bench.stage import Stage

_AT_REST = 3.0  # seconds


def measure(stage: Stage) -> None:
    """Start each a few times on a database that it knows; keep the quickest start."""
    _measure_api_alone(stage)
    names = (OURS, NODE) if stage.quick else (OURS, NODE, USERS_PEER, PORTED)
    for whom in stage.among(*names):
        _measure_rest(stage, whom.server)
        _say(stage, whom.name)


def _measure_api_alone(stage: Stage) -> None:
    url, figures = stage.new_database(), stage.results.figures
    starts = []
    for _ in range(2 if stage.quick else 4):
        server = stage.keep(servers.replica(API_ALONE, stage.folder / API_ALONE, url))
        starts.append(server.first_answer)
        figures[f"memory/{API_ALONE}"] = server.megabytes()
        if len(starts) == 1:
            _measure_rest(stage, server)
        server.stop()
    figures[f"start/{API_ALONE}"] = min(starts[1:])  # the first one has made the tables
    _say(stage, API_ALONE)


def _measure_rest(stage: Stage, server: Server) -> None:
    server.wait_until_idle()
    began, used = time.monotonic(), server.cpu_seconds()
    time.sleep(_AT_REST)
    share = (server.cpu_seconds() - used) / (time.monotonic() - began)
    stage.results.figures[f"at rest/{server.name}"] = 100 * share


def _say(stage: Stage, name: str) -> None:
    figures = stage.results.figures
    stage.say(
        f"  {name}: first answer after {figures[f'start/{name}']:.2f} s, then"
        f" {figures[f'memory/{name}']:.0f} MB and {figures[f'at rest/{name}']:.1f} % of a core"
    )
