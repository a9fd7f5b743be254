"""The JSON of passkeys: what browsers and authenticators are asked, and what is stored of it."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from backend.features.passkeys.verification import ALGORITHMS, encode_id
from backend.features.sessions.wire import SessionOut, UserOut
from backend.storage.queries.passkeys import Passkey
from backend.web.wire import (
    Name,
    NotNull,
    Text,
    TimestampOut,
    WireModel,
    example,
)

_TIMEOUT = 60_000  # milliseconds that the browser waits for the authenticator
_ID = "01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8"
_CREDENTIAL = "8Xl2cV9wQm3nJr5tYb7uKg"
_PASSKEY_NAME = "Ada's laptop"


def _strip(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _strip_to_something(value: Any) -> Any:
    stripped = _strip(value)
    if stripped == "":
        raise PydanticCustomError("string_too_short", "", {"min_length": 1})
    return stripped


def _require(value: Any) -> Any:
    if value is ...:  # zod's any(): null will do, nothing will not
        raise PydanticCustomError(
            "plain", "Invalid input: expected nonoptional, received undefined"
        )
    return value


class RegistrationQuery(WireModel):
    """What the passkey is to be."""

    authenticator_attachment: Literal["platform", "cross-platform"] | None = Field(
        default=None, description="`platform` for one in this device."
    )
    name: Text | None = Field(
        default=None, description="How the authenticator shows the account; by default its address."
    )
    context: Text | None = Field(default=None, description="Ignored.")


class CredentialOut(WireModel):
    """A passkey that exists already."""

    id: str = Field(examples=[_CREDENTIAL])
    transports: list[str] | None = Field(
        default=None, examples=[["internal"]], exclude_if=lambda value: value is None
    )
    type: Literal["public-key"] = "public-key"

    @classmethod
    def list_of(cls, passkeys: Sequence[Passkey]) -> list[Self]:
        return [
            cls(
                id=encode_id(each.credential_id),
                transports=None if each.transports is None else each.transports.split(","),
            )
            for each in passkeys
        ]


class RelyingPartyOut(WireModel):
    """The app, and the domain that the passkey will belong to."""

    name: str = Field(examples=["Gatehouse"])
    id: str = Field(examples=["app.example.com"])


class AccountOut(WireModel):
    """The account, as the authenticator shows it."""

    id: str = Field(description="Random, and another one each time.", examples=["eDdrMmo"])
    name: str = Field(examples=["ada@example.com"])
    display_name: str = Field(examples=["ada@example.com"])


class AlgorithmOut(WireModel):
    """A kind of key, by its number in COSE's registry."""

    alg: int = Field(examples=[-7])
    type: Literal["public-key"] = "public-key"

    @classmethod
    def list_all(cls) -> list[Self]:
        return [cls(alg=int(each)) for each in ALGORITHMS]


class SelectionOut(WireModel):
    """What the authenticator should be able to do."""

    resident_key: Literal["preferred"] = "preferred"
    user_verification: Literal["preferred"] = "preferred"
    authenticator_attachment: Literal["platform", "cross-platform"] | None = Field(
        default=None, exclude_if=lambda value: value is None
    )
    require_resident_key: bool = False


class ExtensionsOut(WireModel):
    """Asks the browser whether it can offer the passkey without knowing the user."""

    cred_props: bool = True


class RegistrationOptions(WireModel):
    """PublicKeyCredentialCreationOptionsJSON of WebAuthn, for `navigator.credentials.create`."""

    challenge: str = Field(examples=["qMZ0HnW9vXkYbT3cR7uJfA2sLd5eGpQ8oViNxKzWm1E"])
    rp: RelyingPartyOut
    user: AccountOut
    pub_key_cred_params: list[AlgorithmOut] = Field(default_factory=AlgorithmOut.list_all)
    timeout: int = _TIMEOUT
    attestation: Literal["none"] = "none"
    exclude_credentials: list[CredentialOut]
    authenticator_selection: SelectionOut
    extensions: ExtensionsOut = ExtensionsOut()
    hints: list[str] = Field(default_factory=list)


