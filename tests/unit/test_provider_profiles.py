"""What is read from a provider's answer: the documented ones, and those that no provider sends."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.features.providers.profiles import Answers, NoProfile, Profile, read_profile
from backend.web.wire import MAX_NAME_LENGTH, MAX_URL_LENGTH
from tests.rig import provider_answers as documented
from tests.rig.provider_answers import Json

READINGS = {
    "openid": documented.HUGGING_FACE,
    "microsoft": documented.MICROSOFT,
    "github": documented.GITHUB,
    "discord": documented.DISCORD,
    "apple": documented.APPLE,
}


def read(reading: str, *changes: Json, addresses=None, form_user=None) -> Profile:
    """Read the documented answer with changes."""
    claims = dict(READINGS[reading])
    for each in changes:
        claims |= each
    return read_profile(reading, Answers(claims, addresses, form_user))


def summary(profile: Profile) -> tuple[object, ...]:
    return (
        profile.subject,
        profile.email,
        profile.email_verified,
        profile.name,
        profile.image,
    )


@pytest.mark.parametrize(
    ("reading", "claims", "picture"),
    [
        ("openid", documented.HUGGING_FACE, documented.HUGGING_FACE["picture"]),
        ("openid", documented.GOOGLE, documented.GOOGLE["picture"]),
        ("openid", documented.GITLAB, documented.GITLAB["picture"]),
    ],
    ids=["Hugging Face", "Google", "GitLab"],
)
def test_standard_claims(reading, claims, picture):
    profile = read_profile(reading, Answers(claims))
    assert summary(profile) == (claims["sub"], "ada@example.com", True, "Ada Lovelace", picture)


def test_github_s_address_comes_from_the_list():
    profile = read("github", addresses=documented.GITHUB_ADDRESSES)
    assert summary(profile) == (
        "583231",
        "ada@example.com",
        True,
        "Ada Lovelace",
        "https://avatars.githubusercontent.com/u/583231?v=4",
    )


def test_the_address_that_a_github_profile_shows_is_verified_by_the_list_alone():
    shown = {"email": "old@example.com"}
    profile = read("github", shown, addresses=documented.GITHUB_ADDRESSES)
    assert (profile.email, profile.email_verified) == ("old@example.com", False)
    for addresses in (None, [], {"message": "Not Found"}, [None, "ada@example.com", 7]):
        profile = read("github", {"email": "ada@example.com"}, addresses=addresses)
        assert (profile.email, profile.email_verified) == ("ada@example.com", False), addresses
        assert read("github", addresses=addresses).email is None


def test_discord_s_picture_is_made_of_its_hash():
    profile = read("discord")
    assert summary(profile) == (
        "80351110224678912",
        "ada@example.com",
        True,
        "Ada Lovelace",
        "https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png",
    )


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        (
            {"avatar": "a_1269e74af4df7417b13759eae50c83dc"},
            "a_1269e74af4df7417b13759eae50c83dc.gif",
        ),
        ({"avatar": None}, "/embed/avatars/5.png"),
        ({"avatar": None, "discriminator": "1337"}, "/embed/avatars/2.png"),
        ({"avatar": "../../evil"}, "/embed/avatars/5.png"),
        ({"avatar": ["x"], "discriminator": None}, "/embed/avatars/5.png"),
    ],
)
def test_discord_s_other_pictures(changes, end):
    image = read("discord", changes).image
    assert image is not None
    assert image.endswith(end)


def test_apple_tells_a_name_once_and_its_address_comes_from_the_token():
    forged = documented.APPLE_USER.replace("dpdcnf87nu@privaterelay", "root@example")
    for text in (documented.APPLE_USER, forged):
        profile = read("apple", form_user=text)
        assert summary(profile) == (
            documented.APPLE["sub"],
            "dpdcnf87nu@privaterelay.appleid.com",
            True,
            "Ada Lovelace",
            None,
        )
    assert read("apple").name == ""


def test_what_apple_s_callback_says_may_be_anything():
    for text in (
        *("", "x", "null", "[]", '{"name": "Ada"}', '{"name": {"firstName": [1]}}', "\x00"),
        "[" * 5000,
        '{"name":{"firstName":"' + "x" * 9000 + '"}}',
    ):
        assert read("apple", form_user=text).name == ""


@pytest.mark.parametrize(
    ("changes", "verified"),
    [
        ({}, False),
        ({"xms_edov": True}, True),
        ({"xms_edov": "1"}, True),
        ({"xms_edov": 1}, True),
        ({"xms_edov": False}, False),
        ({"xms_edov": "0"}, False),
        ({"verified_primary_email": ["ada@example.com"]}, True),
        ({"verified_secondary_email": ["x@example.com", "ada@example.com"]}, True),
        ({"verified_primary_email": ["x@example.com"]}, False),
        ({"verified_primary_email": "not-ada@example.com"}, False),
        ({"email_verified": "true"}, True),
        ({"email_verified": False, "xms_edov": True}, False),
        ({"email": None, "xms_edov": True}, False),
    ],
)
def test_microsoft_s_address_is_verified_only_if_a_claim_says_so(changes, verified):
    profile = read("microsoft", changes)
    assert profile.subject == documented.MICROSOFT["oid"]
    assert profile.email_verified is verified


@pytest.mark.parametrize(
    ("reading", "name"),
    [("openid", "email_verified"), ("apple", "email_verified"), ("discord", "verified")],
)
def test_an_address_is_verified_only_if_that_is_said_clearly(reading, name):
    for claim in (True, "true"):
        assert read(reading, {name: claim}).email_verified is True
    for claim in (False, "false", "TRUE", "1", "yes", 1, 1.0, None, [True], {"true": True}):
        assert read(reading, {name: claim}).email_verified is False, claim


@pytest.mark.parametrize("reading", READINGS)
def test_what_is_no_address_is_none_and_not_verified(reading):
    for address in (
        *(None, "", "ada", 7, ["ada@example.com"], {"value": "ada@example.com"}, "a@b"),
        "ada@пример.рф",
        "x" * 250 + "@example.com",
        "ada@example.com\nbcc: eve@example.com",
        "ada@example.com\x00",
    ):
        listed = [{"email": address, "verified": True}]
        profile = read(reading, {"email": address}, addresses=listed)
        assert (profile.email, profile.email_verified) == (None, False), address


def test_an_address_is_stored_in_its_normal_form():
    assert read("openid", {"email": " Ada@Example.com "}).email == "ada@example.com"


NAMES = {
    "x" * 10_240: "x" * MAX_NAME_LENGTH,
    "Ada\r\nSet-Cookie: x": "Ada Set-Cookie: x",
    "\x00\x07 Ada\tLovelace\x1b[2J\u2028": "Ada Lovelace [2J",
    "\u202eada\u202c مرحبا": "ada مرحبا",
    "Ada \ud800": "Ada",
    "👩\u200d🔬 Ada": "👩\u200d🔬 Ada",
    "<script>alert(1)</script>": "<script>alert(1)</script>",
    "\n\u200b \u2060": "ada",
    7: "ada",
    None: "ada",
}


def test_a_name_is_one_line_that_can_be_stored_and_seen():
    for name, shown in NAMES.items():
        assert read("openid", {"name": name}).name == shown
    assert read("openid", {"name": ["Ada"]}).name == "ada"


@pytest.mark.parametrize(("reading", "claim"), [("openid", "picture"), ("github", "avatar_url")])
def test_a_picture_that_is_not_on_https_is_none(reading, claim):
    for url in (
        *("javascript:alert(1)", "data:image/png;base64,iVBO", " \x00javascript:alert(1)"),
        *("http://example.com/a.png", "ftp://example.com/a.png", "//example.com/a.png"),
        *("/avatars/a.svg", "https://", "https://user@example.com/a.png", "https://[::1"),
        *("https://example.com:0/a", "https://example.com:x/a", "https://exa mple.com/"),
        *("https:\\\\example.com", "https://example.com/\ud800"),
        *("https://example.com/" + "x" * 2048, "https://example.com/" + "ä" * 800),
        *("", None, 7, ["https://"], {"url": "https://example.com/a.png"}),
    ):
        assert read(reading, {claim: url}).image is None, url


def test_a_picture_s_url_cannot_leave_the_attribute_that_it_is_put_in():
    url = "https://example.com/ä b\".png?x=<y>&z=%20#'`\n"
    assert read("openid", {"picture": url}).image == (
        "https://example.com/%C3%A4%20b%22.png?x=%3Cy%3E&z=%20#'%60"
    )


@pytest.mark.parametrize(
    ("reading", "claim"),
    [
        ("openid", "sub"),
        ("microsoft", "oid"),
        ("github", "id"),
        ("discord", "id"),
        ("apple", "sub"),
    ],
)
def test_without_an_id_nobody_is_known(reading, claim):
    for subject in (
        *(None, "", " ", True, 1.5, float("nan"), [], {}, ["1"]),
        *("x" * 256, 10**255, "a\x00b", "a\nb", "\ud800"),
    ):
        with pytest.raises(NoProfile):
            read(reading, {claim: subject})


def test_plain_oauth_may_call_the_id_otherwise():
    claims = {"id": 7, "email": "ada@example.com", "name": "Ada"}
    assert read_profile("openid", Answers(claims)).subject == "7"
    assert read_profile("openid", Answers(claims | {"sub": "8"})).subject == "8"


def test_claims_can_be_passed_on():
    for odd in ({"bio": "\ud83d"}, {"\ud83d": 1}, {"plan": [{"name": "x\udc00"}]}):
        claims = read("github", odd).claims
        assert json.dumps(claims, ensure_ascii=False).encode()
        assert claims["login"] == "ada"
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(NoProfile):
        read("github", {"plan": deep})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=9), each, max_size=3)
    ),
    max_leaves=9,
)
CLAIMS = st.sampled_from(
    sorted({name for each in READINGS.values() for name in each} | {"xms_edov", "primary"})
)


@given(
    reading=st.sampled_from(sorted(READINGS)),
    changes=st.dictionaries(CLAIMS, ANYTHING, max_size=8),
    addresses=ANYTHING | st.lists(st.dictionaries(CLAIMS, ANYTHING)),
    user=st.none() | st.text() | ANYTHING.map(lambda each: json.dumps({"name": each})),
)
def test_whatever_a_provider_says_a_profile_can_be_stored_or_there_is_none(
    reading, changes, addresses, user
):
    try:
        profile = read(reading, changes, addresses=addresses, form_user=user)
    except NoProfile:
        return
    assert profile.subject.isprintable()
    assert 0 < len(profile.subject) <= 255
    assert len(profile.name) <= MAX_NAME_LENGTH
    assert profile.name.isprintable() or not set(profile.name) & set(map(chr, range(32)))
    profile.name.encode()
    assert profile.email is not None or not profile.email_verified
    if profile.image is not None:
        assert profile.image.startswith("https://")
        assert len(profile.image) <= MAX_URL_LENGTH


@pytest.mark.parametrize("reading", READINGS)
def test_an_answer_that_is_no_object_is_nobody(reading):
    for claims in (None, [], "x", 7, [{"sub": "1"}]):
        with pytest.raises(NoProfile):
            read_profile(reading, Answers(claims))
