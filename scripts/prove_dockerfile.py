"""Proves the Dockerfile where there is no container engine: runs its steps in a fresh Debian.

    python scripts/prove_dockerfile.py BASE [--port 7860]     as root, on Linux with debootstrap

BASE is a folder for the base system, made there the first time. What this does not prove is said in
docs/deploy-elsewhere.md.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import IO

HERE = Path(__file__).resolve().parents[1]
SUITE = "trixie"  # its Python is 3.13, as in the image that the Dockerfile starts from
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HOST_VARIABLES = (
    "PIP_INDEX_URL",
    "HTTPS_PROXY",
    "https_proxy",
)  # for pip only
USER = {"name": "Ada", "email": "ada@example.com", "password": "correct horse battery"}
PANEL_OWNER = {"email": "owner@example.com", "password": "wrong battery staple"}
OWNER = {"ADMIN_EMAIL": PANEL_OWNER["email"], "ADMIN_PASSWORD": PANEL_OWNER["password"]}


@dataclass
class Image:
    """A root folder, and what the Dockerfile has said so far."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    workdir: str = "/"
    user: str = "0"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def ids(self, user: str) -> tuple[str, str]:
        """Return uid and gid of a user given by name or number."""
        for line in (self.root / "etc/passwd").read_text().splitlines():
            name, _, uid, gid, *_ = line.split(":")
            if user in {name, uid}:
                return uid, gid
        return user, user

    def healthy(self, user: str, env: dict[str, str]) -> bool:
        """Ask as HEALTHCHECK does."""
        return self.start(self.health, user, env, subprocess.DEVNULL).wait() == 0

    def start(
        self, command: list[str], user: str, env: dict[str, str], log: IO[bytes] | int
    ) -> subprocess.Popen[bytes]:
        """Start a command in the image as process 1, the way an engine does."""
        uid, gid = self.ids(user)
        inside = ["chroot", f"--userspec={uid}:{gid}", "--groups=", str(self.root)]
        alone = ["unshare", "--pid", "--fork", "--kill-child", f"--mount-proc={self.root}/proc"]
        return subprocess.Popen(
            [*alone, *inside, "env", "-C", self.workdir, *command],
            env={**self.env, **env},
            stdout=log,
            stderr=log,
        )


def instructions(text: str) -> list[tuple[str, str]]:
    """Read a Dockerfile: one pair of name and rest for each instruction."""
    code = re.sub(r"^\s*#.*\n", "", text, flags=re.M).replace("\\\n", " ")
    return [(name, rest.strip()) for name, _, rest in map(_split, code.splitlines()) if name]


def _split(line: str) -> tuple[str, str, str]:
    return line.strip().partition(" ")


def is_in_build_context(path: Path, patterns: list[str]) -> bool:
    """Tell whether .dockerignore lets a file into the build; the last pattern that fits decides."""
    names = [str(each) for each in (path, *path.parents)][:-1]
    verdict = True
    for pattern in patterns:
        plain = pattern.removeprefix("!")
        fits = any(fnmatch(name, plain) or fnmatch(f"/{name}", plain[2:]) for name in names)
        verdict = pattern.startswith("!") if fits else verdict
    return verdict


def build(image: Image) -> None:
    """Follow the Dockerfile, step by step."""
    for name, rest in instructions((HERE / "Dockerfile").read_text()):
        print(f"{name} {' '.join(rest.split())[:90]}")
        step = {
            "ENV": _env,
            "WORKDIR": _workdir,
            "RUN": _run,
            "COPY": _copy,
            "USER": _user,
            "CMD": _cmd,
            "HEALTHCHECK": _health,
        }.get(name)
        if step:
            step(image, rest)
        elif name not in {"FROM", "EXPOSE"}:
            sys.exit(f"this script does not know {name}")


def _env(image: Image, rest: str) -> None:
    image.env |= dict(part.split("=", 1) for part in shlex.split(rest))


def _workdir(image: Image, rest: str) -> None:
    image.workdir = rest
    image.root.joinpath(rest[1:]).mkdir(parents=True, exist_ok=True)


def _user(image: Image, rest: str) -> None:
    image.user = rest


def _cmd(image: Image, rest: str) -> None:
    image.command = json.loads(rest)


def _health(image: Image, rest: str) -> None:
    image.health = json.loads(rest.partition("CMD ")[2])


def _run(image: Image, rest: str) -> None:
    more = {name: os.environ[name] for name in HOST_VARIABLES if name in os.environ}
    authorities = image.root / "tmp/authorities.pem"
    if "PIP_CERT" in os.environ:
        shutil.copy(os.environ["PIP_CERT"], authorities)
        more["PIP_CERT"] = f"/{authorities.relative_to(image.root)}"
    with tempfile.TemporaryFile() as log:
        if image.start(["sh", "-c", rest], image.user, more, log).wait():
            log.seek(0)
            sys.exit(f"RUN {rest} failed:\n{log.read().decode(errors='replace')}")
    authorities.unlink(missing_ok=True)


