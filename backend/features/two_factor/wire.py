"""The JSON of second factors (wire.md 5.2)."""

from typing import Annotated, Literal

from pydantic import Field

from backend.features.sessions.wire import UserOut
from backend.web.wire import NotNull, PasswordField, Text, WireModel, example

_CODES = ["Ab3dE-x9KqZ", "q7RtY-2mNvB"]
_PASSWORD = Field(
    default=None,
    description="Needed by users who have one; without, signing in must be 5 minutes ago at most.",
)


class Confirm(WireModel):
    """The caller's password."""

    model_config = example({"password": "correct horse battery"})

    password: Annotated[PasswordField | None, NotNull] = _PASSWORD


class Enable(Confirm):
    """Which factor to set up: an authenticator app, or codes by mail."""

    method: Literal["totp", "otp"] = "totp"
    issuer: Annotated[Text | None, NotNull, Field(max_length=100)] = Field(
        default=None, description="The name in the authenticator app, by default APP_NAME."
    )


class Enabled(WireModel):
    """What to show once: the address for the QR code, and the backup codes.

    Codes by mail need neither.
    """

    method: Literal["totp", "otp"]
    totp_uri: str | None = Field(
        default=None,
        alias="totpURI",
        examples=["otpauth://totp/Gatehouse:ada%40example.com?secret=ABC&issuer=Gatehouse"],
        exclude_if=lambda value: value is None,
    )
    backup_codes: list[str] | None = Field(
        default=None, examples=[_CODES], exclude_if=lambda value: value is None
    )


class TotpUri(WireModel):
    """The address for the QR code."""

    totp_uri: str = Field(
        alias="totpURI",
        examples=["otpauth://totp/Gatehouse:ada%40example.com?secret=ABC&issuer=Gatehouse"],
    )


class BackupCodes(WireModel):
    """Ten backup codes, shown only now."""

    status: bool = True
    backup_codes: list[str] = Field(examples=[_CODES])


class SendCode(WireModel):
    """Nothing is needed."""

    model_config = example({})

    trust_device: Annotated[bool | None, NotNull] = None


class VerifyCode(WireModel):
    """A code, and whether this browser is trusted for 30 days."""

    model_config = example({"code": "123456", "trustDevice": False})

    code: Text
    trust_device: Annotated[bool | None, NotNull] = None

    @property
    def trusts_browser(self) -> bool:
        return self.trust_device is True


class VerifyBackupCode(VerifyCode):
    """A backup code; with `disableSession` it is used up without signing in."""

    model_config = example({"code": "Ab3dE-x9KqZ"})

    disable_session: Annotated[bool | None, NotNull] = None


class CodeVerified(WireModel):
    """The user, and the token of the session."""

    token: str | None = Field(
        default=None,
        examples=["N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe3iOoPtCdWx"],
        exclude_if=lambda value: value is None,
    )
    user: UserOut
