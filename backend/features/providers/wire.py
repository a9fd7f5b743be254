"""The JSON of signing in with a provider (wire.md section 4)."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from backend.features.providers.authorization_url import RESERVED
from backend.features.sessions.wire import UserOut
from backend.kernel.configuration.provider_presets import PRESETS
from backend.web.wire import NotNull, Text, TimestampOut, WireModel, example

_TARGET = "a path, or a URL of a trusted origin"
_PROVIDER = {"anyOf": [{"type": "string", "enum": list(PRESETS)}, {"type": "string"}]}
_ID = "0190a6e2-0b5e-7c3d-9f4e-2b1a3c4d5e6f"


def _target(alias: str, description: str) -> Any:
    return Field(default=None, alias=alias, description=f"{description}: {_TARGET}.")


def _refuse_reserved(params: Mapping[str, str] | None) -> Mapping[str, str] | None:
    if params and not set(params).isdisjoint(RESERVED):
        reserved = ", ".join(RESERVED)
        message = f"additionalParams cannot include reserved OAuth parameters: {reserved}"
        raise PydanticCustomError("plain", message)
    return params


class NameIn(WireModel):
    """A name as Apple's form has it."""

    first_name: Annotated[str | None, NotNull] = None
    last_name: Annotated[str | None, NotNull] = None


class PersonIn(WireModel):
    """What some providers tell the page only."""

    name: Annotated[NameIn | None, NotNull] = None
    email: Annotated[str | None, NotNull] = None


class LinkIdToken(WireModel):
    """An ID token that the page has got from the provider itself."""

    token: str
    nonce: Annotated[str | None, NotNull] = None
    access_token: Annotated[Text | None, NotNull] = None
    refresh_token: Annotated[Text | None, NotNull] = None


class SignInIdToken(LinkIdToken):
    """An ID token, and what the provider told the page besides."""

    expires_at: Annotated[float | None, NotNull] = Field(default=None, description="Ignored.")
    user: Annotated[PersonIn | None, NotNull] = None


class _ProviderRequest(WireModel):
    provider: Annotated[Text, WithJsonSchema(_PROVIDER)] = Field(
        description="One of the server's.", examples=["huggingface"]
    )
    callback_url: Annotated[Text | None, NotNull] = _target(
        "callbackURL", "Where the browser goes once it has come back"
    )
    error_callback_url: Annotated[Text | None, NotNull] = _target(
        "errorCallbackURL", "Where it goes if that fails, with `?error=`"
    )
    disable_redirect: Annotated[bool | None, NotNull] = Field(
        default=None, description="Whether the page opens the URL itself."
    )
    id_token: Annotated[LinkIdToken | None, NotNull] = None
    scopes: Annotated[list[str] | None, NotNull] = Field(
        default=None, description="Asked for besides those of the settings."
    )
    request_sign_up: Annotated[bool | None, NotNull] = None
    login_hint: Annotated[Text | None, NotNull] = Field(
        default=None, description="Whom the provider should expect."
    )
    additional_params: Annotated[
        Annotated[dict[str, Text], AfterValidator(_refuse_reserved)] | None, NotNull
    ] = Field(default=None, description="Further parameters of the provider's page.")
    additional_data: Annotated[dict[str, Any] | None, NotNull] = Field(
        default=None, description="Ignored."
    )


class SignInSocial(_ProviderRequest):
    """The provider to sign in with."""

    model_config = example({"provider": "huggingface", "callbackURL": "/chat"})

    new_user_callback_url: Annotated[Text | None, NotNull] = _target(
        "newUserCallbackURL", "Where it goes in place of callbackURL if it made the user"
    )
    id_token: Annotated[SignInIdToken | None, NotNull] = None


class LinkSocial(_ProviderRequest):
    """The provider whose account is added."""

    model_config = example({"provider": "huggingface", "callbackURL": "/account"})


class ProviderRedirect(WireModel):
    """The provider's page. The client opens it if `redirect` is true."""

    url: str = Field(examples=["https://huggingface.co/oauth/authorize?response_type=code&state=…"])
    redirect: bool


