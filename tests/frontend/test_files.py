"""The guide is the app: it shows and links to its files, and its commands are those we run."""

import json
import re

import pytest

from tests.frontend.app import (
    GUIDE,
    HERE,
    code_without_path,
    create_app,
    example_files,
    fingerprint,
    guide_commands,
    inputs,
    parse_files,
)
from tests.rig.node import require_node

PAGE = "Text.\n\n[`lib/a.ts`](x/a.ts)\n\n```ts\nconst a = 1;\n```\n\nMore.\n\n```sh\nls\n```\n"
PACKAGE = re.compile(r"(?P<name>@?[^@]+)@(?P<version>[\d.]+)")


def pinned_versions() -> dict[str, str]:
    """The packages that the tests install, each in one version."""
    manifest = json.loads((HERE / "package.json").read_text())
    return {**manifest["dependencies"], **manifest["devDependencies"]}


def test_what_the_guide_shows_is_in_the_app():
    shown = parse_files(GUIDE.read_text())
    assert "proxy.ts" in shown
    files = example_files()
    assert {path: files.get(path) for path in shown} == shown
    assert code_without_path(GUIDE.read_text()) == []


def test_the_guide_links_to_every_file_of_the_app():
    links = set(re.findall(r"\(\.\./examples/nextjs/([^)]+)\)", GUIDE.read_text()))
    assert links == set(example_files())


def test_the_guide_names_the_versions_that_are_tested():
    pinned = pinned_versions()
    commands = guide_commands()
    packages = [commands["npx"][1], *commands["npm install"][2:]]
    assert {name: pinned[name] for name, _ in map(split, packages)} == dict(map(split, packages))
    prose = re.findall(r"Next\.js (\S+), React (\S+),\s+better-auth ([\d.]+)", GUIDE.read_text())
    assert prose == [(pinned["next"], pinned["react"], pinned["better-auth"])]


def split(package: str) -> tuple[str, str]:
    match = PACKAGE.fullmatch(package)
    assert match, package
    return match["name"], match["version"]


def test_the_app_is_what_create_next_app_writes_and_the_files_of_the_guide(tmp_path):
    require_node(HERE)
    app = tmp_path / "app"
    create_app(app)
    assert {path: (app / path).read_text() for path in example_files()} == example_files()
    created = (app / "next.config.created.ts").read_text()
    assert "cacheComponents: true" in created
    assert "partialPrefetching: true" in created
    manifest = json.loads((app / "package.json").read_text())
    packages = {**manifest["dependencies"], **manifest["devDependencies"]}
    installed = dict(map(split, guide_commands()["npm install"][2:]))
    pinned = pinned_versions()
    assert set(packages) | set(installed) | {"create-next-app"} == set(pinned)
    for name, version in packages.items():
        if name not in installed:  # ^4 takes any 4.x, so a pinned one is as good as another
            assert re.fullmatch(r"\^\d+", version), f"{name}@{version}"
            assert pinned[name].split(".")[0] == version.removeprefix("^")


def test_a_file_is_found_by_its_path():
    assert parse_files(PAGE) == {"lib/a.ts": "const a = 1;\n"}


def test_code_without_a_path_is_found():
    assert code_without_path(PAGE) == []
    assert code_without_path(PAGE.replace("[`lib/a.ts`](x/a.ts)", "So:")) == ["const a = 1;\n"]


def test_a_file_that_is_shown_twice_is_found():
    with pytest.raises(AssertionError, match="shown twice"):
        parse_files(PAGE * 2)


def test_an_app_of_other_files_is_another_build():
    require_node(HERE)
    files = inputs()
    before = fingerprint(files)
    assert fingerprint(dict(reversed(files.items()))) == before
    assert fingerprint({**files, "proxy.ts": files["proxy.ts"] + "// more"}) != before
    assert fingerprint({**files, "lib/more.ts": ""}) != before
