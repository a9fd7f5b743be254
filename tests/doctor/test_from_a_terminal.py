"""`python -m doctor` as people and CI run it: a process of its own, against a real server."""

import json
import signal
import subprocess
import sys
import threading
from xml.etree import ElementTree

import httpx
import pytest

from doctor.client.throwaway_account import SIGN_UP
from doctor.command_line import PASSWORD_VARIABLE
from tests.doctor.run_checks import ADMIN, PASSWORD, QUICK, WITH_ADMIN
from tests.rig.proxy import ProxyResponse
from tests.rig.space import ROOT, Space, inherited

LIST = "/api/auth/list-sessions"
TIMEOUT = 60


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    settings = {**QUICK, **WITH_ADMIN, "FRONTEND_URL": "http://127.0.0.1:*"}
    with Space(tmp_path_factory.mktemp("space"), settings) as running:
        yield running


def start_doctor(*arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "doctor", *arguments],
        cwd=ROOT,
        env={**inherited(), "PYTHONUTF8": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_restore_interrupts,
    )


def _restore_interrupts():
    # What a shell runs in the background ignores them, and so would everything begun from there.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(*arguments, **environment):
    process = start_doctor(*arguments, **environment)
    out, err = process.communicate(timeout=TIMEOUT)
    return process.returncode, out, err


def accounts_left(space):
    """The throw-away accounts that are still there, as an admin sees them."""
    with httpx.Client(base_url=space.url, trust_env=False) as admin:
        payload = {"email": ADMIN, "password": PASSWORD}
        assert admin.post("/api/auth/sign-in/email", json=payload).status_code == 200
        body = admin.get("/api/auth/admin/list-users", params={"searchValue": "doctor-"}).json()
        return [user["email"] for user in body["users"]]


class PausedRequest:
    """Something that is under way until the test lets it go on."""

    def __init__(self):
        self.reached, self.released = threading.Event(), threading.Event()

    def pause(self):
        if not self.reached.is_set():
            self.reached.set()
            self.released.wait(TIMEOUT)


@pytest.fixture
def paused():
    request = PausedRequest()
    yield request
    request.released.set()


def test_nothing_broken_is_0(space):
    code, out, err = run(space.url, "--only", "headers")
    assert (code, err) == (0, "")
    assert out.startswith("Reachability\n")
    assert out.endswith("No check failed. 1 check was skipped.\n")
    assert "\x1b" not in out + err
    assert "\r" not in out + err


def test_something_broken_is_1(proxy):
    proxy.after = lambda _, response: response.drop_headers("x-frame-options")
    code, out, _ = run(proxy.url, "--only", "headers", "--quiet")
    assert code == 1
    assert "(headers.frames)" in out
    assert "fix:" in out
    assert "✓" not in out
    assert "1 check failed." in out


def test_what_cannot_begin_is_2_and_a_line(space):
    code, out, err = run("http://[1")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


def test_nobody_there_is_1():
    code, out, _ = run("http://127.0.0.1:9", "--quiet")
    assert code == 1
    assert "nothing answers at http://127.0.0.1:9" in out


def test_help_names_the_exit_codes():
    code, out, _ = run("--help")
    assert code == 0
    assert "exit codes: 0" in " ".join(out.split())


def test_the_document_and_the_report_agree(space, tmp_path):
    file = tmp_path / "doctor.xml"
    code, out, err = run(space.url, "--only", "headers,session", "--json", "--junit", str(file))
    document = json.loads(out)
    suite = ElementTree.fromstring(file.read_bytes())[0]  # noqa: S314  our own
    assert (code, err) == (0, "")
    assert [case.get("name") for case in suite] == [each["check"] for each in document["findings"]]
    assert int(suite.get("skipped")) == document["counts"]["skipped"]
    assert document["verdict"] == "pass"


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_still_deletes_the_account(space, proxy, paused, stop):
    proxy.before = lambda request: paused.pause() if request.path == LIST else None
    process = start_doctor(proxy.url, "--only", "session")
    assert paused.reached.wait(TIMEOUT)
    assert len(accounts_left(space)) == 1
    process.send_signal(stop)
    _, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert err == "doctor: the throw-away account is deleted\ndoctor: interrupted\n"
    assert accounts_left(space) == []


def test_interrupted_while_the_account_is_made_it_still_deletes_it(space, proxy, paused):
    proxy.after = lambda request, _: paused.pause() if request.path == SIGN_UP else None
    process = start_doctor(proxy.url, "--only", "session")
    assert paused.reached.wait(TIMEOUT)
    assert len(accounts_left(space)) == 1
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert accounts_left(space) == []


def test_interrupted_while_it_leaves_it_leaves_all_the_same(space, proxy, paused):
    proxy.before = lambda request: paused.pause() if request.path.endswith("delete-user") else None
    process = start_doctor(proxy.url, "--only", "session.read")
    assert paused.reached.wait(TIMEOUT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert accounts_left(space) == []


def test_an_account_that_stays_is_named(space, proxy, paused):
    def refuse(request):
        if request.path.endswith("delete-user"):
            return ProxyResponse(403)
        return paused.pause() if request.path == LIST else None

    proxy.before = refuse
    process = start_doctor(proxy.url, "--only", "session")
    assert paused.reached.wait(TIMEOUT)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=TIMEOUT)
    (left,) = accounts_left(space)
    assert f"{left} is still there: delete-user answered 403" in err
    code, _, _ = run(space.url, "--only", "reach")
    assert code == 0


def test_when_nobody_reads_on_it_stops_and_still_deletes_the_account(space, proxy, paused):
    before = accounts_left(space)
    proxy.before = lambda request: paused.pause() if request.path == LIST else None
    process = start_doctor(proxy.url, "--only", "session")
    assert process.stdout.readline() == "Reachability\n"
    assert paused.reached.wait(TIMEOUT)
    process.stdout.close()
    paused.released.set()
    err = process.stderr.read()
    assert process.wait(TIMEOUT) == 141
    process.stderr.close()
    assert err == "doctor: the throw-away account is deleted\n"
    assert accounts_left(space) == before


def test_no_secret_is_printed_even_if_the_server_quotes_it(space, proxy, tmp_path):
    secrets = {PASSWORD}

    def quote(request, response):
        for name, value in response.headers:
            if name == "set-cookie" and "session_token=" in value:
                secrets.add(value.partition("=")[2].partition(";")[0])
        if request.path.endswith("sign-in/email"):
            secrets.add(json.loads(request.body)["password"])
            quoted = {"message": f"not with {json.loads(request.body)['password']}"}
            response.status, response.chunks = 401, [json.dumps(quoted).encode()]

    proxy.after = quote
    file = tmp_path / "doctor.xml"
    pause = {PASSWORD_VARIABLE: PASSWORD}
    results = [run(proxy.url, "--email", ADMIN, "--junit", str(file), **pause)]
    results.append(run(proxy.url, "--email", ADMIN, "--json", "--only", "admin,session", **pause))
    everything = str(results) + file.read_text()
    assert "not with ***" in everything
    assert len([each for each in secrets if each]) > 5
    assert [secret for secret in secrets if secret and secret in everything] == []
