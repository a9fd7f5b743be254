"""Classifies the errors of mail servers: final, or worth a retry.

Only errors about the recipient or the content are final. Those about the sender, such as a denied
relay, a foreign sender address or a wrong key, can be fixed while the mail waits.
"""

import re

_ENHANCED = re.compile(r"\b5\.(\d{1,3})\.(\d{1,3})\b")  # RFC 3463
# No such mailbox, system or address; moved; null MX (RFC 7505); mailbox disabled.
_NO_MAILBOX = {("1", "1"), ("1", "2"), ("1", "3"), ("1", "6"), ("1", "10"), ("2", "1")}
_TOO_LARGE = {("2", "3"), ("3", "4")}  # for the mailbox, for the system
_CONTENT_CLASS = "6"  # errors in the content itself
_NO_MAILBOX_CODES = {550, 551, 553}  # RFC 5321, without an enhanced code
_TOO_LARGE_CODE = 552
_ABOUT_SENDER = re.compile(
    r"relay|authent|credential|not permitted|not allowed|unauthori[sz]ed|denied|policy|blocked|"
    r"blacklist|blocklist|spam|reputation|spf|dkim|dmarc|sender|from\b|domain|verif|key|tls|"
    r"quota|\blimit|\brate\b|try again|temporar",
    re.I,
)
_MAX_LENGTH = 20_000  # characters; far more than is kept, which is cut once its secrets are out
_ADDRESS = re.compile(r"\S+@\S+")


class Rejected(Exception):
    """The mail will never be accepted; a retry is pointless."""


class NotSent(Exception):
    """The mail could not be sent now; it is retried."""


def classify_smtp(code: int, reason: bytes | str) -> Exception:
    """Classify an SMTP server's refusal of a recipient or a message."""
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
    message = f"{code} {text}"
    return Rejected(message) if 500 <= code < 600 and _is_final(code, text) else NotSent(message)


def classify_http(status: int, text: str) -> Exception:
    """Classify an error of a provider's API.

    401, 403 and 422 are about the key, the sender's domain or the request; a 400 may be.
    """
    message = f"{status} {text[:_MAX_LENGTH]}"
    final = status == 413 or (status == 400 and not _is_about_sender(text))
    return Rejected(message) if final else NotSent(message)


def _is_about_sender(text: str) -> bool:
    return bool(_ABOUT_SENDER.search(_ADDRESS.sub("", text)))  # words inside addresses do not count


def _is_final(code: int, text: str) -> bool:
    enhanced = _ENHANCED.search(text)
    if enhanced is None:
        return (code in _NO_MAILBOX_CODES and not _is_about_sender(text)) or code == _TOO_LARGE_CODE
    subject, detail = enhanced.groups()
    return (subject, detail) in _NO_MAILBOX | _TOO_LARGE or subject == _CONTENT_CLASS
