"""A machine of its own for the commands of a guide, as far as a folder can be one.

What the guides say of /opt and /etc happens below the scene's folder, their ports become free ones,
and what would change the machine itself (users, owners, services) is done by small stand-ins.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, pairwise
from pathlib import Path

import httpx

from scripts.prove_dockerfile import instructions
from tests.docs.guide import ROOT, Block
from tests.rig import shared
from tests.rig.processes import free_port
from tests.rig.space import inherited

PLACES = ("/opt/gatehouse", "/etc/systemd/system")
PORTS = ("7860", "7861", "7862")
COPIED = [
    rest.split()[-2]
    for step, rest in instructions((ROOT / "Dockerfile").read_text())
    if step == "COPY"
]
REST = ("Dockerfile", ".dockerignore", "README.md", "Makefile", "scripts", ".gitignore", "examples")
PROJECT_FILES = (*COPIED, *REST)
ORIGIN = "https://auth.example.com"
PASSWORD = "correct horse battery"
SERVER_SETTINGS = {"BCRYPT_ROUNDS": "10", "PANEL": "off", "RATE_LIMITS": "off"}
LONGER_RETRIES = {"--retry 30": "--retry 300"}
"""The machine of a test may be busier than a reader's."""
STAND_INS = {
    "systemctl": f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m tests.docs.systemctl "$@"',
    "runuser": 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"',
    "python3": f'exec "{sys.executable}" "$@"',
    "useradd": "exit 0",
    "chown": "exit 0",
    "journalctl": 'cat "$SCENE"/journal/*',
}
_CONTROL = re.compile(r"\x1b\[[\d;]*m")


