"""A Space at Hugging Face whose people sign in there, with a stand-in of the Hub's provider."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import select

from backend.storage.tables import users
from tests.at_provider import keep_time, sign_in_at
from tests.in_process import Gatehouse, Visitor
from tests.rig.preset_providers import CLIENT_ID, CLIENT_SECRET, PresetProvider, preset_provider
from tests.rig.provider_answers import HUGGING_FACE

SPACE_HOST = "ada-gatehouse.hf.space"
ORGANIZATION = HUGGING_FACE["orgs"][0]["preferred_username"]
OF_ADA = {
    "space_id": "ada/gatehouse",
    "space_host": SPACE_HOST,
    "space_author_name": HUGGING_FACE["preferred_username"],
    "space_creator_user_id": HUGGING_FACE["sub"],
    "environment": "development",  # for a hash in a millisecond
}
OF_AN_ORGANIZATION = {
    **OF_ADA,
    "space_id": f"{ORGANIZATION}/gatehouse",
    "space_author_name": ORGANIZATION,
    "space_creator_user_id": "65f1c0ffee65f1c0ffee6ead",
}
NO_ADMIN: list[str] = []


def hub_settings(hub: PresetProvider) -> dict[str, Any]:
    """What the Hub sets for a Space with `hf_oauth: true`."""
    return {
        "oauth_client_id": CLIENT_ID,
        "oauth_client_secret": CLIENT_SECRET,
        "oauth_scopes": "openid profile email",
        "openid_provider_url": hub.origin,
    }


class OnTheHub:
    """Starts Spaces, whose people are at one stand-in of the Hub."""

    def __init__(self, hub: PresetProvider, start: Callable[..., Gatehouse]) -> None:
        self.hub, self._start = hub, start

    def start(self, **settings: Any) -> Gatehouse:
        """A Space that Ada has made, unless the settings say otherwise."""
        gatehouse = self._start(**{**hub_settings(self.hub), **OF_ADA, **settings})
        keep_time(gatehouse, self.hub)
        return gatehouse

    def sign_in(self, gatehouse: Gatehouse, visitor: Visitor | None = None, **person: Any) -> str:
        """Sign in as Ada, or somebody else, with Hugging Face; returns where the browser goes."""
        self.hub.person = {**HUGGING_FACE, **person}
        response = sign_in_at(visitor or gatehouse.visitor())
        assert response.status_code == 302, response.text
        return response.headers["location"]


@contextmanager
def open_hub(start: Callable[..., Gatehouse]) -> Iterator[OnTheHub]:
    """A stand-in of the Hub, as long as its `with`."""
    with ExitStack() as running:
        hub = running.enter_context(preset_provider("huggingface"))
        yield OnTheHub(hub, start)


def list_admins(gatehouse: Gatehouse) -> list[str]:
    """The addresses of all admins."""
    statement = select(users.c.email).where(users.c.role == "admin").order_by(users.c.email)
    return [row.email for row in gatehouse.rows(statement)]


def list_created(gatehouse: Gatehouse) -> list[str]:
    """How admins came to be, as the audit trail has it."""
    return [each.detail["by"] for each in gatehouse.events() if each.kind == "admin_created"]
