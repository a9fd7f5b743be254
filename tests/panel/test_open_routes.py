"""What Gradio serves and to whom, asked of every route it has: a new version opens none in silence.

If this fails after an upgrade, look at what the new route does before it is let through the guard.
"""

import json
import re

import httpx
import pytest

from panel.pages import PAGES
from panel.ui import words
from tests.panel.conftest import HOME, printed_by, signed_in
from tests.rig.space import Space

METHODS = ("GET", "HEAD", "POST", "DELETE")
IN_BRACES = re.compile(r"{[^}]+}")
OURS = {"/admin/login", "/admin/logout"}  # Gradio has routes of that name, which nobody reaches
FOR_THE_OWNER = {
    "GET /admin/",
    "HEAD /admin/",
    *(f"{method} /admin/{page.slug}" for page in PAGES if page.slug for method in ("GET", "HEAD")),
    "GET /admin/assets/x1",
    "GET /admin/gradio_api/heartbeat/x1",
    "GET /admin/gradio_api/queue/data",
    "GET /admin/static/x1",
    "GET /admin/theme.css",
    "POST /admin/gradio_api/cancel",
    "POST /admin/gradio_api/queue/join",
}


@pytest.fixture(scope="module")
def questions() -> list[tuple[str, str]]:
    """Every method on every path that Gradio has a route for."""
    paths = [IN_BRACES.sub("x1", path) for path in printed_by("tests.panel.gradio_routes")]
    assert len(paths) > 60, "these are not all of Gradio's routes"
    return [(method, path) for path in paths if path not in OURS for method in METHODS]


def past_the_guard(client: httpx.Client, questions: list[tuple[str, str]]) -> set[str]:
    """The questions that something behind the guard answered."""
    return {f"{method} {path}" for method, path in questions if _is_past(client, method, path)}


def _is_past(client: httpx.Client, method: str, path: str) -> bool:
    with client.stream(method, path) as answer:  # some of them never end
        if answer.status_code == 303:
            return answer.headers["location"] != "/admin/login"
        if answer.status_code not in {401, 404} or method == "HEAD":
            return answer.status_code not in {401, 404}
        body = json.loads(answer.read())
        return body.get("message") not in {words.NOT_FOUND, words.NOT_SIGNED_IN}


def test_a_stranger_reaches_none_of_gradios_routes(space: Space, questions):
    with httpx.Client(base_url=space.url, headers={"origin": space.url}) as stranger:
        assert past_the_guard(stranger, questions) == set()


def test_the_owner_reaches_those_the_pages_need(space: Space, questions):
    with signed_in(space) as owner:
        assert owner.get(HOME).status_code == 200
        assert past_the_guard(owner, questions) == FOR_THE_OWNER


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_no_answer_carries_cors_headers(space: Space, origin):
    with signed_in(space) as owner:
        for path in (HOME, "/admin/theme.css", "/admin/gradio_api/queue/data"):
            for host in ("localhost", "auth.example", f"127.0.0.1:{space.port}"):
                payload = {"origin": origin, "host": host}
                with owner.stream("GET", path, headers=payload) as answer:
                    names = [name for name in answer.headers if name.startswith("access-control")]
                    assert names == []