def _copy(image: Image, rest: str) -> None:
    *options, source, target = shlex.split(rest)
    patterns = (HERE / ".dockerignore").read_text().splitlines()
    patterns = [line for line in patterns if line and not line.startswith("#")]
    into = image.root / (Path(image.workdir) / target).relative_to("/")
    owner = next((each.partition("=")[2] for each in options if "--chown=" in each), "0:0")
    uid, gid = (int(image.ids(name)[index]) for index, name in enumerate(owner.split(":")))
    whole = HERE / source
    for file in (whole, *sorted(whole.rglob("*"))):
        if not is_in_build_context(file.relative_to(HERE), patterns):
            continue
        place = into / (file.relative_to(whole) if whole.is_dir() else file.name)
        if file.is_dir():
            place.mkdir(exist_ok=True)
        else:
            shutil.copy(file, place)
        os.chown(place, uid, gid)


def prove(image: Image, user: str, port: int) -> None:
    """Start the image as this user, use it, stop it with SIGTERM, and find everything again."""
    print(f"as uid {user}")
    env = {"PORT": str(port), "SECRET_KEY": os.urandom(32).hex(), **OWNER}
    for path in ("sign-up", "sign-in"):
        with tempfile.TemporaryFile() as log:
            process = image.start(image.command, user, env, log)
            try:
                smoke_test(ImageClient(f"http://localhost:{port}", process), path)
                expect(image.healthy(user, env), "HEALTHCHECK finds it healthy")
                began = time.monotonic()
                os.kill(find_init_pid(process), signal.SIGTERM)
                code = process.wait(30)
                expect(code == 0, f"SIGTERM: code {code} after {time.monotonic() - began:.1f} s")
            finally:
                if process.poll() is None:
                    os.kill(find_init_pid(process), signal.SIGKILL)
            expect(not image.healthy(user, env), "HEALTHCHECK finds it gone")
            log.seek(0)
            problems = [line for line in log if re.search(rb"Traceback|Warning|error", line)]
            expect(not problems, f"nothing in the log but news {problems or ''}")


def smoke_test(client: "ImageClient", path: str) -> None:
    """Sign up or in, be known, and see the panel."""
    began = time.monotonic()
    client.wait_for("/health")
    print(f"  GET /health: 200 after {time.monotonic() - began:.1f} s")
    client.post(f"/api/auth/{path}/email", USER, json.dumps)
    print(f"  POST {path}/email: 200, and GET /api/me knows {client.name()}")
    client.post("/admin/login", PANEL_OWNER, urllib.parse.urlencode)
    client.wait_for("/admin/")
    print(f"  GET /admin/: 200 after {time.monotonic() - began:.1f} s")


def find_init_pid(process: subprocess.Popen[bytes]) -> int:
    """Return the number that process 1 of the image has out here."""
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


class ImageClient:
    """An HTTP client that keeps cookies, sends an Origin, and ignores proxy settings."""

    def __init__(self, base: str, server: subprocess.Popen[bytes]) -> None:
        self._base, self._server = base, server
        cookies = urllib.request.HTTPCookieProcessor()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def get(self, path: str) -> bytes:
        with self._opener.open(self._base + path, timeout=10) as response:
            return bytes(response.read())

    def post(
        self, path: str, fields: dict[str, str], form: Callable[[dict[str, str]], str]
    ) -> None:
        """Send JSON or a form; raises HTTPError when refused."""
        media_type = (
            "application/json" if form is json.dumps else "application/x-www-form-urlencoded"
        )
        headers = {"Content-Type": media_type, "Origin": self._base}
        request = urllib.request.Request(self._base + path, form(fields).encode(), headers)
        try:
            self._opener.open(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            if error.url == request.full_url:  # or else taken, and the page it leads to still loads
                raise

    def name(self) -> str:
        return str(json.loads(self.get("/api/me"))["user"]["name"])

    def wait_for(self, path: str) -> None:
        """Ask until the answer is 200; ends the program if the server ends or a minute passes."""
        for _ in range(600):
            if self._server.poll() is not None:
                sys.exit(f"the server ended with code {self._server.returncode}")
            try:
                self.get(path)
            except urllib.error.URLError:
                time.sleep(0.1)
            else:
                return
        sys.exit(f"GET {path} did not come within a minute")


def expect(condition: bool, description: str) -> None:
    if not condition:
        sys.exit(f"NOT SO: {description}")
    print(f"  {description}")


def megabytes(folder: Path) -> int:
    du = subprocess.run(["du", "-sm", folder], check=True, capture_output=True, text=True)
    return int(du.stdout.split()[0])


def base_system(folder: Path) -> None:
    """Make what stands in for the Dockerfile's base image, unless it is there."""
    if (folder / "usr/local/bin/pip").exists():
        return
    print(f"making Debian {SUITE} in {folder} ...")
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, folder],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    subprocess.run(["chroot", folder, "python3", "-m", "venv", "/usr/local"], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", type=Path)
    parser.add_argument("--port", type=int, default=7860)
    args = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    base_system(args.base)
    with tempfile.TemporaryDirectory() as folder:
        image = Image(Path(folder) / "root")
        subprocess.run(["cp", "-a", args.base, image.root], check=True)
        build(image)
        print(f"{megabytes(image.root) - megabytes(args.base)} MB on top of the base system")
        for user in (image.user, "4242", "0"):
            prove(image, user, args.port)
            for file in image.root.joinpath("app/data").iterdir():  # the next one starts afresh
                file.unlink()
    print("The Dockerfile's steps hold.")


if __name__ == "__main__":
    main()
