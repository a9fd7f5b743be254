"""What a notebook shows of a sign-in that is at a provider."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import httpx
import pandas as pd
from pandas.io.formats.style import Styler

from notebooks.helpers.masking import masked
from notebooks.helpers.style import style_table

_MEANINGS = {
    "client_id": "who asks: the app, as the provider knows it",
    "redirect_uri": "where the provider sends the browser back to",
    "response_type": "what the answer brings: a code, which only the server can exchange",
    "scope": "what the provider is asked to tell",
    "state": "which sign-in an answer belongs to",
    "nonce": "which sign-in an ID token belongs to",
    "code_challenge": "the hash of what only the server knows",
    "code_challenge_method": "how it was made",
}


def request_params(url: str) -> dict[str, str]:
    """Return the parameters of an authorization request."""
    return dict(parse_qsl(urlsplit(url).query))


def request_table(params: Mapping[str, str]) -> Styler:
    """Return the parameters, and what each is for."""
    rows = [
        {"parameter": name, "value": masked(value), "what it is for": _MEANINGS.get(name, "")}
        for name, value in params.items()
    ]
    return style_table(pd.DataFrame(rows, columns=["parameter", "value", "what it is for"]))


def keeps_state(browser: httpx.Client) -> bool:
    """Tell whether a browser keeps the cookie of a begun sign-in."""
    return any(each.name.endswith("better-auth.state") for each in browser.cookies.jar)
