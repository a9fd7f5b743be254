"""How a server is run, seen by the doctor: right, and wrong in each way it looks for."""

import json

import pytest

from tests.doctor.run_checks import QUICK, WITH_ADMIN, outcome_of, run_checks
from tests.doctor.scripted_proxy import ScriptedProxy
from tests.make import KEY
from tests.rig.smtp import SmtpServer
from tests.rig.space import Space

THROUGH_PROXIES = {"FRONTEND_URL": "http://127.0.0.1:*"}
WELL = {**WITH_ADMIN, **QUICK, **THROUGH_PROXIES, "SECRET_KEY": KEY}
ON_A_SPACE = {
    **WELL,
    "SPACE_ID": "owner/auth",
    "SPACE_HOST": "owner-auth.hf.space",
    "ENVIRONMENT": "production",
    "BCRYPT_ROUNDS": "10",
    "COOKIE_SECURE": "off",
    "DOCS": "on",
    "PUBLIC_URL": "{url}",
}


@pytest.fixture(scope="module")
def well_run(tmp_path_factory):
    """A server whose owner has read the guide."""
    with Space(tmp_path_factory.mktemp("well"), {**WELL, "DOCS": "off"}) as running:
        yield running


@pytest.fixture(scope="module")
def carelessly_run(tmp_path_factory):
    """A production server on a disk that is lost, without limits, with its docs open."""
    with Space(tmp_path_factory.mktemp("careless"), ON_A_SPACE) as running:
        yield running


@pytest.fixture
def change_status():
    """A proxy that changes a field of the status on its way."""
    with ScriptedProxy() as proxy:

        def set_fields(space, **fields):
            def change(request, response):
                if request.path == "/api/admin/status":
                    response.chunks = [
                        json.dumps({**json.loads(response.read()), **fields}).encode()
                    ]

            proxy.target, proxy.after = space.url, change
            return proxy.url

        yield set_fields


OPERATIONS = ("exposure", "version", "admin", "secret", "database", "sessions", "search")


def test_of_a_well_run_server_nothing_is_to_be_mended(well_run):
    findings = run_checks(well_run.url, *OPERATIONS, admin=True)
    assert {name: each.evidence for name, each in findings.items() if each.verdict != "pass"} == {}


def test_without_an_admin_it_says_what_to_give(well_run):
    findings = run_checks(well_run.url, "database", "secret.kept", "admin", "mail", "limits.store")
    skipped = [each for each in findings.values() if each.verdict == "skipped"]
    assert len(skipped) == 6
    assert [each.check for each in skipped if "--email" not in each.evidence] == []


def test_a_disk_that_is_lost_breaks_a_production_server(carelessly_run):
    finding = run_checks(carelessly_run.url, "database", admin=True)["database.lasts"]
    assert finding.verdict == "fail"
    assert "every account" in finding.evidence
    assert "DATABASE_URL" in finding.fix


def test_in_development_such_a_disk_is_worth_a_look(well_run, change_status):
    url = change_status(well_run, database={"kind": "sqlite", "durability": "ephemeral"})
    assert run_checks(url, "database", admin=True)["database.lasts"].verdict == "warn"


def test_snapshots_are_worth_a_look(tmp_path):
    snapshots = {**WELL, "SNAPSHOT_DIR": str(tmp_path / "snapshots")}
    with Space(tmp_path, snapshots) as space:
        finding = run_checks(space.url, "database", admin=True)["database.lasts"]
    assert finding.verdict == "warn"
    assert "crash" in finding.evidence


@pytest.mark.parametrize(
    ("clock", "verdict"),
    [
        ({"comparedWith": "database", "ahead": 3, "right": True}, "pass"),
        ({"comparedWith": "database", "ahead": 8_640_000, "right": False}, "fail"),
        ({"comparedWith": "newest entry", "ahead": 8_640_000, "right": False}, "warn"),
    ],
)
def test_a_clock_that_the_database_does_not_share(well_run, change_status, clock, verdict):
    url = change_status(well_run, clock=clock)
    finding = run_checks(url, "database", admin=True)["database.clock"]
    assert finding.verdict == verdict
    assert f"{clock['ahead']:+d} s" in finding.evidence


def test_limits_that_are_off_break_a_production_server(carelessly_run, well_run):
    assert (
        run_checks(carelessly_run.url, "limits.store", admin=True)["limits.store"].verdict == "fail"
    )
    assert run_checks(well_run.url, "limits.store", admin=True)["limits.store"].verdict == "warn"


@pytest.mark.parametrize(
    ("store", "verdict"),
    [("memory", "pass"), ("redis", "pass"), ("memory, because redis is away", "warn")],
)
def test_where_limits_are_counted(well_run, change_status, store, verdict):
    url = change_status(well_run, limits={"store": store})
    assert run_checks(url, "limits.store", admin=True)["limits.store"].verdict == verdict


def test_public_docs_in_production_are_worth_a_look(carelessly_run, well_run):
    finding = run_checks(carelessly_run.url, "exposure", admin=True)["exposure.docs"]
    assert outcome_of(finding) == ("warn", "anybody can read /docs and /openapi.json")
    finding = run_checks(well_run.url, "exposure")["exposure.docs"]
    assert outcome_of(finding) == ("pass", "/docs answers 404, /openapi.json answers 404")


