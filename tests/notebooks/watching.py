"""A proxy that remembers every secret that passes, so that a test can look for it afterwards."""

import json
import re
from urllib.parse import unquote

from tests.rig.proxy import Asked, Manners, Told

_HANDLE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # stands in a token's place


class Watching(Manners):
    """Changes nothing; `secrets` are passwords of new accounts, tokens and cookies handed out."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()

    def after(self, asked: Asked, told: Told) -> None:
        if "application/json" in told.get_all("content-type"):
            self._keep(_told(told.whole(), "token"))
        if "/sign-up/" in asked.path:
            self._keep(_told(asked.body, "password"))
        for cookie in told.get_all("set-cookie"):
            self._keep(cookie.partition(";")[0].partition("=")[2])
        for token in told.get_all("set-auth-token"):
            self._keep(token)

    def _keep(self, secret: str) -> None:
        if secret:
            self.secrets |= {secret, unquote(secret)}


class Careless(Watching):
    """Says yes to whoever ends a session and keeps it alive; lets scripts read the cookies."""

    def before(self, asked: Asked) -> Told | None:
        if not asked.path.endswith(("/sign-out", "/revoke-session")):
            return None
        return Told(200, [("content-type", "application/json")], [b'{"status": true}'])

    def after(self, asked: Asked, told: Told) -> None:
        super().after(asked, told)
        told.headers = [(name, value.replace("; HttpOnly", "")) for name, value in told.headers]


class LosesCookies(Watching):
    """Lets no cookie through to the browser."""

    def after(self, asked: Asked, told: Told) -> None:
        super().after(asked, told)
        told.drop("set-cookie")


class MixesPeopleUp(Watching):
    """Answers everybody with the first session it has seen, as a cache at the wrong place does."""

    def __init__(self) -> None:
        super().__init__()
        self.first = b""

    def after(self, asked: Asked, told: Told) -> None:
        super().after(asked, told)
        if asked.path.endswith("/get-session"):
            self.first = self.first or told.whole()
            told.pieces = [self.first]


def _told(body: bytes, name: str) -> str:
    """The secret of this name in a JSON object, or in the `session` of one; or an empty text."""
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    places = [said, said.get("session")] if isinstance(said, dict) else []
    values = [place.get(name) for place in places if isinstance(place, dict)]
    found = [value for value in values if isinstance(value, str) and not _HANDLE.fullmatch(value)]
    return found[0] if found else ""
