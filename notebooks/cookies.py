"""Set-Cookie lines, explained attribute by attribute."""

import httpx
import pandas as pd
from pandas.io.formats.style import Styler

from doctor.client.set_cookie import SetCookie, parse_set_cookie, rejection_reasons
from notebooks.masking import shortened
from notebooks.style import table

_MEANING = {
    "httponly": "scripts on the page cannot read it",
    "secure": "sent over https only",
    "samesite=lax": "pages of other sites cannot send it along with their forms",
    "path=/": "sent to every path",
}


def cookie_table(answer: httpx.Response) -> Styler:
    """Return what an answer asks the browser to keep, and what each attribute means."""
    page = str(answer.request.url)
    told = [parse_set_cookie(line) for line in answer.headers.get_list("set-cookie")]
    rows = [
        {
            "cookie": cookie.name,
            "value": shortened(cookie.value) if cookie.value else "empty: forget it",
            "attributes": "\n".join(_explained(cookie)),
            "a browser then": "; ".join(rejection_reasons(cookie, page)) or "keeps it",
        }
        for cookie in told
    ]
    return table(pd.DataFrame(rows, columns=["cookie", "value", "attributes", "a browser then"]))


def _explained(cookie: SetCookie) -> list[str]:
    lines = []
    for name, value in cookie.attributes.items():
        written = f"{name}={value}" if value else name
        meaning = _MEANING.get(written.lower(), "")
        if name == "max-age" and value.isdecimal() and value != "0":
            meaning = f"kept for {int(value) / 86_400:g} days"
        lines.append(f"{written}: {meaning}" if meaning else written)
    if "max-age" not in cookie.attributes:
        lines.append("no max-age: forgotten when the browser closes")
    return lines
