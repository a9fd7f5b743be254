"""The two transports of mail: SMTP, and a provider's HTTPS API.

A Space may not open the SMTP ports (25, 465, 587); there only the API works.
`delivery_errors.py` classifies the errors of both.
"""

import re
import smtplib
import ssl
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Protocol
from urllib.parse import unquote, urlsplit

import httpx

from backend.features.mail.delivery_errors import NotSent, Rejected, classify_http, classify_smtp
from backend.features.mail.service import Message
from backend.kernel.configuration.web_urls import is_host
from backend.kernel.email_address import is_email_address
from backend.kernel.settings import Settings, SettingsError
from backend.storage.queries.outbox import Mail

_TIMEOUT = 30.0  # seconds per response
_SMTP_EXAMPLE = (
    "SMTP_URL must look like smtp://user:password@mail.example.com:587, with special characters of "
    "the password percent-encoded"
)


class Transport(Protocol):
    """Sends one mail to one person, or raises Rejected or NotSent."""

    def send(self, mail: Mail, message: Message) -> None: ...

    def close(self) -> None: ...


class SmtpTransport:
    """Sends by SMTP, over TLS unless the URL ends in `?starttls=off`."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._implicit_tls = parts.scheme == "smtps"
        self._host = parts.hostname or ""
        self._port = parts.port or (465 if self._implicit_tls else 587)
        self._user = _decode(parts.username or "")
        self._password = _decode(parts.password or "")
        self._plaintext = parts.query.lower() == "starttls=off"
        self._sender = sender
        self._tls = ssl.create_default_context()
        if self._plaintext and self._user:
            raise SettingsError("SMTP_URL: starttls=off would send the password unencrypted")

    def send(self, mail: Mail, message: Message) -> None:
        email = build_email(mail, message, self._sender)
        try:
            server = self._connect()
            try:
                self._greet(server)
                server.send_message(email)
                # The server has accepted it: an error on QUIT must not send it a second time.
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
            finally:
                server.close()
        except smtplib.SMTPRecipientsRefused as refused:
            code, reason = next(iter(refused.recipients.values()))
            raise classify_smtp(code, reason) from refused
        except smtplib.SMTPDataError as refused:
            raise classify_smtp(refused.smtp_code, refused.smtp_error) from refused
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """No connection is kept between two mails."""

    def _connect(self) -> smtplib.SMTP:
        # EHLO with the sender's domain, never with this container's own name.
        sender_domain = parseaddr(self._sender)[1].rpartition("@")[2]
        if self._implicit_tls:
            return smtplib.SMTP_SSL(
                self._host, self._port, sender_domain, timeout=_TIMEOUT, context=self._tls
            )
        return smtplib.SMTP(self._host, self._port, sender_domain, timeout=_TIMEOUT)

    def _greet(self, server: smtplib.SMTP) -> None:
        server.ehlo()
        if not self._implicit_tls and not self._plaintext:
            if not server.has_extn("starttls"):  # or an attacker in between has removed it
                raise NotSent(
                    "the mail server offers no TLS; where the network to it is your own, "
                    "add ?starttls=off to SMTP_URL"
                )
            server.starttls(context=self._tls)
            server.ehlo()
        if self._user:
            self._sign_in(server)

    def _sign_in(self, server: smtplib.SMTP) -> None:
        if f"{self._user}{self._password}".isascii():
            server.login(self._user, self._password)
            return
        # smtplib knows ASCII only; the mechanisms themselves are UTF-8 (RFC 4616).
        offered = server.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            credentials = _base64(f"\0{self._user}\0{self._password}")
            code, response = server.docmd("AUTH", f"PLAIN {credentials}")
        elif "LOGIN" in offered:
            code, response = server.docmd("AUTH", f"LOGIN {_base64(self._user)}")
            if code == 334:
                code, response = server.docmd(_base64(self._password))
        else:
            raise NotSent(
                "the mail server offers neither AUTH PLAIN nor AUTH LOGIN, and the others know no "
                "letters beyond ASCII; choose another password"
            )
        if code not in {235, 503}:  # 503: already authenticated
            raise smtplib.SMTPAuthenticationError(code, response)


class ApiTransport:
    """Sends by an HTTPS API that takes from, to, subject, text, html and headers as JSON."""

    def __init__(self, url: str, key: str, sender: str) -> None:
        self._url = url
        self._sender = sender
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(timeout=_TIMEOUT, headers=headers, follow_redirects=False)

    def send(self, mail: Mail, message: Message) -> None:
        _check_recipient(message)
        body = {
            "from": self._sender,
            "to": [message.to],
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "headers": {"Message-ID": mail.message_id},
        }
        # The same at a retry, so that the provider sends the mail only once.
        idempotency: Mapping[str, str] = {"idempotency-key": mail.message_id.strip("<>")}
        try:
            response = self._client.post(self._url, json=body, headers=idempotency)
        except httpx.HTTPError as error:
            raise NotSent(f"{type(error).__name__}: {error}") from error
        if response.is_success:
            return
        raise classify_http(response.status_code, response.text)

    def close(self) -> None:
        self._client.close()


def open_transport(settings: Settings) -> Transport | None:
    """Build the transport of the settings; None keeps mails in the outbox. Raises SettingsError."""
    if settings.smtp_url is None and not settings.mail_api_url:
        return None
    if settings.smtp_url is not None and settings.mail_api_url:
        raise SettingsError("SMTP_URL and MAIL_API_URL are both set; keep the one to send with.")
    sender = _parse_sender(settings)
    if settings.smtp_url is None:
        return ApiTransport(_parse_api_url(settings), _parse_api_key(settings), sender)
    return SmtpTransport(_check_smtp_url(settings.smtp_url.reveal()), sender)


def _check_smtp_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        # A path or an unknown option is mostly the end of a password with a / or a ? in it.
        usable = (
            parts.scheme in {"smtp", "smtps"}
            and is_host(parts.hostname)
            and parts.port != 0
            and parts.path in {"", "/"}
            and parts.query.lower() in {"", "starttls=on", "starttls=off"}
            and not parts.fragment
        )
    except ValueError:  # a port that is no number
        usable = False
    if not usable:
        raise SettingsError(_SMTP_EXAMPLE)
    return url


def build_email(mail: Mail, message: Message, sender: str) -> EmailMessage:
    """Build the message with a text and an HTML part. Raises Rejected for invalid headers."""
    _check_recipient(message)
    email = EmailMessage()
    try:
        email["From"] = sender
        email["To"] = Address(addr_spec=message.to)
        email["Subject"] = message.subject
    except (ValueError, MessageError) as error:  # an attempt to inject a header
        raise Rejected(str(error)) from error
    email["Message-ID"] = mail.message_id
    email["Date"] = format_datetime(mail.created_at)
    email["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to us
    email.set_content(message.text)
    email.add_alternative(message.html, subtype="html")
    return email


def _check_recipient(message: Message) -> None:
    if not is_email_address(message.to):  # exactly one recipient, no injected header
        raise Rejected("the recipient is not an e-mail address")


def _parse_sender(settings: Settings) -> str:
    probe = EmailMessage()
    try:
        probe["From"] = settings.mail_from
        addresses = probe["From"].addresses
    except (ValueError, MessageError):
        addresses = ()
    if len(addresses) != 1 or not is_email_address(addresses[0].addr_spec):
        raise SettingsError("MAIL_FROM must be a sender such as Auth <auth@example.com>")
    return settings.mail_from


def _parse_api_key(settings: Settings) -> str:
    key = settings.mail_api_key.reveal() if settings.mail_api_key else ""
    if not all("!" <= character <= "~" for character in key):
        raise SettingsError(
            "MAIL_API_KEY contains a space or another invalid character; copy it again"
        )
    return key


def _decode(text: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise SettingsError("SMTP_URL: percent-encode the user and the password as UTF-8") from None
    if "\0" in decoded:
        raise SettingsError("SMTP_URL: the user and the password must not contain %00")
    return decoded


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _parse_api_url(settings: Settings) -> str:
    try:
        parts = urlsplit(settings.mail_api_url)
        usable = parts.scheme in {"http", "https"} and is_host(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        usable = False
    if not usable or "@" in parts.netloc or re.search(r"\s", settings.mail_api_url):
        raise SettingsError("MAIL_API_URL must look like https://api.example.com/emails")
    if parts.scheme == "http" and settings.production:
        raise SettingsError("MAIL_API_URL must begin with https://, because the key is sent to it")
    return parts.geturl()
