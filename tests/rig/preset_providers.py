"""Stand-ins for the providers that have a preset: each answers as its documentation says."""

import json
import re
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from tests.rig import provider_answers as documented
from tests.rig.provider_answers import Json
from tests.rig.stand_in import Handler, Received, StandIn

CLIENT_ID, CLIENT_SECRET = "client", "a+secret/of the client"
APPLE_TEAM, APPLE_KEY_ID = "TEAM123456", "KEY1234567"
TENANT = documented.MICROSOFT["tid"]


@cache
def signing_key() -> RSAKey:
    """The key that all of them sign with: making one takes a while."""
    return RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256", "use": "sig"})


@cache
def apple_key() -> ECKey:
    """The key that an app downloads from Apple."""
    return ECKey.generate_key("P-256", private=True)


@dataclass
class PresetProvider:
    """One of them, as long as its `with`. What a test changes in `person` it says from then on."""

    id: str
    person: Json
    """What the userinfo endpoint says, or the ID token of those that have no such endpoint."""
    addresses: Any = field(default_factory=lambda: documented.GITHUB_ADDRESSES)
    forged: Json = field(default_factory=dict)
    """Claims of the next ID tokens that are not as they should be; None leaves one out."""
    token_answer: Json | None = None
    """What the token endpoint says instead."""
    user: str = documented.APPLE_USER
    """What Apple's form says besides, the first time."""
    authorize_url: str = ""
    """Where people sign in, if that is another host than `origin`; it must lead here."""
    tenant: str = "common"
    """Whose accounts the app asks Microsoft for."""
    response_issuer: str | None = None
    """What its answers name as their issuer (RFC 9207), if that is not the right one."""
    known_as: str = ""
    """What the app calls it, if that is not the preset's id."""
    is_public: bool = False
    """Whether the app is a public client, which has no secret."""
    auth_method: str = "client_secret_post"
    """The only way in which the discovery document lets clients authenticate."""
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self.stand_in = StandIn(self._answer)
        self._codes: dict[str, dict[str, str]] = {}
        self._known, self._refresh_token = False, "refresh"
        self.refused: list[str] = []
        """Why requests were refused."""

    def __enter__(self) -> "PresetProvider":
        self.stand_in.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.stand_in.__exit__(*error)

    @property
    def requests(self) -> list[Received]:
        """What it was sent."""
        return self.stand_in.requests

    @property
    def origin(self) -> str:
        return self.stand_in.url.rstrip("/")

    @property
    def settings(self) -> dict[str, str]:
        """The settings of an app whose client this provider knows."""
        values = {"CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET}
        if self.id in {"github", "discord"}:
            values |= {
                "AUTHORIZATION_URL": f"{self.origin}/authorize",
                "TOKEN_URL": f"{self.origin}/token",
                "USERINFO_URL": f"{self.origin}/user",
            }
        elif self.id == "microsoft":
            values["ISSUER"] = f"{self.origin}/{self.tenant}/v2.0"
        else:
            values["ISSUER"] = self.origin
        if self.id == "apple":
            del values["CLIENT_SECRET"]
            key = apple_key().as_pem(private=True).decode()
            values |= {"TEAM_ID": APPLE_TEAM, "KEY_ID": APPLE_KEY_ID, "PRIVATE_KEY": key}
        prefixed = {f"OIDC_{self.id.upper()}_{name}": value for name, value in values.items()}
        return {"OIDC_PROVIDERS": self.id, **prefixed}

    @property
    def issuer(self) -> str:
        """What its ID tokens name as their issuer."""
        return f"{self.origin}/{TENANT}/v2.0" if self.id == "microsoft" else self.origin

    def _answer(self, handler: Handler, received: Received) -> None:
        path = urlsplit(received.path).path.removeprefix(f"/{self.tenant}/v2.0")
        answers = {
            "/.well-known/openid-configuration": self._describe,
            "/keys": self._publish_keys,
            "/authorize": self._authorize,
            "/token": self._exchange,
            "/user": self._tell_of_person,
            "/user/emails": self._tell_of_person,
        }
        if path not in answers:
            return self._refuse(handler, f"no such path: {path}", status=404)
        return answers[path](handler, received)

    def _describe(self, handler: Handler, _: Received) -> None:
        issuer = self.origin
        if self.id == "microsoft":
            issuer = f"{self.origin}/{{tenantid}}/v2.0"
        document: Json = {
            "issuer": issuer,
            "authorization_endpoint": self.authorize_url or f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "jwks_uri": f"{self.origin}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": [self.auth_method],
        }
        if self.id != "apple":
            document |= {"userinfo_endpoint": f"{self.origin}/user"}
            document |= {"code_challenge_methods_supported": ["S256"]}
        if self.id == "google":
            document |= {"authorization_response_iss_parameter_supported": True}
        say_json(handler, document)

    def _publish_keys(self, handler: Handler, _: Received) -> None:
        say_json(handler, KeySet([signing_key()]).as_dict(private=False))

    def _authorize(self, handler: Handler, received: Received) -> None:
        asked = dict(parse_qsl(urlsplit(received.path).query))
        if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
            return self._refuse(handler, f"not for this client: {asked}")
        code = f"code{len(self._codes)}"
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"]}
        if self.id == "apple":
            return self._answer_by_form(handler, asked, answer)
        if self.id in {"google", "discord"}:
            own = "https://discord.com" if self.id == "discord" else self.origin
            answer["iss"] = own if self.response_issuer is None else self.response_issuer
            answer = {name: value for name, value in answer.items() if value}
        location = f"{asked['redirect_uri']}?{urlencode(answer)}"
        return handler.say(b"", 302, location=location)

    def _answer_by_form(self, handler: Handler, asked: Json, answer: Json) -> None:
        """Answer as Apple does: with scopes it posts, and says the name the first time only."""
        if asked.get("response_mode") != "form_post":
            return self._refuse(handler, "response_mode must be form_post when scope is requested")
        if not self._known:
            answer["user"] = self.user
            self._known = True
        fields = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name, value in answer.items()
        )
        action = escape(asked["redirect_uri"])
        page = f'<form method="post" action="{action}">{fields}</form>'
        return handler.say(page.encode(), kind="text/html")

    def _exchange(self, handler: Handler, received: Received) -> None:
        sent = dict(parse_qsl(received.body.decode()))
        if self.token_answer is not None:
            return say_json(handler, self.token_answer)
        if not received.headers["content-type"].startswith("application/x-www-form-urlencoded"):
            return self._refuse(handler, "the body must be a form")
        if not self._knows_client(received, sent):
            return self._refuse(handler, "invalid_client", status=401)
        if sent.get("grant_type") == "refresh_token":
            return self._refresh(handler, sent)
        asked = self._codes.pop(sent.get("code", ""), None)
        if asked is None:
            return self._refuse(handler, "invalid_grant")
        if sent.get("redirect_uri") != asked["redirect_uri"]:
            return self._refuse(handler, "redirect_uri_mismatch")
        digest = sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(digest).decode().rstrip("=")
        if self.id != "apple" and asked.get("code_challenge") != challenge:
            return self._refuse(handler, "invalid_grant: the verifier is wrong")
        answer = self._grant(asked)
        if self.id == "github" and "application/json" not in received.headers.get("accept", ""):
            return handler.say(urlencode(answer).encode(), kind="application/x-www-form-urlencoded")
        return say_json(handler, answer)

    def _refresh(self, handler: Handler, sent: Json) -> None:
        """Give a new access token; GitLab's and Discord's refresh tokens work once."""
        if sent.get("refresh_token") != self._refresh_token:
            return self._refuse(handler, "invalid_grant")
        answer: Json = {"access_token": "access", "token_type": "Bearer", "expires_in": 3600}
        if self.id in {"gitlab", "discord"}:
            self._refresh_token += "1"
            answer["refresh_token"] = self._refresh_token
        return say_json(handler, answer)

    def _knows_client(self, received: Received, sent: Json) -> bool:
        basic = re.fullmatch("Basic (.*)", received.headers.get("authorization", ""))
        if self.is_public:
            return sent.get("client_id") == CLIENT_ID and not basic and "client_secret" not in sent
        if self.auth_method == "client_secret_basic" and not basic:
            return False
        if self.id == "apple":
            return sent.get("client_id") == CLIENT_ID and is_apple_secret(
                sent.get("client_secret", ""), self.clock()
            )
        if basic and self.id != "github":
            name, _, secret = b64decode(basic[1]).decode().partition(":")
            return (unquote_plus(name), unquote_plus(secret)) == (CLIENT_ID, CLIENT_SECRET)
        return (sent.get("client_id"), sent.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)

    def _grant(self, asked: Json) -> Json:
        scope = asked.get("scope", "")
        if self.id == "github":
            separated = scope.replace(" ", ",")
            return {"access_token": "access", "scope": separated, "token_type": "bearer"}
        answer = {"access_token": "access", "token_type": "Bearer", "expires_in": 3600}
        if self.id in {"discord", "gitlab", "apple", "microsoft"}:
            answer["refresh_token"] = self._refresh_token
        if self.id != "apple":
            answer["scope"] = scope
        if self.id != "discord":
            answer["id_token"] = self._sign(asked)
        return answer

    def sign(self, **claims: Any) -> str:
        """An ID token that an app on somebody's device got by itself."""
        return self._sign(claims)

    def _sign(self, asked: Json) -> str:
        now = int(self.clock())
        claims = {
            **self._claims_in_token(),
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 600,
            "nonce": asked.get("nonce"),
            **self.forged,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, signing_key())

    def _claims_in_token(self) -> Json:
        if self.id == "gitlab":
            names: tuple[str, ...] = ("sub", "sub_legacy", "email", "email_verified")
            return {name: self.person[name] for name in names if name in self.person}
        return {k: v for k, v in self.person.items() if k not in {"iss", "azp", "at_hash"}}

    def _tell_of_person(self, handler: Handler, received: Received) -> None:
        if not received.headers.get("user-agent"):
            return self._refuse(handler, "Request forbidden by administrative rules", status=403)
        if received.headers.get("authorization") != "Bearer access":
            return self._refuse(handler, "Bad credentials", status=401)
        url = urlsplit(received.path)
        if not url.path.endswith("/emails"):
            return say_json(handler, self.person)
        if self.addresses is None:
            return self._refuse(handler, "Resource not accessible by integration", status=403)
        if isinstance(self.addresses, list):
            page = int(dict(parse_qsl(url.query)).get("per_page", "30"))
            return say_json(handler, self.addresses[:page])
        return say_json(handler, self.addresses)

    def _refuse(self, handler: Handler, reason: str, status: int = 400) -> None:
        """Refuse as this provider does: GitHub says so of codes with status 200."""
        self.refused.append(reason)
        is_token = handler.path.startswith("/token")
        if self.id == "github" and is_token:
            text = {"error": "bad_verification_code", "error_description": reason}
            return say_json(handler, text)
        return say_json(handler, {"error": reason, "message": reason}, status)


