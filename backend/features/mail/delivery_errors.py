"""What a mail server's answer means for the mail: gone for good, or to be tried again.

Final is only what is said of this recipient or this text. What is said of us, such as a denied
relay, a sender that is not ours or a wrong key, the owner can mend while the mail waits.
"""

import re

_ENHANCED = re.compile(r"\b5\.(\d{1,3})\.(\d{1,3})\b")  # RFC 3463
# No such mailbox, system or address; moved; null MX (RFC 7505); mailbox disabled.
_NOBODY = {("1", "1"), ("1", "2"), ("1", "3"), ("1", "6"), ("1", "10"), ("2", "1")}
_TOO_LARGE = {("2", "3"), ("3", "4")}  # for the mailbox, for the system
_UNREADABLE = "6"  # the class of what is wrong with the text itself
_NOBODY_HERE = {550, 551, 553}  # RFC 5321, where no enhanced code is there
_LARGE = 552
_OF_US = re.compile(
    r"relay|authent|credential|not permitted|not allowed|unauthori[sz]ed|denied|policy|blocked|"
    r"blacklist|blocklist|spam|reputation|spf|dkim|dmarc|sender|from\b|domain|verif|key|tls|"
    r"quota|\blimit|\brate\b|try again|temporar",
    re.I,
)
_READ = 20_000  # characters; far more than is kept, which is cut once its secrets are out
_ADDRESS = re.compile(r"\S+@\S+")


class Rejected(Exception):
    """The mail will never be taken: trying again is of no use."""


class NotSent(Exception):
    """The mail did not leave this time; it is tried again."""


def of_smtp(code: int, why: bytes | str) -> Exception:
    """Return what an SMTP server's refusal of a recipient or a text means."""
    text = why.decode("utf-8", "replace") if isinstance(why, bytes) else why
    said = f"{code} {text}"
    return Rejected(said) if 500 <= code < 600 and _is_final(code, text) else NotSent(said)


def of_http(status: int, text: str) -> Exception:
    """Return what the refusal of a provider's API means.

    401, 403 and 422 are of the key, the sender's domain or the way we ask; a 400 may be.
    """
    said = f"{status} {text[:_READ]}"
    final = status == 413 or (status == 400 and not _says_us(text))
    return Rejected(said) if final else NotSent(said)


def _says_us(text: str) -> bool:
    return bool(_OF_US.search(_ADDRESS.sub("", text)))  # not whether an address is called so


def _is_final(code: int, text: str) -> bool:
    enhanced = _ENHANCED.search(text)
    if enhanced is None:
        return (code in _NOBODY_HERE and not _says_us(text)) or code == _LARGE
    subject, detail = enhanced.groups()
    return (subject, detail) in _NOBODY | _TOO_LARGE or subject == _UNREADABLE
