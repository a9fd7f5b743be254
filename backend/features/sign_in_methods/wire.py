"""The JSON of the ways to sign in. Names are those of Better Auth's options where it has them."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field

from backend.features.mail.service import Mailer
from backend.kernel import username
from backend.kernel.captcha import list_endpoints
from backend.kernel.configuration.relying_parties import RelyingParty
from backend.kernel.settings import Settings
from backend.web.cookies import MAX_ACCOUNTS
from backend.web.wire import WireModel


class EmailAndPassword(WireModel):
    """Signing in with an address and a password."""

    enabled: bool = True
    disable_sign_up: bool = Field(description="Whether nobody can sign up.", examples=[False])
    auto_sign_in: bool = Field(description="Whether signing up signs in.", examples=[True])
    require_email_verification: bool = Field(
        description="Whether an address must be verified before its first sign-in.",
        examples=[False],
    )
    min_password_length: int = Field(description="Of a new password.", examples=[8])
    max_password_length: int = Field(examples=[128])
    password_reset: bool = Field(
        description="Whether a forgotten password can be reset: whether mail can be sent.",
        examples=[True],
    )


class UserNames(WireModel):
    """Signing in with a user name in place of the address."""

    enabled: bool = Field(examples=[True])
    min_username_length: int = username.MIN_LENGTH
    max_username_length: int = username.MAX_LENGTH


class MagicLink(WireModel):
    """Signing in with a mailed link."""

    enabled: bool = Field(description="Whether it is on, and mail can be sent.", examples=[True])
    disable_sign_up: bool = Field(description="Whether a link makes no account.", examples=[False])


class EmailOtp(WireModel):
    """Signing in with a code by mail; codes verify addresses and reset passwords as well."""

    enabled: bool = Field(examples=[True])
    otp_length: int = 6
    expires_in: int = Field(description="Of a code, in seconds.", examples=[300])
    disable_sign_up: bool = Field(
        description="Whether a code makes no account for a new address.", examples=[False]
    )


class RelyingPartyOut(WireModel):
    """A domain that passkeys belong to, and the pages that may use them."""

    rp_id: str = Field(examples=["app.example.com"])
    origins: list[str] = Field(
        description="Of the pages; a pattern stands for several.",
        examples=[["https://app.example.com"]],
    )


class Passkeys(WireModel):
    """Signing in with what a device or a security key keeps."""

    enabled: bool = Field(
        description="Whether they are on, and any page can have them.", examples=[True]
    )
    rp_id: str | None = Field(
        description="The domain of the app's passkeys.", examples=["app.example.com"]
    )
    relying_parties: list[RelyingPartyOut] = Field(
        description="The app's first, then that of this server's own pages if it is another one."
    )

    @classmethod
    def of(cls, parties: Sequence[RelyingParty]) -> Self:
        return cls(
            enabled=bool(parties),
            rp_id=parties[0].rp_id if parties else None,
            relying_parties=[
                RelyingPartyOut(rp_id=each.rp_id, origins=list(each.origins)) for each in parties
            ],
        )


class TwoFactor(WireModel):
    """The second step of a sign-in."""

    enabled: bool = Field(examples=[True])
    methods: list[Literal["totp", "otp"]] = Field(
        description="An authenticator app, and codes by mail. Backup codes work with both.",
        examples=[["totp", "otp"]],
    )
    required_for: Literal["none", "admins", "everybody"] = Field(
        description="Who must have a second factor.", examples=["none"]
    )


class Anonymous(WireModel):
    """Trying the app without an account."""

    enabled: bool = Field(examples=[False])


class MultiSession(WireModel):
    """Several accounts in one browser."""

    enabled: bool = Field(examples=[False])
    maximum_sessions: int = MAX_ACCOUNTS


class Captcha(WireModel):
    """The captcha whose widget a page shows, and where the token that it yields is needed."""

    enabled: bool = Field(examples=[True])
    provider: Literal["turnstile", "hcaptcha", "recaptcha"] | None = Field(examples=["turnstile"])
    site_key: str | None = Field(examples=["1x00000000000000000000AA"])
    endpoints: list[str] = Field(
        description="Below /api/auth; the token goes in the header x-captcha-response.",
        examples=[["/sign-up/email", "/sign-in/email"]],
    )

    @classmethod
    def of(cls, settings: Settings) -> "Captcha":
        provider = settings.captcha_provider
        return cls(
            enabled=provider != "none",
            provider=None if provider == "none" else provider,
            site_key=settings.captcha_site_key or None,
            endpoints=list(list_endpoints(settings)),
        )


class SocialProvider(WireModel):
    """A provider that people can sign in with: `signIn.social({ provider: id })`."""

    id: str = Field(examples=["huggingface"])
    name: str = Field(description="For a button.", examples=["Hugging Face"])


class SignInMethods(WireModel):
    """The ways to sign in. One that is absent is not offered: there will be more."""

    email_and_password: EmailAndPassword
    username: UserNames
    passkey: Passkeys
    anonymous: Anonymous
    magic_link: MagicLink
    email_otp: EmailOtp
    social_providers: list[SocialProvider]
    multi_session: MultiSession
    two_factor: TwoFactor
    captcha: Captcha

    @classmethod
    def of(cls, settings: Settings, mailer: Mailer) -> "SignInMethods":
        verify_first, has_mail = settings.require_verified_email, mailer.can_be_read(settings)
        return cls(
            email_and_password=EmailAndPassword(
                disable_sign_up=not settings.sign_up,
                auto_sign_in=settings.sign_in_after_sign_up and not verify_first,
                require_email_verification=verify_first,
                min_password_length=settings.password_min,
                max_password_length=settings.password_max,
                password_reset=has_mail,
            ),
            username=UserNames(enabled=settings.username),
            passkey=Passkeys.of(settings.relying_parties.parties),
            anonymous=Anonymous(enabled=settings.anonymous_sign_in),
            magic_link=MagicLink(
                enabled=settings.magic_link and has_mail,
                disable_sign_up=not (settings.sign_up and settings.magic_link_sign_up),
            ),
            email_otp=EmailOtp(
                enabled=settings.email_code and has_mail,
                expires_in=settings.email_code_lifetime,
                disable_sign_up=not settings.sign_up,
            ),
            social_providers=[
                SocialProvider(id=each.id, name=each.name) for each in settings.providers
            ],
            multi_session=MultiSession(enabled=settings.multi_session),
            two_factor=TwoFactor(
                enabled=settings.two_factor,
                methods=["totp", "otp"] if has_mail else ["totp"],
                required_for=settings.require_two_factor_for,
            ),
            captcha=Captcha.of(settings),
        )
