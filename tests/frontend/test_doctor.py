"""The last word of the guide: its command for the doctor, on what the guide has built."""

import shlex
import subprocess
import sys
from pathlib import Path

from tests.docs.guide import find_section
from tests.frontend.app import GUIDE
from tests.frontend.visitor import DeployedApp
from tests.rig.space import ROOT, inherited

SECTION = "It works locally, but the cookie is gone on Vercel"
GROUPS = "cookies,origins,stream,frontend"


def test_the_doctor_finds_nothing_broken(deployed: DeployedApp, tmp_path: Path):
    (command,) = find_section(str(GUIDE.relative_to(ROOT)), SECTION)
    urls = {
        "https://OWNER-NAME.hf.space": deployed.edge_of_space.url,
        "https://app.example.com": deployed.url,
        ".venv/bin/python": sys.executable,
    }
    arguments = [urls.get(argument, argument) for argument in shlex.split(command.text)]
    deployed.edge_of_space.caller = deployed.edge.caller = "203.0.113.250"  # one machine, two ways
    certificates = tmp_path / "certificates.pem"
    edges = deployed.edge, deployed.edge_of_space
    certificates.write_text("".join(edge.certificate.read_text() for edge in edges))
    result = subprocess.run(
        [*arguments, "--only", GROUPS, "--ca-file", certificates],
        cwd=ROOT,
        env=inherited(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Browsers keep the cookie the app sets" in result.stdout
