"""Real OpenID providers: `oidc-provider` in Node.js, over TLS with a certificate of the tests."""

import itertools
import json
import re
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from tests.rig.authority import Authority
from tests.rig.node import require_node

PARITY = Path(__file__).parents[1] / "parity"
CLIENT_ID = "gatehouse"
CLIENT_SECRET = "a secret that only the client and the provider know"
Endpoint = Literal["discovery", "keys", "token", "userinfo"]
_TIMEOUT = 30
_REDIRECTS = {302, 303}


@dataclass(frozen=True)
class Answer:
    """What the provider sends back through the browser, in the query of a URL or in a form."""

    redirect_uri: str
    parameters: Mapping[str, str]
    by_post: bool = False

    @property
    def path(self) -> str:
        """The path to open or to post to, with the query of an answer that has no form."""
        path = urlsplit(self.redirect_uri).path
        return path if self.by_post else f"{path}?{urlencode(self.parameters)}"

    @property
    def form(self) -> bytes:
        """The body to post."""
        return urlencode(self.parameters).encode()

    def changed(self, **changes: str | None) -> "Answer":
        """The same with other parameters, or without those that are None."""
        merged = {**self.parameters, **changes}
        kept = {name: value for name, value in merged.items() if value is not None}
        return replace(self, parameters=kept)

    def __getitem__(self, name: str) -> str:
        return self.parameters[name]


class Realm:
    """One provider: its issuer, its clients, and what a test makes it do."""

    def __init__(self, provider: "OpenIdProvider", name: str, options: dict[str, Any]) -> None:
        self._provider, self.name = provider, name
        origin = provider.origin
        opened = provider.order("open", name=name, origin=origin, options=options)
        self.issuer: str = opened["issuer"]
        self.client_id, self.client_secret = CLIENT_ID, CLIENT_SECRET

    def settings(self, provider_id: str) -> dict[str, str]:
        """The settings of an app that people sign in to with it."""
        values = {
            "ISSUER": self.issuer,
            "CLIENT_ID": self.client_id,
            "CLIENT_SECRET": self.client_secret,
        }
        prefixed = {f"OIDC_{provider_id.upper()}_{name}": text for name, text in values.items()}
        return {"OIDC_PROVIDERS": provider_id, **prefixed}

    def close(self) -> None:
        """Forget it."""
        self._order("close")

    def rotate_keys(self, keep: bool = False) -> None:
        """Sign with new keys from now on; `keep` the old ones in the published set."""
        self._order("rotate", keep=keep)

    def fail(self, endpoint: Endpoint, **fault: Any) -> None:
        """Let an endpoint answer with `status`, `headers` and `body` (`repeat` times).

        Or with `kind` "cut" (the connection ends), "hang" (nothing comes) or "drip" (nothing ends).
        `times` is how often; with `kept` only on connections that had a request before.
        """
        self._order("fail", endpoint=endpoint, fault=fault)

    def recover(self, endpoint: Endpoint) -> None:
        """Let an endpoint work again."""
        self._order("fail", endpoint=endpoint, fault=None)

    def release(self) -> None:
        """Close the connections that wait for an endpoint that hangs."""
        self._order("release")

    def change(self, endpoint: Endpoint, **changes: Any) -> None:
        """Change fields of an endpoint's JSON; None leaves one out."""
        self._order("change", endpoint=endpoint, changes=changes)

    def forge(self, **forgery: Any) -> None:
        """Alter ID tokens: other `claims`, another `header`, signed with a `key`.

        `key` is "own" (that of `kid`), "stranger" (of nobody we know), "public key" or "client
        secret" (as the secret of an HMAC), or "none" (no signature at all).
        """
        self._order("forge", forgery=forgery)

    def received(self, endpoint: Endpoint) -> list[dict[str, Any]]:
        """The requests to an endpoint so far."""
        requests: list[dict[str, Any]] = self._order("received")
        return [request for request in requests if request["endpoint"] == endpoint]

    def answer(self, url: str, person: dict[str, Any], **parameters: str) -> Answer:
        """Open the address of an authorization request as a person who comes with a new browser.

        The person are the claims that the provider has about them, or `{"cancels": True}`.
        """
        with httpx.Client(verify=self._provider.tls, timeout=_TIMEOUT) as browser:
            encoded = urlsafe_b64encode(json.dumps(person).encode()).decode().rstrip("=")
            extra = urlencode({"x_person": encoded, **parameters})
            response = browser.get(f"{url}&{extra}")
            while response.status_code in _REDIRECTS:
                location = response.headers["location"]
                if not (location.startswith((self._provider.origin, "/"))):
                    address, _, query = location.partition("?")
                    return Answer(address, dict(parse_qsl(query)))
                response = browser.get(response.url.join(location))
        return _read_form(response)

    def _order(self, order: str, **arguments: Any) -> Any:
        return self._provider.order(order, realm=self.name, **arguments)


def _read_form(response: httpx.Response) -> Answer:
    action = re.search(r'<form method="post" action="([^"]*)"', response.text)
    assert action, f"the provider does not answer: {response.status_code} {response.text}"
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', response.text)
    values = {name: unescape(value) for name, value in fields}
    return Answer(unescape(action[1]), values, by_post=True)


class OpenIdProvider:
    """The process in which all realms of a worker are."""

    def __init__(self, folder: Path) -> None:
        node = require_node(PARITY)
        authority = Authority(folder)
        self.ca_file = authority.ca_file
        """What a client must trust."""
        self.tls = authority.client_tls()
        self._names = itertools.count(1)
        self._process = subprocess.Popen(
            [node, "openid_provider.mjs", str(authority.certificate("localhost"))],
            cwd=PARITY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.origin = f"https://localhost:{int(self._process.stdout.readline())}"
        self._orders = httpx.Client(verify=self.tls, base_url=self.origin, timeout=_TIMEOUT)

    def close(self) -> None:
        """End the process."""
        self._orders.close()
        self._process.communicate()

    @contextmanager
    def realm(self, *redirect_uris: str, **options: Any) -> Iterator[Realm]:
        """A provider of a test's own, which knows these redirect URIs.

        Its ID tokens are signed with `alg`, and `algs` are keys that it has besides. Without
        `claimsInIdToken` only the userinfo endpoint tells of the person.
        """
        chosen = {"redirectUris": redirect_uris, **options}
        realm = Realm(self, f"r{next(self._names)}", chosen)
        yield realm
        realm.close()

    def order(self, order: str, **arguments: Any) -> Any:
        """Have an order carried out by the process; returns what it has to say."""
        response = self._orders.post("/orders", json={"order": order, **arguments})
        assert response.status_code == 200, response.text
        return response.json()
