"""What providers say of somebody, in the form that their documentation shows."""

from typing import Any

Json = dict[str, Any]

HUGGING_FACE: Json = {
    "sub": "65f1c0ffee65f1c0ffee65f1",
    "name": "Ada Lovelace",
    "preferred_username": "ada",
    "profile": "https://huggingface.co/ada",
    "picture": "https://cdn-avatars.huggingface.co/v1/production/uploads/ada.png",
    "website": "",
    "email": "ada@example.com",
    "email_verified": True,
    "isPro": False,
    "orgs": [
        {
            "sub": "65f1c0ffee65f1c0ffee6500",
            "name": "Analytical Engines",
            "preferred_username": "engines",
            "picture": "https://cdn-avatars.huggingface.co/v1/production/uploads/engines.png",
            "isEnterprise": False,
            "roleInOrg": "admin",
        }
    ],
}
"""The userinfo of huggingface.co with the scopes openid, profile and email."""

GOOGLE: Json = {
    "iss": "https://accounts.google.com",
    "azp": "client",
    "sub": "110169484474386276334",
    "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q",
    "hd": "example.com",
    "email": "ada@example.com",
    "email_verified": True,
    "name": "Ada Lovelace",
    "given_name": "Ada",
    "family_name": "Lovelace",
    "picture": "https://lh3.googleusercontent.com/a-/AOh14GjL=s96-c",
}
"""The ID token of accounts.google.com."""

MICROSOFT: Json = {
    "ver": "2.0",
    "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
    "oid": "00000000-0000-0000-66f3-3332eca7ea81",
    "tid": "11111111-aaaa-bbbb-cccc-222222222222",
    "name": "Ada Lovelace",
    "preferred_username": "ada@example.com",
    "email": "ada@example.com",
}
"""The ID token of login.microsoftonline.com; nothing in it says that the address is verified."""

GITLAB: Json = {
    "sub": "1234",
    "sub_legacy": "f2f9d3b8d2c1",
    "name": "Ada Lovelace",
    "nickname": "ada",
    "preferred_username": "ada",
    "email": "ada@example.com",
    "email_verified": True,
    "profile": "https://gitlab.com/ada",
    "picture": "https://gitlab.com/uploads/-/system/user/avatar/1234/avatar.png",
    "groups": ["engines"],
}
"""The userinfo of gitlab.com; its ID token has sub, email and email_verified only."""

GITHUB: Json = {
    "login": "ada",
    "id": 583231,
    "node_id": "MDQ6VXNlcjU4MzIzMQ==",
    "avatar_url": "https://avatars.githubusercontent.com/u/583231?v=4",
    "gravatar_id": "",
    "html_url": "https://github.com/ada",
    "type": "User",
    "site_admin": False,
    "name": "Ada Lovelace",
    "company": None,
    "email": None,
    "two_factor_authentication": True,
    "plan": {"name": "free", "space": 976562499, "private_repos": 9999, "collaborators": 0},
}
"""GET /user of api.github.com; `email` is null unless the profile shows it."""

GITHUB_ADDRESSES: list[Json] = [
    {"email": "old@example.com", "primary": False, "verified": False, "visibility": None},
    {"email": "ada@example.com", "primary": True, "verified": True, "visibility": "private"},
    {
        "email": "583231+ada@users.noreply.github.com",
        "primary": False,
        "verified": True,
        "visibility": None,
    },
]
"""GET /user/emails of api.github.com."""

DISCORD: Json = {
    "id": "80351110224678912",
    "username": "ada",
    "global_name": "Ada Lovelace",
    "discriminator": "0",
    "avatar": "8342729096ea3675442027381ff50dfe",
    "verified": True,
    "email": "ada@example.com",
    "flags": 64,
    "banner": None,
    "accent_color": 16711680,
    "premium_type": 1,
    "mfa_enabled": True,
    "locale": "en-GB",
}
"""GET /users/@me of discord.com with the scopes identify and email."""

APPLE: Json = {
    "sub": "000544.5e201aec537347aeb79d23cbc345170a.1321",
    "email": "dpdcnf87nu@privaterelay.appleid.com",
    "email_verified": "true",
    "is_private_email": "true",
    "nonce_supported": True,
    "real_user_status": 2,
}
"""The ID token of appleid.apple.com, of somebody who hides the address."""

APPLE_USER = (
    '{"name":{"firstName":"Ada","lastName":"Lovelace"},'
    '"email":"dpdcnf87nu@privaterelay.appleid.com"}'
)
"""The form field `user` of Apple's first callback, and of no other."""
