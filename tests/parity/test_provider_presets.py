"""Presets beside Better Auth's own: where browsers are sent, and what is made of answers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from backend.features.providers.authorization_url import AuthorizationRequest
from backend.features.providers.client import ProviderClient
from backend.features.providers.client_secrets import ClientSecrets
from backend.features.providers.discovery import Endpoints
from backend.features.providers.profiles import Answers, read_profile
from backend.kernel.configuration.provider_presets import PRESETS
from backend.kernel.configuration.providers import build_provider
from backend.kernel.secrets.secret import OAuthStateToken, Secret
from tests.clocks import FixedClock
from tests.rig import provider_answers as documented
from tests.rig.node import require_node, run_node
from tests.rig.preset_providers import apple_key
from tests.rig.provider_answers import Json

HERE = Path(__file__).parent
GITLAB_USER: Json = {
    "id": 1234,
    "username": "ada",
    "name": "Ada Lovelace",
    "state": "active",
    "locked": False,
    "avatar_url": documented.GITLAB["picture"],
    "email": "ada@example.com",
    "confirmed_at": "2012-05-23T09:05:22.000Z",
}
"""GET /api/v4/user of gitlab.com, which Better Auth asks; we ask its OpenID endpoints."""
_MISSING = object()


def variants(claims: Json, *changes: Json) -> list[Json]:
    """The documented answer, and with each change."""
    changed = [{**claims, **each} for each in ({}, *changes)]
    return [{n: v for n, v in each.items() if v is not _MISSING} for each in changed]


def case(provider: str, url: str, claims: Any, more: Json | None = None, **rest: Any) -> Json:
    answers = {url: claims} if url else {}
    token = {} if url else {"claims": claims}
    return {"provider": provider, "answers": {**answers, **(more or {})}, **token, **rest}


HUB = "https://huggingface.co/oauth/userinfo"
GITHUB, ADDRESSES = "https://api.github.com/user", "https://api.github.com/user/emails"
DISCORD = "https://discord.com/api/users/@me"
SAID = ({"email_verified": each} for each in (False, "true", "false", None, _MISSING))
CASES = [
    *(
        case("huggingface", HUB, claims)
        for claims in variants(
            documented.HUGGING_FACE,
            *({"email_verified": each} for each in (False, None, _MISSING)),
            {"name": ""},
            {"name": _MISSING, "picture": _MISSING},
            {"email": _MISSING, "email_verified": _MISSING},
        )
    ),
    *(
        case("google", "", claims)
        for claims in variants(documented.GOOGLE, *SAID, {"email": _MISSING})
    ),
    *(
        case("github", GITHUB, claims, {ADDRESSES: addresses})
        for claims in variants(
            documented.GITHUB, {"email": "ada@example.com"}, {"email": "old@example.com"}
        )
        for addresses in (documented.GITHUB_ADDRESSES, documented.GITHUB_ADDRESSES[:1], [])
    ),
    case("github", GITHUB, {**documented.GITHUB, "name": None}),
    *(
        case("microsoft", "", claims)
        for claims in variants(
            documented.MICROSOFT,
            *({"email_verified": each} for each in (True, False, "true", None)),
            {"verified_primary_email": ["ada@example.com"]},
            {"verified_secondary_email": ["ada@example.com"]},
            {"verified_primary_email": ["eve@example.com"]},
            {"email": _MISSING},
            {"oid": _MISSING},
            {"oid": " "},
        )
    ),
    case("gitlab", "https://gitlab.com/api/v4/user", GITLAB_USER),
    *(
        case("discord", DISCORD, claims)
        for claims in variants(
            documented.DISCORD,
            {"avatar": "a_8342729096ea3675442027381ff50dfe"},
            {"avatar": None},
            {"avatar": None, "discriminator": "1337"},
            {"global_name": None},
            {"email": None},
            {"verified": False},
        )
    ),
    *(
        case("apple", "", documented.APPLE, user=user)
        for user in (documented.APPLE_USER, None, '{"name":{"lastName":"Lovelace"}}', "{}")
    ),
    *(
        case("apple", "", claims)
        for claims in variants(
            documented.APPLE,
            {"email_verified": True},
            {"email_verified": False},
            {"email": _MISSING},
        )
    ),
]
OURS_IS_BETTER = {"gitlab": {"emailVerified": True}}
"""What ours says instead: GitLab's ID token tells whether the address is verified."""


