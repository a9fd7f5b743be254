"""Profiles beside Better Auth's own: what both make of the same answer of a provider."""

import json
from pathlib import Path
from typing import Any

from backend.features.providers.profiles import Answers, read_profile
from backend.kernel.configuration.provider_presets import PRESETS
from tests.rig import provider_answers as documented
from tests.rig.node import require_node, run_node
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


def test_people_are_the_same_as_at_better_auth(tmp_path):
    require_node(HERE)
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(CASES))
    result = run_node(HERE, "provider_profiles.mjs", str(file), seconds=60)
    theirs = json.loads(result.stdout.splitlines()[-1])
    assert len(theirs) == len(CASES)
    for made, user in zip(CASES, theirs, strict=True):
        expected = normalize(user)
        if expected is not None:
            expected |= OURS_IS_BETTER.get(made["provider"], {})
        assert read_ours(made) == expected, made
