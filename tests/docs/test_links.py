"""Links between the pages lead somewhere, down to the heading, and settings in them exist."""

import re
from pathlib import Path

import pytest

from backend.kernel.configuration.provider_presets import ANY, PRESETS
from backend.kernel.configuration.providers import SUFFIXES
from backend.kernel.settings import Settings
from tests.docs.guide import GUIDES, ROOT, list_anchors, list_blocks, page_name, remove_blocks

PAGES = [*GUIDES, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs/decisions").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
SETTING = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)(?:=[^`\n]*)?`")
ASSIGNED = re.compile(r"(?:^|[\s(])(?:-e )?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)=", re.M)
# Names in capitals that are not settings of Gatehouse.
OTHERS = {
    "NEXT_PUBLIC_",
    "GET",
    "POST",
    "CMD",
    "HEALTHCHECK",
    "CNAME",
    "LISTEN",
    "NOTIFY",
    "ADDRESS",
}
OTHERS |= {"FOLDER", "OWNER", "NAME", "CI", "URL", "NEXT_PUBLIC", "PYTHONPATH"}
OTHERS |= {"ARGS", "QUICK"}  # of the Makefile
OTHERS |= {"PGPASSWORD", "PGPASSFILE", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"}  # of libraries
OTHERS |= {"BETTER_AUTH_SECRET", "BETTER_AUTH_SECRETS"}  # of those who move in
PROVIDERS = {
    f"OIDC_{provider_id.upper()}_{suffix}"
    for provider_id, preset in {**PRESETS, "mycompany": ANY, "forum": ANY}.items()
    for suffix in (*SUFFIXES, *preset.settings)
}
"""Settings of providers; mycompany and forum are the guide's own."""
CLIENTS = "GATEHOUSE_"  # prefix of the settings of the frontend, the doctor and the notebooks


def find_broken_links(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    broken_links = []
    for groups in LINK.findall(remove_blocks(page.read_text())):
        target = "".join(groups)
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        if not file.exists() or (anchor and anchor not in list_anchors(file)):
            broken_links.append(target)
    return broken_links


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_link_leads_somewhere(page):
    assert find_broken_links(page) == []


def test_every_page_can_be_found_from_the_index():
    index = (ROOT / "docs/README.md").read_text()
    pages = {page.name for page in GUIDES if page.parent == ROOT / "docs"} - {"README.md"}
    assert {page for page in pages if f"]({page})" not in index} == set()


def find_settings(text: str) -> set[str]:
    """The settings that a page names in its prose."""
    return set(SETTING.findall(text))


@pytest.mark.parametrize("page", GUIDES, ids=page_name)
def test_every_setting_named_exists(page):
    text = page.read_text()
    settings = {name.upper() for name in Settings.model_fields}
    # What the API refuses with is in capitals, too; docs/api.md has those, held by its own test.
    refusals = find_settings((ROOT / "docs/api.md").read_text()) - settings
    assigned = {
        name
        for block in list_blocks(page)
        if block.language in {"sh", "ini", "env"}
        for name in ASSIGNED.findall(block.text)
    }
    known = settings | refusals | PROVIDERS | OTHERS
    unknown = (find_settings(remove_blocks(text)) | assigned) - known
    assert {name for name in unknown if not name.startswith(CLIENTS)} == set()


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "there.md").write_text("# Which `PUBLIC_URL`, then?\n\n## Twice\n\n## Twice\n")
    page = tmp_path / "guide.md"
    page.write_text(
        "[a](there.md) [b](there.md#which-public_url-then) [c](there.md#twice-1)\n"
        "[d](gone.md) [e](there.md#twice-2) [f](#nothing) [g](https://example.com)\n"
        '<img src="gone.png">\n\n```sh\n# [h](gone.md)\n```\n'
    )
    assert find_broken_links(page) == ["gone.md", "there.md#twice-2", "#nothing", "gone.png"]


def test_an_invented_setting_is_found():
    assert find_settings("set `PUBLIC_URL` and `NO_SUCH=on`, not `python -m X_Y`") == {
        "PUBLIC_URL",
        "NO_SUCH",
    }
