"""The guide is the app: what it shows are files, each once, and no code beside them."""

import pytest

from tests.frontend.app import (
    GUIDE,
    HERE,
    build_inputs,
    code_without_path,
    fingerprint,
    parse_files,
)
from tests.rig.node import require_node

PAGE = "Text.\n\n`lib/a.ts`\n\n```ts\nconst a = 1;\n```\n\nMore.\n\n```sh\nls\n```\n"


def test_all_code_of_the_guide_is_built():
    assert "proxy.ts" in parse_files(GUIDE.read_text())
    assert code_without_path(GUIDE.read_text()) == []


def test_a_file_is_found_by_its_path():
    assert parse_files(PAGE) == {"lib/a.ts": "const a = 1;\n"}


def test_code_without_a_path_is_found():
    assert code_without_path(PAGE) == []
    assert code_without_path(PAGE.replace("`lib/a.ts`", "So:")) == ["const a = 1;\n"]


def test_a_file_that_is_shown_twice_is_found():
    with pytest.raises(AssertionError, match="shown twice"):
        parse_files(PAGE * 2)


def test_an_app_of_other_files_is_another_build():
    require_node(HERE)
    files = build_inputs()
    before = fingerprint(files)
    assert fingerprint(dict(reversed(files.items()))) == before
    assert fingerprint({**files, "proxy.ts": files["proxy.ts"] + "// more"}) != before
    assert fingerprint({**files, "lib/more.ts": ""}) != before
