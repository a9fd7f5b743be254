"""The two transports: what they send to a server, and how they read its responses."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from backend.features.mail import templates
from backend.features.mail.delivery_errors import NotSent, Rejected, classify_http, classify_smtp
from backend.features.mail.transports import (
    ApiTransport,
    SmtpTransport,
    build_email,
    open_transport,
)
from backend.kernel.secrets.secret import Secret
from backend.kernel.settings import SettingsError
from backend.storage.queries.outbox import WAITING, Mail
from tests.make import make_settings
from tests.rig.processes import free_port
from tests.rig.smtp import SmtpServer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SENDER = "Gatehouse <auth@example.com>"
MESSAGE = templates.RESET_PASSWORD.render(
    "Gatehouse", "ada@example.com", "https://example.com/t", "t"
)
MAIL = Mail(
    id=UUID(int=1),
    kind="reset",
    recipient="ada@example.com",
    message_id="<1@example.com>",
    sealed=None,
    state=WAITING,
    attempts=1,
    due_at=NOON,
    created_at=NOON,
    sent_at=None,
    last_error=None,
)


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """A certificate for 127.0.0.1 that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.com")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=36500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return str(file)


def url_with_password(server, password="s3cret/word"):
    return f"smtp://auth%40example.com:{password.replace('/', '%2F')}@127.0.0.1:{server.port}"


def test_a_password_is_said_over_tls(tmp_path, certificate):
    with SmtpServer(tmp_path, "--certificate", certificate, "--password", "s3cret/word") as server:
        SmtpTransport(url_with_password(server), SENDER).send(MAIL, MESSAGE)

        (received,) = server.received()
    assert received.over_tls


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_password_of_any_alphabet_is_said_as_utf_8(tmp_path, certificate, mechanism):
    other = "LOGIN" if mechanism == "PLAIN" else "PLAIN"
    arguments = ("--certificate", certificate, "--password", "pässwörd大", "--without", other)
    with SmtpServer(tmp_path, *arguments) as server:
        word = "p%C3%A4ssw%C3%B6rd%E5%A4%A7"
        SmtpTransport(url_with_password(server, word), SENDER).send(MAIL, MESSAGE)

        assert len(server.received()) == 1
        with pytest.raises(NotSent, match="535"):
            SmtpTransport(url_with_password(server, "p%C3%A4"), SENDER).send(MAIL, MESSAGE)


def test_a_wrong_password_is_for_the_owner_to_mend(tmp_path, certificate):
    with (
        SmtpServer(tmp_path, "--certificate", certificate, "--password", "other") as server,
        pytest.raises(NotSent, match="535"),
    ):
        SmtpTransport(url_with_password(server), SENDER).send(MAIL, MESSAGE)


def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(
    tmp_path, certificate, monkeypatch
):
    monkeypatch.delenv("SSL_CERT_FILE")
    with SmtpServer(tmp_path, "--certificate", certificate) as server:
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            SmtpTransport(f"smtp://127.0.0.1:{server.port}", SENDER).send(MAIL, MESSAGE)

        assert server.received() == []


@pytest.mark.parametrize("userinfo", ["", "auth:word@"])
def test_a_server_without_tls_gets_neither_password_nor_mail(tmp_path, userinfo):
    with SmtpServer(tmp_path) as server:
        with pytest.raises(NotSent, match="no TLS"):
            SmtpTransport(f"smtp://{userinfo}127.0.0.1:{server.port}", SENDER).send(MAIL, MESSAGE)

        assert server.received() == []


def test_a_recipient_nobody_knows_is_rejected_and_a_greylisted_one_is_not(tmp_path):
    with SmtpServer(tmp_path) as server:
        transport = SmtpTransport(server.url, SENDER)
        with pytest.raises(Rejected, match=r"550 5\.1\.1"):
            transport.send(MAIL, replace(MESSAGE, to="unknown@example.com"))
        with pytest.raises(NotSent, match="451"):
            transport.send(MAIL, replace(MESSAGE, to="later@example.com"))


def test_a_server_that_is_not_there_is_tried_again():
    with pytest.raises(NotSent, match="refused"):
        SmtpTransport(f"smtp://127.0.0.1:{free_port()}", SENDER).send(MAIL, MESSAGE)


INJECTIONS = [
    {"to": "ada@example.com\r\nBcc: eve@example.com"},
    {"to": "ada@example.com, eve@example.com"},
    {"to": "ada@example.com>\r\nDATA"},
    {"to": "<ada@example.com>"},
    {"to": ""},
]


