"""The two ways a mail leaves: SMTP, and a provider's HTTPS API.

A Space may not open the SMTP ports (25, 465, 587); there only the second works.

What a server says of this recipient or this text is final. What it says of us, such as a wrong
password or a sender it does not know, the owner can mend while the mail waits.
"""

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from backend.features.mail.service import Letter
from backend.kernel.email_address import is_address
from backend.kernel.settings import Settings, SettingsError
from backend.storage.outbox import Mail

_TIMEOUT = 30.0  # seconds for each answer of the other side
_FOR_EVER = {400, 413, 422}  # HTTP: this request, and no other, is wrong
_SMTP_EXAMPLE = "SMTP_URL looks like smtp://user:password@mail.example.com:587"


class Rejected(Exception):
    """The mail will never be taken: trying again is of no use."""


class NotSent(Exception):
    """The mail did not leave this time; it is tried again."""


class Transport(Protocol):
    """Sends one mail to one person, or raises Rejected or NotSent."""

    def send(self, mail: Mail, letter: Letter) -> None: ...

    def close(self) -> None: ...


class SmtpTransport:
    """Sends by SMTP, over TLS unless the URL ends in `?starttls=off`."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._implicit_tls = parts.scheme == "smtps"
        self._host = parts.hostname or ""
        self._port = parts.port or (465 if self._implicit_tls else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._in_clear = parse_qs(parts.query).get("starttls") == ["off"]
        self._sender = sender
        self._tls = ssl.create_default_context()
        if self._in_clear and self._user:
            raise SettingsError("SMTP_URL: a password must not travel in clear; drop starttls=off")

    def send(self, mail: Mail, letter: Letter) -> None:
        message = as_message(mail, letter, self._sender)
        try:
            server = self._connect()
            try:
                self._greet(server)
                server.send_message(message)
                # Now it is theirs. How they take the farewell must not send it a second time.
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
            finally:
                server.close()
        except smtplib.SMTPRecipientsRefused as refused:
            code, why = next(iter(refused.recipients.values()))
            raise _for_ever_if_5xx(code, why) from refused
        except smtplib.SMTPDataError as refused:
            raise _for_ever_if_5xx(refused.smtp_code, refused.smtp_error) from refused
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Nothing is kept open between two mails."""

    def _connect(self) -> smtplib.SMTP:
        us = parseaddr(self._sender)[1].rpartition("@")[2]  # never this container's own name
        if self._implicit_tls:
            return smtplib.SMTP_SSL(self._host, self._port, us, timeout=_TIMEOUT, context=self._tls)
        return smtplib.SMTP(self._host, self._port, us, timeout=_TIMEOUT)

    def _greet(self, server: smtplib.SMTP) -> None:
        server.ehlo()
        if not self._implicit_tls and not self._in_clear:
            if not server.has_extn("starttls"):  # or somebody in between has taken it out
                raise NotSent(
                    "the mail server offers no TLS; where the network to it is your own, "
                    "add ?starttls=off to SMTP_URL"
                )
            server.starttls(context=self._tls)
            server.ehlo()
        if self._user:
            server.login(self._user, self._password)


class ApiTransport:
    """Sends by an HTTPS API that takes from, to, subject, text, html and headers as JSON."""

    def __init__(self, url: str, key: str, sender: str) -> None:
        self._url = url
        self._sender = sender
        allowed = {"authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(timeout=_TIMEOUT, headers=allowed, follow_redirects=False)

    def send(self, mail: Mail, letter: Letter) -> None:
        _check_recipient(letter)
        body = {
            "from": self._sender,
            "to": [letter.to],
            "subject": letter.subject,
            "text": letter.text,
            "html": letter.html,
            "headers": {"Message-ID": mail.message_id},
        }
        # Said again at a repetition, so that the provider sends a mail in flight only once.
        once: Mapping[str, str] = {"idempotency-key": mail.message_id.strip("<>")}
        try:
            answer = self._client.post(self._url, json=body, headers=once)
        except httpx.HTTPError as error:
            raise NotSent(f"{type(error).__name__}: {error}") from error
        if answer.is_success:
            return
        said = f"{answer.status_code} {answer.text[:300]}"
        raise Rejected(said) if answer.status_code in _FOR_EVER else NotSent(said)

    def close(self) -> None:
        self._client.close()


def transport_for(settings: Settings) -> Transport | None:
    """Make what the settings ask for; None keeps mails in the outbox. Raises SettingsError."""
    if settings.smtp_url is None and not settings.mail_api_url:
        return None
    if settings.smtp_url is not None and settings.mail_api_url:
        raise SettingsError("SMTP_URL and MAIL_API_URL are both set; keep the one that shall send.")
    sender = _sender(settings)
    if settings.smtp_url is None:
        key = settings.mail_api_key.reveal() if settings.mail_api_key else ""
        return ApiTransport(_api_url(settings), key, sender)
    url = settings.smtp_url.reveal()
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"smtp", "smtps"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        usable = False
    if not usable:
        raise SettingsError(_SMTP_EXAMPLE)
    return SmtpTransport(url, sender)


def as_message(mail: Mail, letter: Letter, sender: str) -> EmailMessage:
    """Build the message: plain text and its HTML twin. What fits no header raises Rejected."""
    _check_recipient(letter)
    message = EmailMessage()
    try:
        message["From"] = sender
        message["To"] = Address(addr_spec=letter.to)
        message["Subject"] = letter.subject
    except (ValueError, MessageError) as error:  # what would smuggle in a header of its own
        raise Rejected(str(error)) from error
    message["Message-ID"] = mail.message_id
    message["Date"] = format_datetime(mail.created_at)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to us
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def _check_recipient(letter: Letter) -> None:
    if not is_address(letter.to):  # one person, and no header of its own
        raise Rejected("the recipient is not an e-mail address")


def _sender(settings: Settings) -> str:
    probe = EmailMessage()
    try:
        probe["From"] = settings.mail_from
        addresses = probe["From"].addresses
    except (ValueError, MessageError):
        addresses = ()
    if len(addresses) != 1 or not is_address(addresses[0].addr_spec):
        raise SettingsError("MAIL_FROM: say whom mails come from, such as Auth <auth@example.com>")
    return settings.mail_from


def _api_url(settings: Settings) -> str:
    parts = urlsplit(settings.mail_api_url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise SettingsError("MAIL_API_URL looks like https://api.example.com/emails")
    if parts.scheme == "http" and settings.production:
        raise SettingsError("MAIL_API_URL: begins with https:// or its key would travel in clear")
    return settings.mail_api_url


def _for_ever_if_5xx(code: int, why: bytes | str) -> Exception:
    said = f"{code} {why.decode('utf-8', 'replace') if isinstance(why, bytes) else why}"
    return Rejected(said) if 500 <= code < 600 else NotSent(said)
