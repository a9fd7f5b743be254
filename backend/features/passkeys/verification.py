"""What an authenticator's response proves. The only module that reads CBOR and COSE, by a library.

The steps are those of WebAuthn Level 3, sections 7.1 and 7.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_client_data_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier

from backend.kernel.configuration.relying_parties import RelyingParty
from backend.storage.queries.passkeys import Passkey

ALGORITHMS = (
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)
"""In the order of preference that Better Auth names them in."""
_MAX_CREDENTIAL_ID = 1023  # bytes (WebAuthn, section 7.1, step 25)
_MAX_PUBLIC_KEY = 4096  # bytes; RSA with 16,384 bits has half of them
_MAX_TRANSPORTS = 200  # characters, when joined


class InvalidResponse(Exception):
    """The response does not prove what it has to."""


class WrongSignature(InvalidResponse):
    """All of it fits but the signature: somebody else's key made it."""


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential that an authenticator has made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    device_type: str
    backed_up: bool
    transports: str
    aaguid: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """What the signature of a known passkey says besides who signed."""

    sign_count: int
    user_verified: bool
    """Whether the authenticator has checked a PIN, a fingerprint or a face."""


def verify_new_credential(response: Any, challenge: bytes, party: RelyingParty) -> NewCredential:
    """Verify the response to a registration; raises InvalidResponse."""
    try:
        verified = verify_registration_response(
            credential=_check_mapping(response),
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=_find_origin(response, party),
            supported_pub_key_algs=list(ALGORITHMS),
        )
        transports = ",".join(list(response["response"].get("transports") or []))
    except InvalidResponse:
        raise
    except Exception as error:  # the library's parsers raise all kinds on what strangers send
        raise InvalidResponse(str(error)) from error
    if verified.credential_id != base64url_to_bytes(response["id"]):
        raise InvalidResponse("the credential's id is not the response's")
    too_long = (
        len(verified.credential_id) > _MAX_CREDENTIAL_ID
        or len(verified.credential_public_key) > _MAX_PUBLIC_KEY
        or len(transports) > _MAX_TRANSPORTS
    )
    if too_long or not transports.isprintable():
        raise InvalidResponse("no authenticator makes such a credential")
    return NewCredential(
        verified.credential_id,
        verified.credential_public_key,
        verified.sign_count,
        to_camel_case(verified.credential_device_type.value),
        verified.credential_backed_up,
        transports,
        verified.aaguid,
    )


def verify_assertion(
    response: Any, challenge: bytes, party: RelyingParty, passkey: Passkey
) -> Assertion:
    """Verify a passkey's response to a sign-in, but not its counter; raises InvalidResponse.

    The counter is left to the caller: only a right signature makes a wrong one worth an alarm.
    """
    try:
        verified = verify_authentication_response(
            credential=_check_mapping(response),
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=_find_origin(response, party),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
        )
    except InvalidResponse:
        raise
    except Exception as error:  # the library's parsers raise all kinds on what strangers send
        wrong_signature = isinstance(error.__context__, InvalidSignature)
        raise (WrongSignature if wrong_signature else InvalidResponse)(str(error)) from error
    return Assertion(verified.new_sign_count, verified.user_verified)


def encode_id(credential_id: bytes) -> str:
    """Return what an authenticator calls a credential, as JSON has it."""
    return bytes_to_base64url(credential_id)


def decode_id(text: Any) -> bytes | None:
    """Return the bytes of a credential's id, or None if it is not exactly how we write one."""
    if not isinstance(text, str):
        return None
    try:
        decoded = base64url_to_bytes(text)
    except ValueError:
        return None
    return decoded if encode_id(decoded) == text else None


def to_camel_case(device_type: str) -> str:
    """Return a type of device as Better Auth writes it: singleDevice, multiDevice."""
    first, *others = device_type.split("_")
    return first + "".join(each.capitalize() for each in others)


def _check_mapping(response: Any) -> dict[str, Any]:
    if not isinstance(response, Mapping):
        raise InvalidResponse("not an object")
    return dict(response)


def _find_origin(response: Any, party: RelyingParty) -> str:
    """Return the origin of the page that was shown, as the browser signed it, if it may be."""
    data = parse_client_data_json(base64url_to_bytes(response["response"]["clientDataJSON"]))
    if not isinstance(data.origin, str) or not party.covers(data.origin):
        raise InvalidResponse("a page of another origin")
    return data.origin
