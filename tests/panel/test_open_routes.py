"""What Gradio serves and to whom, for every route it has: a new version opens none unnoticed.

If this fails after an upgrade, look at what the new route does before it is let through the guard.
"""

import json
import re

import httpx
import pytest

from panel.pages import PAGES
from panel.ui import words
from tests.panel.conftest import HOME, run_json_module, signed_in_client
from tests.rig.space import Space

METHODS = ("GET", "HEAD", "POST", "DELETE")
IN_BRACES = re.compile(r"{[^}]+}")
OWN_PATHS = {
    "/admin/login",
    "/admin/logout",
}  # Gradio has routes of that name, which nobody reaches
FOR_THE_OWNER = {
    "GET /admin/",
    "HEAD /admin/",
    *(f"{method} /admin/{page.slug}" for page in PAGES if page.slug for method in ("GET", "HEAD")),
    "GET /admin/assets/x1",
    "GET /admin/gradio_api/app_id",
    "GET /admin/gradio_api/heartbeat/x1",
    "GET /admin/gradio_api/queue/data",
    "GET /admin/static/x1",
    "GET /admin/theme.css",
    "POST /admin/gradio_api/cancel",
    "POST /admin/gradio_api/queue/join",
}


@pytest.fixture(scope="module")
def endpoints() -> list[tuple[str, str]]:
    """Every method on every path that Gradio has a route for."""
    paths = [IN_BRACES.sub("x1", path) for path in run_json_module("tests.panel.gradio_routes")]
    assert len(paths) > 60, "these are not all of Gradio's routes"
    return [(method, path) for path in paths if path not in OWN_PATHS for method in METHODS]


def find_reachable(client: httpx.Client, endpoints: list[tuple[str, str]]) -> set[str]:
    """Return the endpoints whose response does not come from the guard."""
    return {f"{method} {path}" for method, path in endpoints if _is_reachable(client, method, path)}


def _is_reachable(client: httpx.Client, method: str, path: str) -> bool:
    with client.stream(method, path) as response:  # some of them never end
        if response.status_code == 303:
            return response.headers["location"].partition("?")[0] != "/admin/login"
        if response.status_code not in {401, 404} or method == "HEAD":
            return response.status_code not in {401, 404}
        body = json.loads(response.read())
        return body.get("message") not in {words.NOT_FOUND, words.NOT_SIGNED_IN}


def test_a_stranger_reaches_none_of_gradios_routes(space: Space, endpoints):
    with httpx.Client(base_url=space.url, headers={"origin": space.url}) as stranger:
        assert find_reachable(stranger, endpoints) == set()


def test_the_owner_reaches_those_the_pages_need(space: Space, endpoints):
    with signed_in_client(space) as owner:
        assert owner.get(HOME).status_code == 200
        assert find_reachable(owner, endpoints) == FOR_THE_OWNER


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_no_answer_carries_cors_headers(space: Space, origin):
    with signed_in_client(space) as owner:
        for path in (HOME, "/admin/theme.css", "/admin/gradio_api/queue/data"):
            for host in ("localhost", "auth.example", f"127.0.0.1:{space.port}"):
                headers = {"origin": origin, "host": host}
                with owner.stream("GET", path, headers=headers) as response:
                    names = [name for name in response.headers if name.startswith("access-control")]
                    assert names == []