def read_ours(made: Json) -> Json | None:
    """Read a case with our own hands, in Better Auth's fields."""
    said = made["answers"]
    claims = made.get("claims") or next(iter(said.values()))
    if made["provider"] == "gitlab":
        claims = documented.GITLAB
    try:
        profile = read_profile(
            PRESETS[made["provider"]].profile,
            Answers(claims, said.get(ADDRESSES), made.get("user")),
        )
    except ValueError:
        return None
    return {
        "id": profile.subject,
        "name": profile.name,
        "email": profile.email,
        "emailVerified": profile.email_verified,
        "image": profile.image,
    }


def normalize(user: Json | None) -> Json | None:
    """Return what Better Auth stores: an address that is missing, null or "" is none."""
    if user is None:
        return None
    fields = {name: user.get(name) for name in ("id", "name", "email", "image")}
    verified = user.get("emailVerified") in (True, "true") and bool(fields["email"])
    return {**fields, "emailVerified": verified}


AUTHORIZATION_URLS = {
    "huggingface": "https://huggingface.co/oauth/authorize",
    "google": "https://accounts.google.com/o/oauth2/v2/auth",
    "microsoft": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    "gitlab": "https://gitlab.com/oauth/authorize",
    "apple": "https://appleid.apple.com/auth/authorize",
}
"""As the discovery documents have them."""
DIFFERENT: dict[str, dict[str, str]] = {
    "gitlab": {"scope": "openid profile email"},  # as above
    "apple": {"response_type": "code"},  # the ID token comes with the code's answer
    "discord": {"code_challenge_method": "S256", "code_challenge": "..."},  # it knows PKCE
}


@pytest.fixture(scope="module")
def better_auth(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """What it says of all cases, and the URLs that it sends browsers to."""
    require_node(HERE)
    file = tmp_path_factory.mktemp("better-auth") / "cases.json"
    file.write_text(json.dumps(CASES))
    result = run_node(HERE, "provider_presets.mjs", str(file), seconds=60)
    answer: Json = json.loads(result.stdout.splitlines()[-1])
    return answer


def test_people_are_the_same_as_at_better_auth(better_auth):
    theirs = better_auth["found"]
    assert len(theirs) == len(CASES)
    for made, user in zip(CASES, theirs, strict=True):
        expected = normalize(user)
        if expected is not None:
            expected |= OURS_IS_BETTER.get(made["provider"], {})
        assert read_ours(made) == expected, made


@pytest.mark.parametrize("preset", PRESETS)
def test_browsers_are_sent_where_better_auth_sends_them(preset, better_auth, monkeypatch):
    theirs = urlsplit(better_auth["urls"][preset])
    ours = urlsplit(build_url(preset, monkeypatch))
    assert (ours.netloc, ours.path) == (theirs.netloc, theirs.path)
    expected = {**dict(parse_qsl(theirs.query)), **DIFFERENT.get(preset, {})}
    sent = dict(parse_qsl(ours.query))
    if preset in AUTHORIZATION_URLS:
        assert sent.pop("nonce") == "nonce"
    assert sent == {**expected, "code_challenge": sent["code_challenge"]}
    both = [name for name in sent if name in dict(parse_qsl(theirs.query))]
    assert both == [name for name in dict(parse_qsl(theirs.query)) if name in sent]


def build_url(preset: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Our URL for Better Auth's client, state and verifier."""
    values = {"CLIENT_ID": "client", "CLIENT_SECRET": "secret"}
    if preset == "apple":
        del values["CLIENT_SECRET"]
        values |= {"TEAM_ID": "T", "KEY_ID": "K"}
        values["PRIVATE_KEY"] = apple_key().as_pem(private=True).decode()
    hidden = {name: Secret(value) for name, value in values.items()}
    config = build_provider(preset, hidden, "https://a.example")
    config = replace(config, redirect_uri=f"https://a.example/{preset}")
    client = ProviderClient(config, FixedClock(), ClientSecrets())
    url = AUTHORIZATION_URLS.get(preset, config.authorization_url)
    endpoints = Endpoints(config.issuer, url, "", "", "")
    monkeypatch.setattr(client.discovery, "find_endpoints", lambda: endpoints)
    request = AuthorizationRequest(OAuthStateToken("state"), Secret("v" * 128), "nonce")
    try:
        return client.build_authorization_url(request)
    finally:
        client.close()
