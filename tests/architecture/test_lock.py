"""Every machine installs the chosen packages, in the pinned versions."""

import json
import re

from tests.architecture.source import ROOT

PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==(\S+)", re.M)


def parse_requirements(text: str) -> dict[str, str]:
    """Name and reason of each line of a requirements.in."""
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "-"))]
    return {
        _normalize(re.split(r"[\s\[=<>~;]", line)[0]): line.partition("#")[2].strip()
        for line in lines
    }


def parse_pins(text: str) -> set[tuple[str, str]]:
    """Name and version of each pin of a lock; some names have several, for different Pythons."""
    return {(_normalize(name), version) for name, version in PINNED.findall(text)}


def list_unhashed(text: str) -> list[str]:
    """The pins of a lock that no hash follows."""
    blocks = re.split(r"\n(?=\S)", text)
    return [block.split()[0] for block in blocks if PINNED.match(block) and "--hash=" not in block]


def _normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read(name: str) -> str:
    return (ROOT / name).read_text()


def test_every_choice_has_a_reason():
    requirements = parse_requirements(read("requirements.in"))
    requirements |= parse_requirements(read("requirements-dev.in"))
    assert [name for name, reason in requirements.items() if not reason] == []


def test_every_choice_is_pinned_with_hashes():
    for name in ("requirements", "requirements-dev"):
        lock = read(f"{name}.txt")
        pinned = {package for package, _ in parse_pins(lock)}
        assert set(parse_requirements(read(f"{name}.in"))) - pinned == set()
        assert list_unhashed(lock) == []


def test_the_tests_run_on_the_versions_that_people_get():
    assert parse_pins(read("requirements.txt")) - parse_pins(read("requirements-dev.txt")) == set()


def test_no_lock_says_where_packages_come_from():
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert re.findall(r"^--.*|https?://\S+", read(name), re.M) == []
    packages = json.loads(read("tests/parity/package-lock.json"))["packages"].values()
    assert [package["resolved"] for package in packages if "resolved" in package] == []


def test_what_others_wrote_is_pinned_exactly():
    assert json.loads(read("tests/parity/package.json"))["dependencies"] == {
        "@better-auth/expo": "1.7.6",
        "@better-auth/passkey": "1.7.6",
        "better-auth": "1.7.25",
        "oidc-provider": "9.13.3",
    }


def test_a_careless_lock_is_found():
    assert parse_requirements("# head\n-r other\nfastapi\ngradio==6.*  # the panel\n") == {
        "fastapi": "",
        "gradio": "the panel",
    }
    assert parse_pins("a_b==1.0 \\\n  --hash=sha256:00\nc==2\n") == {("a-b", "1.0"), ("c", "2")}
    assert list_unhashed("a==1.0 \\\n    --hash=sha256:00\nc==2\n    # via a\n") == ["c==2"]
