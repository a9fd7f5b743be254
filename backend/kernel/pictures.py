"""Pictures of users, as clients send them: data URLs (RFC 2397), in base64."""

import binascii
import hashlib
import re
from base64 import b64decode
from dataclasses import dataclass

MAX_PICTURE_SIZE = 48_128  # bytes; in base64 it still fits into the default BODY_LIMIT
MAX_DATA_URL_LENGTH = 64_300  # characters: that much in base64, and what comes before it
_DATA_URL = re.compile(r"data:image/[a-z0-9.+-]+;base64,([A-Za-z0-9+/]+={0,2})", re.IGNORECASE)
_SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture whose type is known by its first bytes."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def is_data_url(text: str) -> bool:
    """Tell whether a text is a data URL, of a picture or of anything else."""
    return text[:5].lower() == "data:"


def parse_picture(text: str) -> Picture:
    """Decode a data URL; raises ValueError for what is no small PNG, JPEG, WebP or GIF.

    What the URL claims to be is not believed: it may be a page with scripts (ASVS 5.2.2).
    """
    match = _DATA_URL.fullmatch(text) if len(text) <= MAX_DATA_URL_LENGTH else None
    try:
        content = b64decode(match[1], validate=True) if match else b""
    except binascii.Error:
        content = b""
    found = [kind for signature, kind in _SIGNATURES if signature.match(content)]
    if not found or len(content) > MAX_PICTURE_SIZE:
        raise ValueError(f"not a picture of at most {MAX_PICTURE_SIZE} bytes")
    return Picture(content, found[0])
