"""A passkey's authenticator in software, together with the browser that speaks for it."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import cbor2
import httpx
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import insert

from backend.kernel.randomness import uuid7
from backend.storage.tables import passkeys
from tests.in_process import Gatehouse, Visitor

_PRESENT, _VERIFIED, _ELIGIBLE, _BACKED_UP, _HAS_CREDENTIAL = 0x01, 0x04, 0x08, 0x10, 0x40
_AAGUID = bytes.fromhex("ea9b8d664d011d213ce4b6b48cb575d4")


@dataclass
class Credential:
    """One passkey: its private key, and how often it has signed."""

    id: bytes
    key: Any
    rp_id: str
    count: int = 0


@dataclass
class Authenticator:
    """Makes passkeys and signs with the newest; the fields are what a hostile one might twist."""

    algorithm: str = "ES256"
    counts: bool = True
    verifies: bool = True
    """Whether it checks a PIN, a fingerprint or a face."""
    is_present: bool = True
    is_synced: bool = True
    origin: str | None = None
    """Of the page that the browser shows, if it is not the visitor's."""
    rp_id: str | None = None
    """That it signs for, if it is not the one asked for."""
    challenge: str | None = None
    client_type: str | None = None
    spoils_signature: bool = False
    new_id: bytes | None = None
    """What it calls the next passkey, if that is not random."""
    transports: list[str] = field(default_factory=lambda: ["internal"])
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        """`navigator.credentials.create`, as JSON."""
        credential, cose = self.make_credential(options["rp"]["id"])
        attested = _AAGUID + len(credential.id).to_bytes(2, "big") + credential.id + cose
        data = self._data(credential, _HAS_CREDENTIAL) + attested
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client_data("webauthn.create", options["challenge"], origin)
        response = {"attestationObject": encode(statement), "clientDataJSON": encode(client)}
        return _public(credential, {**response, "transports": self.transports})

    def make_credential(self, rp_id: str) -> tuple[Credential, bytes]:
        """Make a passkey; also returns its public key, in COSE's form."""
        key, cose = _make_key(self.algorithm)
        name = self.new_id or hashlib.sha256(cose).digest()[:16]
        self.credentials.append(Credential(name, key, rp_id))
        return self.credentials[-1], cose

    def get(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        """`navigator.credentials.get`, as JSON."""
        credential = self.credentials[-1]
        credential.count += self.counts
        data = self._data(credential)
        client = self._client_data("webauthn.get", options["challenge"], origin)
        signature = _sign(credential.key, data + hashlib.sha256(client).digest())
        if self.spoils_signature:
            signature = _sign(_make_key(self.algorithm)[0], data)
        response = {
            "authenticatorData": encode(data),
            "clientDataJSON": encode(client),
            "signature": encode(signature),
            "userHandle": encode(b"somebody"),
        }
        return _public(credential, response)

    def _data(self, credential: Credential, flags: int = 0) -> bytes:
        flags |= _PRESENT * self.is_present | _VERIFIED * self.verifies
        flags |= (_ELIGIBLE | _BACKED_UP) * self.is_synced
        rp_id = self.rp_id or credential.rp_id
        parts = hashlib.sha256(rp_id.encode()).digest(), bytes([flags])
        return b"".join(parts) + credential.count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str, origin: str) -> bytes:
        said = {
            "type": self.client_type or kind,
            "challenge": self.challenge or challenge,
            "origin": self.origin or origin,
            "crossOrigin": False,
        }
        return json.dumps(said).encode()


def add_passkey(visitor: Visitor, device: Authenticator, **fields: Any) -> dict[str, Any]:
    """Register a passkey for a visitor who has just signed in; returns it."""
    response = try_to_add(visitor, device, **fields)
    assert response.status_code == 200, response.text
    return dict(response.json())


def try_to_add(visitor: Visitor, device: Authenticator, **fields: Any) -> httpx.Response:
    """Try to register a passkey."""
    options = ask(visitor, "generate-register-options")
    made = device.create(options, visitor.origin)
    return visitor.post("passkey/verify-registration", {"response": made, **fields})


def sign_in_with(device: Authenticator, visitor: Visitor) -> httpx.Response:
    """Try to sign in with a passkey."""
    return answer(
        visitor, device.get(ask(visitor, "generate-authenticate-options"), visitor.origin)
    )


def ask(visitor: Visitor, endpoint: str) -> dict[str, Any]:
    """The options that a page gets before it calls the browser's function."""
    response = visitor.get(f"passkey/{endpoint}")
    assert response.status_code == 200, response.text
    return dict(response.json())


def answer(visitor: Visitor, signed: dict[str, Any]) -> httpx.Response:
    """Send what the authenticator has signed."""
    return visitor.post("passkey/verify-authentication", {"response": signed})


def give_passkey(gatehouse: Gatehouse, email: str, device: Authenticator) -> UUID:
    """Store a passkey of somebody who need not be signed in; returns its id."""
    credential, cose = device.make_credential("localhost")
    passkey_id = uuid7(gatehouse.context.runtime.randomness, gatehouse.clock.now())
    row = {
        "id": passkey_id,
        "user_id": gatehouse.user_id(email),
        "credential_id": credential.id,
        "public_key": cose,
        "sign_count": 0,
        "device_type": "multiDevice",
        "backed_up": True,
        "transports": "internal",
        "rp_id": credential.rp_id,
        "before_verification": False,
        "created_at": gatehouse.clock.now(),
    }
    gatehouse.execute(insert(passkeys).values(**row))
    return passkey_id


def encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _public(credential: Credential, response: dict[str, Any]) -> dict[str, Any]:
    name = encode(credential.id)
    return {
        "id": name,
        "rawId": name,
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "response": response,
    }


def _make_key(algorithm: str) -> tuple[Any, bytes]:
    """A private key, and its public one in COSE's form (RFC 9053)."""
    if algorithm == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
        numbers = key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return key, cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
    if algorithm == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
        return private, cbor2.dumps(
            {1: 1, 3: -8, -1: 6, -2: private.public_key().public_bytes_raw()}
        )
    modulus = rsa.generate_private_key(65537, 2048)
    number = modulus.public_key().public_numbers().n.to_bytes(256, "big")
    return modulus, cbor2.dumps({1: 3, 3: -257, -1: number, -2: b"\x01\x00\x01"})


def _sign(key: Any, text: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(text, ec.ECDSA(SHA256()))
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(text, padding.PKCS1v15(), SHA256())
    return bytes(key.sign(text))
