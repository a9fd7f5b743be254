"""The JSON of user names."""

from pydantic import Field

from backend.web.wire import WireModel, example


class IsUsernameAvailable(WireModel):
    """The user name to look for."""

    model_config = example({"username": "ada_l"})

    username: str


class Availability(WireModel):
    """Whether nobody has the user name."""

    available: bool = Field(examples=[True])