@pytest.mark.parametrize("key", ["better-auth-secret-12345678901234567890", "changeme"])
def test_a_key_from_an_example_is_recognised(tmp_path, key):
    with Space(tmp_path, {**QUICK, "SECRET_KEY": key}) as space:
        finding = run_checks(space.url, "secret.strong")["secret.strong"]
    assert outcome_of(finding) == ("fail", "the cookie is signed with a well-known example key")
    assert key not in finding.evidence + finding.fix


def test_a_key_that_the_server_knows_from_documentation_breaks_it(well_run, change_status):
    url = change_status(well_run, secret={"state": "example", "oldKeys": 0})
    assert run_checks(url, "secret.kept", admin=True)["secret.kept"].verdict == "fail"


def test_a_generated_key_is_worth_a_look(tmp_path):
    with Space(tmp_path, {**WITH_ADMIN, **QUICK}) as space:
        findings = run_checks(space.url, "secret", admin=True)
    assert findings["secret.kept"].verdict == "warn"
    assert findings["secret.strong"].verdict == "pass"


def test_a_cache_that_is_bypassed_is_worth_a_look(well_run):
    def bypass(request, response):
        if request.path == "/ready":
            state = {
                **json.loads(response.read()),
                "sessions": "bypassed: notifications do not arrive",
            }
            response.chunks = [json.dumps(state).encode()]

    with ScriptedProxy() as proxy:
        proxy.target, proxy.after = well_run.url, bypass
        finding = run_checks(proxy.url, "sessions")["sessions.cached"]
    assert outcome_of(finding) == ("warn", "bypassed: notifications do not arrive")


def test_a_search_without_an_index_is_worth_a_look(well_run, change_status):
    slow = {"kind": "postgresql", "durability": "durable", "userSearch": "reads all users"}
    finding = run_checks(change_status(well_run, database=slow), "search", admin=True)[
        "search.indexed"
    ]
    assert finding.verdict == "warn"
    assert "pg_trgm" in finding.fix


def test_another_public_url_is_worth_a_look(well_run, change_status):
    url = change_status(well_run, publicUrl="https://auth.example.com")
    finding = run_checks(url, "address.public-url", admin=True)["address.public-url"]
    assert finding.verdict == "warn"
    assert "https://auth.example.com" in finding.evidence


def test_a_server_that_is_older_is_said_to_be(well_run, change_status):
    findings = run_checks(change_status(well_run, publicUrl=None), "address.public-url", admin=True)
    assert outcome_of(findings["address.public-url"]) == (
        "skipped",
        "this server is older and does not report its publicUrl",
    )


def test_an_admin_who_is_not_let_in_breaks_it_and_is_tried_once(well_run, monkeypatch):
    paths = []
    monkeypatch.setattr("tests.doctor.run_checks.PASSWORD", "not the owner's password")
    with ScriptedProxy(before=lambda each: paths.append(each.path)) as proxy:
        proxy.target = well_run.url
        findings = run_checks(proxy.url, "admin", "database", "mail", "secret.kept", admin=True)
    assert findings["admin.let-in"].verdict == "fail"
    assert "401" in findings["admin.let-in"].evidence
    assert findings["database.lasts"].verdict == "skipped"
    assert paths.count("/api/auth/sign-in/email") == 1


def test_mails_that_stay_in_the_outbox_are_worth_a_look(well_run):
    finding = run_checks(well_run.url, "mail", admin=True)["mail.leaves"]
    assert outcome_of(finding) == ("warn", "no mailer is configured: mails stay in the outbox")


@pytest.fixture
def smtp(tmp_path):
    """A mail server."""
    with SmtpServer(tmp_path) as running:
        yield running


def build_mailing_space(tmp_path, smtp, **settings):
    return Space(
        tmp_path, {**WELL, "SMTP_URL": smtp.url, "MAIL_FROM": "auth@example.com", **settings}
    )


def test_mails_that_leave_are_seen_to(tmp_path, smtp):
    with build_mailing_space(tmp_path, smtp) as space:
        finding = run_checks(space.url, "mail", admin=True)["mail.leaves"]
    assert finding.verdict == "pass"
    assert "accepted" in finding.evidence
    assert smtp.received()


def test_a_mail_to_an_account_of_ones_own_is_tried(tmp_path, smtp):
    with build_mailing_space(tmp_path, smtp) as space:
        finding = run_checks(space.url, "mail", admin=True, mail_to="owner@example.com")[
            "mail.leaves"
        ]
        nobody = run_checks(space.url, "mail", admin=True, mail_to="nobody@example.com")[
            "mail.leaves"
        ]
    assert outcome_of(finding) == (
        "pass",
        "the mailer accepted the reset mail to owner@example.com; check that it arrives",
    )
    assert nobody.verdict == "skipped"
    assert "must be the address of an account" in nobody.evidence


def test_a_mail_server_that_is_away_breaks_it(tmp_path, smtp):
    with build_mailing_space(tmp_path, smtp) as space:
        smtp.kill9()
        finding = run_checks(space.url, "mail", admin=True, mail_to="owner@example.com")[
            "mail.leaves"
        ]
        smtp.start()
    assert finding.verdict == "fail"
    assert "was not sent" in finding.evidence


def test_a_mailer_that_refuses_the_invented_address_is_worth_a_look(tmp_path, smtp):
    with build_mailing_space(tmp_path, smtp) as space:
        smtp.kill9()
        finding = run_checks(space.url, "mail", admin=True)["mail.leaves"]
        smtp.start()
    assert finding.verdict == "warn"
    assert "--mail-to" in finding.fix
