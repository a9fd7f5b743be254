"""A passkey's authenticator in software: what a phone or a laptop has built in.

For the Tester and the notebooks. The doctor itself needs httpx and nothing else, so nothing of it
imports this.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url, encode_cbor

_PRESENT, _VERIFIED, _HAS_CREDENTIAL = 0x01, 0x04, 0x40  # WebAuthn, section 6.1
_MODEL = bytes(16)  # zeros: it does not say which it is
_SIZE = 32  # bytes of a coordinate


@dataclass
class Authenticator:
    """Has one passkey, and has always just checked its owner's fingerprint."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    count: int = 0
    """How often it has signed."""

    def create(self, options: Mapping[str, Any], origin: str) -> dict[str, Any]:
        """Do what `navigator.credentials.create` does; returns its JSON."""
        credential_id, public_key = self._id(), self._public_key()
        made = _MODEL + len(credential_id).to_bytes(2, "big") + credential_id + public_key
        data = self._data(options["rp"]["id"], _HAS_CREDENTIAL) + made
        statement = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        client = _client_data("webauthn.create", options["challenge"], origin)
        return self._to_json(attestationObject=statement, clientDataJSON=client)

    def get(self, options: Mapping[str, Any], origin: str) -> dict[str, Any]:
        """Do what `navigator.credentials.get` does; returns its JSON."""
        self.count += 1
        data = self._data(options["rpId"])
        client = _client_data("webauthn.get", options["challenge"], origin)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._to_json(authenticatorData=data, clientDataJSON=client, signature=signed)

    def _id(self) -> bytes:
        return hashlib.sha256(self._public_key()).digest()[:16]

    def _public_key(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(_SIZE, "big"), numbers.y.to_bytes(_SIZE, "big")
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})  # RFC 9053, section 7.1

    def _data(self, rp_id: str, flags: int = 0) -> bytes:
        rp_hash = hashlib.sha256(rp_id.encode()).digest()
        return rp_hash + bytes([flags | _PRESENT | _VERIFIED]) + self.count.to_bytes(4, "big")

    def _to_json(self, **parts: bytes) -> dict[str, Any]:
        name = bytes_to_base64url(self._id())
        response = {key: bytes_to_base64url(value) for key, value in parts.items()}
        return {"id": name, "rawId": name, "type": "public-key", "response": response}


def _client_data(kind: str, challenge: str, origin: str) -> bytes:
    data = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
    return json.dumps(data).encode()