class SignedInWithIdToken(WireModel):
    """The new session, for a page that brought an ID token."""

    redirect: bool = False
    token: str = Field(examples=["N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe3iOoPtCdWx"])
    user: UserOut


class LinkedWithIdToken(WireModel):
    """The account is linked."""

    url: str = ""
    status: bool = True
    redirect: bool = False


class ExpoAuthorization(WireModel):
    """What an app opens in the phone's browser."""

    authorization_url: str = Field(
        alias="authorizationURL", description="The `url` that `sign-in/social` has returned."
    )


class CallbackQuery(WireModel):
    """What a provider answers with."""

    model_config = example({"code": "SplxlOBeZQQYbYS6WxSbIA", "state": "af0ifjsldkj"})

    code: str | None = None
    error: str | None = None
    device_id: str | None = Field(default=None, alias="device_id")
    error_description: str | None = Field(default=None, alias="error_description")
    state: str | None = None
    user: str | None = None
    iss: str | None = None
    _is_malformed: bool = PrivateAttr(default=False)

    @model_validator(mode="wrap")
    @classmethod
    def _note_malformed(cls, data: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """Take anything: a browser shows a page for it, not JSON."""
        try:
            return read(data)
        except ValidationError:
            query = read({})
            query._is_malformed = True
            return query

    @property
    def is_malformed(self) -> bool:
        """Whether a parameter came twice, or is no text."""
        return self._is_malformed


class AccountOut(WireModel):
    """A way in: an account at a provider, or `credential` for a password."""

    id: str = Field(examples=[_ID])
    provider_id: str = Field(examples=["huggingface"])
    account_id: str = Field(description="What the provider calls the user.")
    user_id: str
    created_at: TimestampOut
    updated_at: TimestampOut
    scopes: list[str] = Field(examples=[["openid", "profile", "email"]])


class UnlinkAccount(WireModel):
    """The `id` of an account in the list."""

    model_config = example({"accountId": _ID})

    account_id: str


class AccountSelection(WireModel):
    """The `id` of an account in the list."""

    model_config = example({"accountId": _ID})
    type_names = ()

    account_id: str | None = None
    use_account_cookie: Literal[True] | None = Field(
        default=None, description="In place of `accountId`; no server has such a cookie by default."
    )
    user_id: Annotated[str | None, NotNull] = Field(default=None, description="Ignored.")

    @model_validator(mode="before")
    @classmethod
    def _check_form(cls, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Refuse what is neither form, and fields beside it, as Better Auth's strict union does."""
        by_id = isinstance(fields.get("accountId"), str)
        by_cookie = fields.get("useAccountCookie") is True
        others = fields.keys() - {"accountId" if by_id else "useAccountCookie", "userId"}
        is_both = by_id and by_cookie and len(others) == 1
        if is_both or not (by_id or by_cookie) or not isinstance(fields.get("userId", ""), str):
            raise PydanticCustomError("plain", "Invalid input")
        if others:
            names = ", ".join(json.dumps(each) for each in fields if each in others)
            keys = "keys" if len(others) > 1 else "key"
            raise PydanticCustomError(
                "plain", "Unrecognized {keys}: {names}", {"keys": keys, "names": names}
            )
        return fields


class AccessTokenOut(WireModel):
    """A token for the provider's API."""

    access_token: str
    access_token_expires_at: TimestampOut | None = None
    scopes: list[str]
    id_token: str | None = None


class RefreshedTokensOut(WireModel):
    """The provider's new tokens."""

    access_token: str
    refresh_token: str
    access_token_expires_at: TimestampOut | None = None
    refresh_token_expires_at: TimestampOut | None = None
    scope: str
    id_token: str | None = None
    provider_id: str
    account_id: str


class ProfileOut(WireModel):
    """The person at the provider."""

    name: str | None
    email: str | None
    image: str | None = None
    email_verified: bool


class AccountKeyOut(WireModel):
    """Which account it is."""

    id: str
    provider_id: str
    account_id: str


class AccountInfoOut(WireModel):
    """What the provider tells of the person now."""

    user: ProfileOut
    data: dict[str, JsonValue]
    account: AccountKeyOut
