"""The JSON of several accounts in one browser."""

from backend.web.wire import WireModel, example


class ChooseAccount(WireModel):
    """The session's token, from `list-device-sessions`."""

    model_config = example({"sessionToken": "N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe3iOoPtCdWx"})

    session_token: str