class AuthenticationOptions(WireModel):
    """PublicKeyCredentialRequestOptionsJSON of WebAuthn, for `navigator.credentials.get`."""

    rp_id: str = Field(examples=["app.example.com"])
    challenge: str = Field(examples=["qMZ0HnW9vXkYbT3cR7uJfA2sLd5eGpQ8oViNxKzWm1E"])
    allow_credentials: list[CredentialOut] | None = Field(
        default=None,
        description="The caller's passkeys, if there is a session.",
        exclude_if=lambda value: value is None,
    )
    timeout: int = _TIMEOUT
    user_verification: Literal["preferred"] = "preferred"


class VerifyRegistration(WireModel):
    """What the authenticator has made, and a name for it."""

    model_config = example({"response": {"id": _CREDENTIAL}, "name": _PASSKEY_NAME})

    response: Annotated[Any, BeforeValidator(_require)] = Field(
        default_factory=lambda: ..., validate_default=True
    )
    name: Annotated[Name | None, BeforeValidator(_strip), NotNull] = None
    create_session: Annotated[bool | None, NotNull] = Field(
        default=None, description="Whether to issue a new session as well."
    )


class VerifyAuthentication(WireModel):
    """What the authenticator has signed."""

    model_config = example({"response": {"id": _CREDENTIAL}})

    response: dict[str, Any]
    remember_me: Annotated[bool | None, NotNull] = Field(
        default=None,
        description="False for a session that ends with the browser, after a day at most. "
        "Better Auth does not have it here.",
    )


class DeletePasskey(WireModel):
    """The passkey to delete."""

    model_config = example({"id": _ID})

    id: Annotated[Text, Field(examples=[_ID])]


class UpdatePasskey(WireModel):
    """The passkey to rename, and its name."""

    model_config = example({"id": _ID, "name": _PASSKEY_NAME})

    id: Annotated[Text, Field(examples=[_ID])]
    name: Annotated[Name, BeforeValidator(_strip_to_something), Field(examples=[_PASSKEY_NAME])]


class PasskeyOut(WireModel):
    """A passkey. What is in it is not secret: the private key never leaves the authenticator."""

    id: str = Field(examples=[_ID])
    name: str | None = Field(examples=[_PASSKEY_NAME])
    public_key: str = Field(description="In base64.", examples=["pQECAyYgASFYIA"])
    user_id: str = Field(examples=["01a203c2-7c93-7407-ab15-d32628a133b6"])
    credential_id: str = Field(alias="credentialID", examples=[_CREDENTIAL])
    counter: int = Field(description="0 if the authenticator does not count.", examples=[0])
    device_type: str = Field(examples=["multiDevice"])
    backed_up: bool = Field(examples=[True])
    transports: str | None = Field(description="Separated by commas.", examples=["internal"])
    created_at: TimestampOut
    aaguid: str | None = Field(
        description="The authenticator's model.", examples=["ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"]
    )

    @classmethod
    def of(cls, passkey: Passkey) -> Self:
        return cls(**_fields_of(passkey))


class RegisteredPasskey(PasskeyOut):
    """The new passkey, with `createSession` also the new session."""

    session: SessionOut | None = Field(default=None, exclude_if=lambda value: value is None)
    user: UserOut | None = Field(default=None, exclude_if=lambda value: value is None)


class UpdatedPasskey(WireModel):
    """The renamed passkey."""

    passkey: PasskeyOut


def _fields_of(passkey: Passkey) -> dict[str, Any]:
    return {
        "id": str(passkey.id),
        "name": passkey.name,
        "public_key": b64encode(passkey.public_key).decode(),
        "user_id": str(passkey.user_id),
        "credential_id": encode_id(passkey.credential_id),
        "counter": passkey.sign_count,
        "device_type": passkey.device_type,
        "backed_up": passkey.backed_up,
        "transports": passkey.transports,
        "created_at": passkey.created_at,
        "aaguid": passkey.aaguid,
    }
