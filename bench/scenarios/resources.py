"""Memory and start-up: the API alone, with the panel, and the peers, each just started."""

from bench import servers
from bench.names import API_ALONE, NODE, OURS, PORTED, USERS_PEER
from bench.stage import Stage


def measure(stage: Stage) -> None:
    """Start each a few times on a database that it knows; keep the quickest start."""
    _measure_api_alone(stage)
    names = (OURS, NODE) if stage.quick else (OURS, NODE, USERS_PEER, PORTED)
    for whom in stage.among(*names):
        figures = stage.results.figures
        stage.say(
            f"  {whom.name}: first answer after {figures[f'start/{whom.name}']:.2f} s,"
            f" {figures[f'memory/{whom.name}']:.0f} MB idle"
        )


def _measure_api_alone(stage: Stage) -> None:
    url, figures = stage.new_database(), stage.results.figures
    starts = []
    for _ in range(2 if stage.quick else 4):
        server = stage.keep(servers.replica(API_ALONE, stage.folder / API_ALONE, url))
        starts.append(server.first_answer)
        figures[f"memory/{API_ALONE}"] = server.megabytes()
        server.stop()
    figures[f"start/{API_ALONE}"] = min(starts[1:])  # the first one has made the tables
    stage.say(
        f"  {API_ALONE}: first answer after {figures[f'start/{API_ALONE}']:.2f} s,"
        f" {figures[f'memory/{API_ALONE}']:.0f} MB idle"
    )
