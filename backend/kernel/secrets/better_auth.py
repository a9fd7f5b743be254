"""Texts that a Better Auth has encrypted with its secret: XChaCha20-Poly1305 (wire.md 8.3)."""

import hashlib
import os
import re
import struct
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from backend.kernel.secrets.secret import Secret
from backend.kernel.settings import SettingsError

_NONCE, _TAG = 24, 16  # bytes
_ENVELOPE = re.compile(r"\$ba\$(\d{1,9})\$(.*)", re.DOTALL)
_BARE = re.compile(f"(?:[0-9a-f]{{2}}){{{_NONCE + _TAG},}}")
_SECRET = re.compile(r"(\d{1,9}):(.+)", re.DOTALL)
_CONSTANTS = struct.unpack("<4I", b"expand 32-byte k")
_WORD = 0xFFFFFFFF


def looks_encrypted(text: str) -> bool:
    """Tell whether a text that may be plain looks like one that Better Auth has encrypted."""
    return bool(_ENVELOPE.fullmatch(text) or _BARE.fullmatch(text))


class BetterAuthSecret(Secret):
    """A BETTER_AUTH_SECRET."""

    __slots__ = ()


class BetterAuthSecrets:
    """The secrets of a Better Auth: the one of BETTER_AUTH_SECRET, and those with a version."""

    def __init__(
        self, unversioned: BetterAuthSecret | None, versions: Mapping[int, BetterAuthSecret]
    ) -> None:
        self._unversioned, self._versions = unversioned, dict(versions)

    @classmethod
    def parse(cls, secret: str, secrets: str) -> "BetterAuthSecrets":
        """Parse BETTER_AUTH_SECRET, and BETTER_AUTH_SECRETS such as `2:new,1:old`.

        Raises ValueError if there is neither, or a version is missing.
        """
        versions: dict[int, BetterAuthSecret] = {}
        for part in filter(None, (each.strip() for each in secrets.split(","))):
            match = _SECRET.fullmatch(part)
            if match is None:
                raise ValueError("BETTER_AUTH_SECRETS must be like 2:NEW,1:OLD")
            versions[int(match[1])] = BetterAuthSecret(match[2].strip())
        if not secret and not versions:
            raise ValueError("set BETTER_AUTH_SECRET or BETTER_AUTH_SECRETS to that of Better Auth")
        return cls(BetterAuthSecret(secret) if secret else None, versions)

    @classmethod
    def from_environment_if_set(cls) -> "BetterAuthSecrets | None":
        """Read them where Better Auth does, if they are there. Raises SettingsError."""
        names = ("BETTER_AUTH_SECRET", "BETTER_AUTH_SECRETS")
        return cls.from_environment() if any(os.environ.get(each) for each in names) else None

    @classmethod
    def from_environment(cls) -> "BetterAuthSecrets":
        """Read them where Better Auth does. Raises SettingsError."""
        try:
            return cls.parse(
                os.environ.get("BETTER_AUTH_SECRET", ""), os.environ.get("BETTER_AUTH_SECRETS", "")
            )
        except ValueError as error:
            raise SettingsError(str(error)) from None

    def decrypt(self, text: str) -> str | None:
        """Decrypt; None if no secret of ours encrypted it, or if it was altered."""
        envelope = _ENVELOPE.fullmatch(text)
        secret = self._versions.get(int(envelope[1])) if envelope else self._unversioned
        try:
            sealed = bytes.fromhex(envelope[2] if envelope else text)
            if secret is None or len(sealed) < _NONCE + _TAG:
                return None
            return _decrypt(hashlib.sha256(secret.reveal().encode()).digest(), sealed).decode()
        except (InvalidTag, ValueError):  # ValueError: neither hex nor UTF-8
            return None


def _decrypt(key: bytes, sealed: bytes) -> bytes:
    """Decrypt nonce, ciphertext and tag (draft-irtf-cfrg-xchacha-03, section 2)."""
    subkey = _hchacha20(key, sealed[:16])
    return ChaCha20Poly1305(subkey).decrypt(bytes(4) + sealed[16:_NONCE], sealed[_NONCE:], None)


def _hchacha20(key: bytes, nonce: bytes) -> bytes:
    """Derive a subkey from a key and 16 bytes of nonce.

    It is a block of ChaCha20 without its last addition, which is taken back here: the library has
    ChaCha20, and a package for this one function would be one more to trust.
    """
    block = Cipher(ChaCha20(key, nonce), mode=None).encryptor().update(bytes(64))
    words, added = struct.unpack("<16I", block), (*_CONSTANTS, *struct.unpack("<4I", nonce))
    ends = (*words[:4], *words[12:])
    return struct.pack(
        "<8I", *((word - each) & _WORD for word, each in zip(ends, added, strict=True))
    )