class Scene:
    """A fresh machine on which this repository lies in /opt/gatehouse, with its packages installed.

    `settings` are those of every server; `replacements` are what a reader puts in place of an
    example.
    """

    def __init__(
        self,
        root: Path,
        settings: Mapping[str, str] | None = None,
        replacements: Mapping[str, str] | None = None,
    ) -> None:
        self.root, self.context = root, root / "opt/gatehouse"
        self.ports = {port: str(free_port()) for port in PORTS}
        self.url = f"http://127.0.0.1:{self.ports['7860']}"
        places = {place: f"{root}{place}" for place in PLACES}
        replacements = replacements or {}
        self._usual_replacements = {**self.ports, **places, **LONGER_RETRIES, **replacements}
        self._settings = {**SERVER_SETTINGS, "PORT": self.ports["7860"], **(settings or {})}
        for folder in ("home", "etc/systemd/system", "journal", "run", "bin"):
            (root / folder).mkdir(parents=True)
        _copy_project(self.context)
        for name, script in STAND_INS.items():
            _write_program(root / "bin" / name, script)

    def follow(
        self, blocks: Sequence[Block], replacements: Mapping[str, str] | None = None
    ) -> list[str]:
        """Type the runnable ones of these blocks into one shell; returns what each printed.

        `replacements` come before the usual ones, for this call alone. Fails, with the place in the
        guide, if one does not end well or does not show what is promised.
        """
        self._replacements = {**self._usual_replacements, **(replacements or {})}
        typed = [block for block in blocks if block.kind in {"run", "starts"}]
        assert typed, "there is nothing to run in these blocks"
        script = "\n".join([_PROLOGUE, *(self._line(n, block) for n, block in enumerate(typed))])
        process = subprocess.run(
            ["bash", "-c", script],
            cwd=self.context,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        *printed, rest = process.stdout.split("\0")
        if process.returncode:
            block = typed[min(len(printed), len(typed) - 1)]
            raise AssertionError(
                f"{block.place} ended with {process.returncode}:\n{rest}\n{self.journal}"
            )
        self._compare(blocks, dict(zip(typed, printed, strict=True)))
        return printed

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the scene's shell."""
        home = str(self.root / "home")
        path = f"{self.root / 'bin'}:{os.environ['PATH']}"  # noqa: TID251
        run = {shared.FOLDER: os.environ[shared.FOLDER]}  # noqa: TID251
        base = {**inherited(), **run, **self._settings, "HOME": home, "PATH": path}
        git_identity = {
            f"GIT_{role}_{field}": "a@b.co"
            for role in ("AUTHOR", "COMMITTER")
            for field in ("NAME", "EMAIL")
        }
        return {**base, **git_identity, "SCENE": str(self.root), "SCENE_SETTINGS": json.dumps(base)}

    @property
    def journal(self) -> str:
        """What all services have logged."""
        files = sorted((self.root / "journal").iterdir())
        return "\n".join(_CONTROL.sub("", file.read_text(errors="replace")) for file in files)

    def close(self) -> None:
        """End every service that a guide has left running."""
        units = [file.name for file in (self.root / "run").iterdir()]
        subprocess.run(["systemctl", "stop", *units], env=self.environment, check=True)

    def _line(self, number: int, block: Block) -> str:
        file = self.root / f"block-{number}.sh"
        file.write_text(self._replace(block.text))
        if block.kind == "starts":
            url = self._replace(block.note)
            return f"bash -euo pipefail {file} </dev/null & {_UNTIL} {url}; printf '\\0'"
        return f". {file} </dev/null; printf '\\0'"

    def _replace(self, text: str) -> str:
        # In one pass: a free port such as 27861 must not be taken for another example of a guide.
        examples = "|".join(map(re.escape, self._replacements))
        return re.sub(examples, lambda found: self._replacements[found[0]], text)

    def _compare(self, blocks: Sequence[Block], printed: Mapping[Block, str]) -> None:
        for before, block in pairwise(blocks):
            if block.kind == "shows":
                missing = find_missing_lines(self._replace(block.text), printed[before])
                assert not missing, f"{block.place} promises {missing}, but:\n{printed[before]}"


_PROLOGUE = """
set -euo pipefail
trap 'for job in $(jobs -p); do kill -- -$job || true; done; wait' EXIT
set -m
"""
_UNTIL = "curl -fsS -o /dev/null --retry 250 --retry-delay 1 --retry-connrefused"


def find_missing_lines(expected: str, printed: str) -> list[str]:
    """The lines of `expected` that are not printed, where ... stands for anything."""
    lines = [line.strip() for line in printed.splitlines()]
    patterns = {
        line: ".*".join(map(re.escape, line.strip().split("...")))
        for line in expected.splitlines()
        if line.strip() not in {"", "..."}
    }
    return [
        line
        for line, each in patterns.items()
        if not any(re.fullmatch(each, printed_line) for printed_line in lines)
    ]


class Person:
    """A user of the server: an account, an IP address and a session cookie."""

    _addresses = count(1)

    def __init__(self, url: str, email: str = "ada@example.com") -> None:
        self.url, self.email, self.cookie = url, email, ""
        self._address = f"198.51.100.{next(self._addresses)}"  # as the proxy in front names it

    def sign_up(self) -> int:
        return self._authenticate("sign-up", {"name": "Ada"})

    def sign_in(self, password: str = PASSWORD, url: str = "") -> int:
        return self._authenticate("sign-in", {}, password, url)

    def sign_out(self) -> int:
        return self._post("/api/auth/sign-out", None).status_code

    def is_known(self, url: str = "") -> bool:
        """Whether the server, or another replica, still accepts the session cookie."""
        response = self.get("/api/auth/get-session", url)
        assert response.status_code == 200
        return bool(response.json())

    def get(self, path: str, url: str = "") -> httpx.Response:
        """Send a GET request with the cookie."""
        full_url = (url or self.url) + path
        return httpx.get(full_url, headers=self._headers, trust_env=False, timeout=60)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Cookie": self.cookie, "X-Forwarded-For": self._address, "Origin": ORIGIN}

    def _post(self, path: str, body: dict[str, str] | None, url: str = "") -> httpx.Response:
        full_url = (url or self.url) + path
        return httpx.post(full_url, json=body, headers=self._headers, trust_env=False, timeout=60)

    def _authenticate(
        self, endpoint: str, more: dict[str, str], password: str = PASSWORD, url: str = ""
    ) -> int:
        body = {"email": self.email, "password": password, **more}
        response = self._post(f"/api/auth/{endpoint}/email", body, url)
        # By hand: a jar would not send a Secure cookie over the plain http of a test.
        cookies = [line.partition(";")[0] for line in response.headers.get_list("set-cookie")]
        self.cookie = "; ".join(cookies) or self.cookie
        return response.status_code


def open_scene(root: Path, **options: Mapping[str, str]) -> Iterator[Scene]:
    """Yield a scene and close it at the end, for a fixture to yield from."""
    scene = Scene(root, **options)
    try:
        yield scene
    finally:
        scene.close()


def _copy_project(context: Path) -> None:
    context.mkdir(parents=True)
    for name in PROJECT_FILES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, context / name)
        else:
            shutil.copy2(source, context / name)
    programs = context / ".venv/bin"
    programs.mkdir(parents=True)
    _write_program(programs / "python", f'exec "{sys.executable}" "$@"')
    shutil.copy2(
        ROOT / "requirements.txt", context / ".venv"
    )  # installed, as scripts/prepare knows it


def _write_program(file: Path, script: str) -> None:
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