PEOPLE: dict[str, Json] = {
    "huggingface": documented.HUGGING_FACE,
    "google": documented.GOOGLE,
    "github": documented.GITHUB,
    "microsoft": documented.MICROSOFT,
    "gitlab": documented.GITLAB,
    "discord": documented.DISCORD,
    "apple": documented.APPLE,
}


def preset_provider(preset: str, **options: Any) -> PresetProvider:
    """The stand-in of a preset, at which Ada signs in."""
    return PresetProvider(preset, dict(PEOPLE[preset]), **options)


def is_apple_secret(text: str, now: float) -> bool:
    """Tell whether a client secret is what Apple asks for ("Creating a client secret")."""
    try:
        token = jwt.decode(text, apple_key(), algorithms=["ES256"])
    except (JoseError, ValueError):
        return False
    claims = token.claims
    lifetime = claims["exp"] - claims["iat"]
    names = {name: claims.get(name) for name in ("iss", "sub", "aud")}
    wanted = {"iss": APPLE_TEAM, "sub": CLIENT_ID, "aud": "https://appleid.apple.com"}
    is_current = claims["iat"] <= now < claims["exp"] and lifetime <= 15_777_000
    return token.header.get("kid") == APPLE_KEY_ID and names == wanted and is_current


def say_json(handler: Handler, value: Any, status: int = 200) -> None:
    """Answer with JSON."""
    handler.say(json.dumps(value).encode(), status, "application/json")


def query_of(url: str) -> dict[str, str]:
    """The parameters of a URL, each of which occurs once."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True)
    return {name: value for name, (value,) in found.items()}
