"""The JSON of one-time tokens."""

from pydantic import Field

from backend.web.wire import WireModel, example

_EXAMPLE = "N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe3iOoPtCdWx"


class OneTimeToken(WireModel):
    """A token that works once, for three minutes."""

    model_config = example({"token": _EXAMPLE})

    token: str = Field(examples=[_EXAMPLE])
