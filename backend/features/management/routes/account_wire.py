"""The JSON of a user's ways in, for admins."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from backend.features.accounts.ways_in import CREDENTIAL, WayIn
from backend.features.admin.wire import UserId
from backend.kernel.settings import Settings
from backend.web.wire import Text, TimestampOut, WireModel, example

_ID = "0190a6e2-0b5e-7c3d-9f4e-2b1a3c4d5e6f"


class WayInOut(WireModel):
    """An account at a provider, or `credential` for a password."""

    id: str = Field(examples=[_ID])
    provider_id: str = Field(examples=["huggingface"])
    provider_name: str | None = Field(
        description="For people; null if the settings do not name it any more: nobody can sign in "
        "with it.",
        examples=["Hugging Face"],
    )
    account_id: str = Field(description="What the provider calls the user.", examples=["65f1c0ff"])
    scopes: list[str] = Field(examples=[["openid", "profile", "email"]])
    created_at: TimestampOut
    updated_at: TimestampOut


class AccountsOfUser(WireModel):
    """The ways in of a user, the password first."""

    accounts: list[WayInOut]

    @classmethod
    def of(cls, ways_in: Sequence[WayIn], settings: Settings) -> Self:
        names = {CREDENTIAL: "Password", **{each.id: each.name for each in settings.providers}}
        return cls(
            accounts=[
                WayInOut(
                    id=str(each.id),
                    provider_id=each.provider_id,
                    provider_name=names.get(each.provider_id),
                    account_id=each.account_id,
                    scopes=list(each.scopes),
                    created_at=each.created_at,
                    updated_at=each.updated_at,
                )
                for each in ways_in
            ]
        )


class UnlinkAccountOfUser(WireModel):
    """The user, and the `id` of an account in their list."""

    model_config = example({"userId": "01a203c2-7c93-7407-ab15-d32628a133b6", "accountId": _ID})

    user_id: UserId
    account_id: Text