@pytest.mark.parametrize("hostile", INJECTIONS, ids=[each["to"][:30] for each in INJECTIONS])
def test_a_recipient_who_is_more_than_one_address_is_rejected_by_both(api, hostile):
    message = replace(MESSAGE, **hostile)
    with pytest.raises(Rejected):
        build_email(MAIL, message, SENDER)
    with pytest.raises(Rejected):
        ApiTransport(api.url, "key", SENDER).send(MAIL, message)

    assert api.requests == []


@pytest.mark.parametrize("subject", ["Hello\r\nBcc: eve@example.com", "Hello\nX-Other: 1", "a\rb"])
def test_a_subject_of_two_lines_makes_no_header(subject):
    with pytest.raises(Rejected):
        build_email(MAIL, replace(MESSAGE, subject=subject), SENDER)


def test_a_message_survives_letters_of_every_alphabet():
    subject = "Größe 大 🔑"
    message = build_email(MAIL, replace(MESSAGE, subject=subject), "Tür & Tor <a@example.com>")

    assert message["Subject"] == "Größe 大 🔑"
    assert b"=?utf-8?" in message.as_bytes()
    assert message.as_bytes().isascii()


class Api(ThreadingHTTPServer):
    """A provider's HTTPS API, without the S."""

    def __init__(self):
        self.requests = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/emails"


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests.append((dict(self.headers), json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()
        self.wfile.write(b"the reason")

    def log_message(self, *_):
        """Log nothing."""


@pytest.fixture
def api():
    with Api() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_api_gets_one_mail_for_one_person_and_what_tells_a_repetition(api):
    transport = ApiTransport(api.url, "the-key", SENDER)
    transport.send(MAIL, MESSAGE)
    transport.send(MAIL, MESSAGE)
    transport.close()

    (headers, body), (again, _) = api.requests
    assert headers["authorization"] == "Bearer the-key"
    assert headers["idempotency-key"] == again["idempotency-key"] == "1@example.com"
    assert body == {
        "from": SENDER,
        "to": ["ada@example.com"],
        "subject": MESSAGE.subject,
        "text": MESSAGE.text,
        "html": MESSAGE.html,
        "headers": {"Message-ID": "<1@example.com>"},
    }


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (400, Rejected),
        (413, Rejected),
        (422, NotSent),
        (301, NotSent),
        (401, NotSent),
        (403, NotSent),
        (409, NotSent),
        (429, NotSent),
        (500, NotSent),
        (503, NotSent),
    ],
)
def test_the_api_refuses_for_ever_or_for_now(api, status, problem):
    api.status = status
    with pytest.raises(problem, match=f"{status} the reason"):
        ApiTransport(api.url, "key", SENDER).send(MAIL, MESSAGE)


@pytest.mark.parametrize(
    ("code", "why", "problem"),
    [
        (550, "5.1.1 no such user", Rejected),
        (550, "5.1.10 null MX", Rejected),
        (550, "5.2.1 mailbox disabled", Rejected),
        (550, "No such user here", Rejected),
        (553, "<relay@domain.example>: mailbox name not allowed", NotSent),
        (550, "<relay@domain.example>: user unknown", Rejected),
        (552, "message exceeds the maximum size", Rejected),
        (552, "5.2.2 mailbox full", NotSent),
        (552, "5.3.4 message too big", Rejected),
        (554, "5.6.0 malformed message", Rejected),
        (554, "5.7.1 <a@example.com>: Relay access denied", NotSent),
        (550, "relay not permitted", NotSent),
        (553, "5.7.1 Sender address rejected: not owned by user", NotSent),
        (550, "5.1.8 sender's domain does not exist", NotSent),
        (550, "5.7.26 unauthenticated mail", NotSent),
        (530, "5.7.0 Authentication required", NotSent),
        (503, "bad sequence of commands", NotSent),
        (554, "transaction failed", NotSent),
        (421, "4.3.2 shutting down", NotSent),
        (451, "4.7.1 greylisted", NotSent),
    ],
)
def test_final_is_what_a_mail_server_says_of_the_recipient_or_the_text_alone(code, why, problem):
    assert type(classify_smtp(code, why.encode())) is problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"message": "Invalid `to` field"}', Rejected),
        ('{"message": "The example.com domain is not verified"}', NotSent),
        ('{"message": "API key is invalid"}', NotSent),
    ],
)
def test_a_400_may_be_of_us(text, problem):
    assert type(classify_http(400, text)) is problem


