"""docs/providers.md: its settings load, and its tables say what the presets are."""

import json
import re

import pytest

from backend.kernel.configuration.provider_presets import PRESETS
from backend.kernel.settings import load_settings
from tests.docs.guide import ROOT, list_blocks
from tests.rig.preset_providers import apple_key
from tests.unit.test_settings import empty_environment

__all__ = ["empty_environment"]

PAGE = ROOT / "docs/providers.md"
TEXT = PAGE.read_text()
BLOCKS = [block for block in list_blocks(PAGE) if block.language == "ini"]
PLACEHOLDER = "-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----"
CLIENT = {"CLIENT_ID": "client", "CLIENT_SECRET": "secret"}
SECTIONS = {
    provider_id: TEXT.partition(f"### {preset.name}\n")[2].partition("\n### ")[0]
    for provider_id, preset in PRESETS.items()
}


def load(tmp_path, text: str):
    """The providers of a `.env` with this text."""
    key = apple_key().as_pem(private=True).decode()
    (tmp_path / ".env").write_text(text.replace(PLACEHOLDER, key.replace("\n", "\\n")))
    return load_settings().providers


@pytest.mark.parametrize("block", BLOCKS, ids=[block.place for block in BLOCKS])
def test_settings_may_be_copied_as_they_are(block, tmp_path):
    text = block.text
    ids = re.findall("OIDC_PROVIDERS=(.*)", text)
    if not ids:  # an addition to the block above it
        ids = [re.findall("OIDC_([A-Z]+)_", text)[0].lower()]
        client = "".join(f"OIDC_{ids[0].upper()}_{each}=x\n" for each in CLIENT)
        text = f"OIDC_PROVIDERS={ids[0]}\n{client}{text}"
    assert [each.id for each in load(tmp_path, text)] == ids[0].split(",")


def test_each_preset_has_its_section_with_its_redirect_uri():
    rows = re.findall(r"^\| \[[^\]]+\]\(#[^)]+\) \| `([a-z]+)` \| (yes|no) \|", TEXT, re.M)
    told = {provider_id: id_token == "yes" for provider_id, id_token in rows}
    assert told == {each: bool(preset.issuer) for each, preset in PRESETS.items()}
    for provider_id, section in SECTIONS.items():
        assert f"`https://auth.example.com/api/auth/callback/{provider_id}`" in section
        assert f"OIDC_PROVIDERS={provider_id}\n" in section
    checked = TEXT.partition("## What the presets were checked against")[2]
    assert re.findall(r"^\| ([A-Z][A-Za-z ]+) \| \[", checked, re.M) == [
        preset.name for preset in PRESETS.values()
    ]


@pytest.mark.parametrize(
    ("settings", "row"),
    [
        ("PUBLIC_URL=https://auth.example.com", 0),
        ("PUBLIC_URL=https://app.example.com", 1),
        ("SPACE_HOST=owner-name.hf.space", 2),
        ("", 3),
    ],
)
def test_the_redirect_uri_is_the_one_in_the_table(settings, row, tmp_path):
    section = TEXT.partition("## The redirect URI")[2].partition("\n## ")[0]
    table = re.findall(r"^\| .* \| `(http[^`]+)` \|$", section, re.M)
    (google,) = load(tmp_path, f"{settings}\n{BLOCKS[2].text}")
    assert google.id == "google"
    assert google.redirect_uri == table[row].replace("OWNER-NAME", "owner-name")


def test_issuers_in_the_prose_load_too(tmp_path):
    for name, value in re.findall(r"`OIDC_([A-Z]+)_ISSUER=([^`]+)`", TEXT):
        client = "".join(f"OIDC_{name}_{each}={text}\n" for each, text in CLIENT.items())
        text = f"OIDC_PROVIDERS={name.lower()}\n{client}OIDC_{name}_ISSUER={value}"
        (found,) = load(tmp_path, text)
        assert found.issuer == value


def test_the_manifest_is_json():
    (block,) = [block for block in list_blocks(PAGE) if block.language == "json"]
    claims = json.loads(f"{{{block.text}}}")["optionalClaims"]["idToken"]
    assert {each["name"] for each in claims} <= {"email", "xms_edov", "verified_primary_email"}
