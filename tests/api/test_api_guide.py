"""The code that docs/api.md tells people to write works."""

import re

import pytest

from backend.routes import FEATURES
from tests.architecture.source import ROOT

IN_A_CAPABILITY, IN_PLAIN_FASTAPI = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.S
)


@pytest.fixture(params=["in a feature", "in plain FastAPI"])
def greeting(request, start, monkeypatch):
    """An application with the guide's endpoint, in one of the two ways to write it."""
    namespace = {"__name__": "greetings"}
    exec(IN_A_CAPABILITY, namespace)  # noqa: S102  the guide, as a reader would type it
    if request.param == "in a feature":
        monkeypatch.setattr("backend.routes.FEATURES", [*FEATURES, namespace["routes"]])
    gatehouse = start(rate_limits=True, rate_limit_per_user="2/minute")
    if request.param == "in plain FastAPI":
        exec(IN_PLAIN_FASTAPI, {**namespace, "app": gatehouse.app})  # noqa: S102
    return gatehouse


def test_a_stranger_is_refused(greeting):
    response = greeting.visitor().get("/api/greeting")
    assert (response.status_code, response.json()["code"]) == (401, "UNAUTHORIZED")


def test_a_member_is_greeted_until_the_limit(greeting):
    ada = greeting.member()
    responses = [ada.get("/api/greeting") for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 429]
    assert responses[0].json() == {"text": "Hello Ada"}


def test_the_docs_show_how_to_be_known(greeting):
    document = greeting.visitor().get("/openapi.json").json()
    assert document == greeting.app.openapi()
    operation = document["paths"]["/api/greeting"]["get"]
    assert operation["security"] == [{"cookie": []}, {"bearer": []}]