@pytest.mark.parametrize("end", ["\n", " \r\n", "\t"])
def test_what_was_copied_with_an_api_key_is_no_part_of_it(api, tmp_path, end):
    settings = {"mail_api_url": api.url, "mail_api_key": f" re_key{end}", "mail_from": SENDER}
    open_transport(make_settings(tmp_path, **settings)).send(MAIL, MESSAGE)
    assert api.requests[0][0]["authorization"] == "Bearer re_key"


def test_an_api_that_is_not_there_is_tried_again():
    with pytest.raises(NotSent, match="ConnectError"):
        ApiTransport(f"http://127.0.0.1:{free_port()}/", "key", SENDER).send(MAIL, MESSAGE)


SMTP = Secret("smtp://mail.example.com")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"smtp_url": SMTP}, "MAIL_FROM"),
        ({"smtp_url": SMTP, "mail_from": "nobody"}, "MAIL_FROM"),
        ({"smtp_url": SMTP, "mail_from": "a@example.com, b@example.com"}, "MAIL_FROM"),
        ({"smtp_url": SMTP, "mail_api_url": "https://api.example.com"}, "both"),
        ({"smtp_url": Secret("mail.example.com:587"), "mail_from": SENDER}, "SMTP_URL"),
        ({"smtp_url": Secret("smtp://host:port"), "mail_from": SENDER}, "SMTP_URL"),
        ({"smtp_url": Secret("smtp://:587"), "mail_from": SENDER}, "SMTP_URL"),
        ({"smtp_url": Secret("smtp://u:p@h?starttls=off"), "mail_from": SENDER}, "unencrypted"),
        ({"smtp_url": Secret("smtp://u:12/34@host"), "mail_from": SENDER}, "percent-encoded"),
        ({"smtp_url": Secret("smtp://u:12#34@host"), "mail_from": SENDER}, "percent-encoded"),
        ({"smtp_url": Secret("smtp://u:12/34@host:25"), "mail_from": SENDER}, "percent-encoded"),
        ({"smtp_url": Secret("smtp://u:12?34@host"), "mail_from": SENDER}, "percent-encoded"),
        ({"smtp_url": Secret("smtp://host/inbox"), "mail_from": SENDER}, "SMTP_URL"),
        ({"smtp_url": Secret("smtp://host?starttls=maybe"), "mail_from": SENDER}, "SMTP_URL"),
        ({"smtp_url": Secret("smtp://host:99999"), "mail_from": SENDER}, "SMTP_URL"),
        ({"smtp_url": Secret("smtp://mail host"), "mail_from": SENDER}, "SMTP_URL"),
        ({"smtp_url": Secret("smtp://u:%E4@host"), "mail_from": SENDER}, "UTF-8"),
        ({"smtp_url": Secret("smtp://u:a%00b@host"), "mail_from": SENDER}, "%00"),
        (
            {
                "mail_api_url": "https://api.example.com",
                "mail_api_key": Secret("two\nlines"),
                "mail_from": SENDER,
            },
            "MAIL_API_KEY",
        ),
        ({"mail_api_url": "api.example.com", "mail_from": SENDER}, "MAIL_API_URL"),
        ({"mail_api_url": "https://api.example.com:x/", "mail_from": SENDER}, "MAIL_API_URL"),
        ({"mail_api_url": "https://api.example.com:99999", "mail_from": SENDER}, "MAIL_API_URL"),
        ({"mail_api_url": "https://u:12@api.example.com", "mail_from": SENDER}, "MAIL_API_URL"),
        ({"mail_api_url": "https://api.example.com/a b", "mail_from": SENDER}, "MAIL_API_URL"),
    ],
)
def test_settings_that_cannot_send_are_refused_in_plain_words(tmp_path, options, word):
    with pytest.raises(SettingsError, match=word) as raised:
        open_transport(make_settings(tmp_path, **options))
    assert not any(part in str(raised.value) for part in ("lines", "12", "34@"))


def test_the_api_key_travels_in_clear_on_nobodys_production(tmp_path):
    settings = {"mail_api_url": "http://api.example.com/", "mail_from": SENDER}
    assert isinstance(open_transport(make_settings(tmp_path, **settings)), ApiTransport)
    with pytest.raises(SettingsError, match="https"):
        open_transport(
            make_settings(tmp_path, environment="production", bcrypt_rounds=12, **settings)
        )


def test_no_mailer_is_no_transport(tmp_path):
    assert open_transport(make_settings(tmp_path)) is None
