"""A server that quotes what it was sent: nobody reads a secret in the doctor's findings."""

import html
import json
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus, unquote

import pytest

from doctor import Admin, Deployment, Verdict, examine
from doctor.client.redaction import BLANK, EvidenceRedactor
from doctor.client.secret_text import SecretText
from doctor.client.set_cookie import parse_set_cookie
from doctor.deployment import BadUrl, normalize_origin
from doctor.report.json_report import Report, render_json
from doctor.report.junit_report import render_junit
from panel.client.doctor_run import DoctorRun
from panel.pages.checks import findings as panel_findings
from tests.lazy_import import lazy_import
from tests.rig.space import Space

verdicts = lazy_import("notebooks.helpers.verdicts")

ADMIN, PASSWORD = "owner@example.com", 'it\'s "so" \\ lång, 1 canary'
COOKIE_OF_THE_PROXY = "proxy-canary-77"
PIECE = 10  # characters of a secret that would help somebody


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    settings = {"RATE_LIMITS": "off", "ADMIN_EMAIL": ADMIN, "ADMIN_PASSWORD": PASSWORD}
    settings["FRONTEND_URL"] = "http://127.0.0.1:*"
    with Space(tmp_path_factory.mktemp("space"), settings) as running:
        yield running


class QuotingBehaviour:
    """Quotes at `write_quote` everything secret that it has set or was sent so far."""

    def __init__(self, write_quote):
        self._write_quote = write_quote
        self.secrets = set()

    def __call__(self, request, response):
        response.headers.append(("set-cookie", f"sid={COOKIE_OF_THE_PROXY}; Path=/"))
        values = [parse_set_cookie(line).value for line in response.get_all("set-cookie")]
        if request.path.endswith("/sign-up/email") or PASSWORD in _password(request):
            values.append(_password(request))
        self.secrets |= {form for each in values if each for form in (each, unquote(each))}
        if not request.path.endswith(("/sign-up/email", "/api/auth/ok")):
            self._write_quote(request, response, sorted(self.secrets))


def _password(request):
    return json.loads(request.body).get("password", "") if request.body.startswith(b"{") else ""


def quote_in_message(request, response, sent):
    """At every distance from the end of what the doctor quotes of a message."""
    if request.path in {"/health", "/ready"}:
        return
    padding = sum(map(len, request.path)) * 7 % 90
    message = "x" * padding + " ".join([*sent, *map(repr, sent)])
    response.status, response.chunks = (
        400,
        [json.dumps({"message": message, "code": message}).encode()],
    )


def quote_in_headers(request, response, sent):
    text = quote(" ".join(sent), safe=" =;")
    for name in ("content-security-policy", "server", "x-frame-options", "cache-control"):
        response.set_header(name, text)
    response.set_header("access-control-allow-origin", text)
    response.headers.append(("set-cookie", f"{sent[-1] if sent else 'x'}=1; Domain={text}"))


def quote_in_body_and_redirect(request, response, sent):
    text = " ".join(sent)
    if request.path in {"/health", "/ready"}:
        body = {"status": "ok", "version": text, "sessions": f"bypassed: {text}"}
        response.chunks = [json.dumps(body).encode()]
    elif "sign-" not in request.path and "session" not in request.path:
        response.status = 302
        response.set_header("location", "/login?from=" + quote(text))
        response.set_header("content-type", "text/plain; was=" + quote(text))
        response.chunks = [json.dumps({"message": text}).encode()]


QUOTING_PLACES = [quote_in_message, quote_in_headers, quote_in_body_and_redirect]


@pytest.mark.parametrize("write_quote", QUOTING_PLACES)
def test_no_finding_repeats_a_secret_however_it_is_read(proxy, write_quote):
    proxy.after = quotes = QuotingBehaviour(write_quote)
    deployment = Deployment(proxy.url, admin=Admin(ADMIN, SecretText(PASSWORD)))
    findings = list(examine(deployment))

    assert {PASSWORD, COOKIE_OF_THE_PROXY} <= quotes.secrets
    assert len([each for each in quotes.secrets if len(each) > 40]) > 3, "no session was quoted"
    assert BLANK in str([each.evidence for each in findings])
    written = render_everywhere(deployment, findings)
    assert find_pieces(written, quotes.secrets) == []


def render_everywhere(deployment, findings):
    """The findings as a terminal, a program, CI, a notebook's page and the panel show them."""
    run = DoctorRun(
        deployment, (), "owner", datetime(2026, 1, 1, tzinfo=UTC), findings, is_finished=True
    )
    pages = [
        json.loads(render_json(Report(deployment, run.started_at, 1.0, findings))),
        [render_junit(Report(deployment, run.started_at, 1.0, findings)).decode()],
        verdicts.findings_table(findings, *Verdict).to_html(),
        panel_findings.render_findings(run),
        panel_findings.as_text(run),
    ]
    return "\n".join(html.unescape(unquote(str(page))) for page in pages)


def find_pieces(text, secrets):
    return [
        secret[start : start + PIECE]
        for secret in secrets
        for start in range(max(len(secret) - PIECE + 1, 0))
        if secret[start : start + PIECE] in text
    ]


@pytest.mark.parametrize(
    "url",
    ["http://ada:hunter22@[bad/", "ftp:ada:hunter22@host", "ftp://ada:hunter22@host"],
)
def test_an_address_with_a_password_is_not_repeated_though_it_is_no_address(url):
    with pytest.raises(BadUrl, match="leave user and password out"):
        normalize_origin(url)


@pytest.mark.parametrize(
    "written",
    [
        *(PASSWORD, repr(PASSWORD), json.dumps(PASSWORD), json.dumps(json.dumps(PASSWORD))),
        *(json.dumps(PASSWORD, ensure_ascii=False), html.escape(PASSWORD), quote(quote(PASSWORD))),
        *(quote(PASSWORD, safe=" ,"), quote_plus(PASSWORD), PASSWORD.encode().decode("latin-1")),
    ],
)
def test_a_secret_is_known_however_it_is_written(written):
    redactor = EvidenceRedactor()
    redactor.add(SecretText(PASSWORD), "")
    assert redactor.redact(f"not {written}").strip("not'\\\" ") == BLANK


def test_what_is_no_secret_stays_and_a_long_word_costs_no_minute():
    assert EvidenceRedactor().redact("commit " + "a1" * 20) == "commit " + "a1" * 20
    assert EvidenceRedactor().redact("x" * 300_000) == "x" * 300_000
