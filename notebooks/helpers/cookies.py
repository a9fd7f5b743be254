"""Set-Cookie headers, explained attribute by attribute."""

import httpx
import pandas as pd
from pandas.io.formats.style import Styler

from doctor.client.set_cookie import SetCookie, parse_set_cookie, rejection_reasons
from notebooks.helpers.masking import shortened
from notebooks.helpers.style import style_table

_MEANING = {
    "httponly": "scripts on the page cannot read it",
    "secure": "sent over https only",
    "samesite=lax": "forms on other sites do not send it",
    "path=/": "sent to every path",
}


def cookie_table(response: httpx.Response) -> Styler:
    """Return the cookies that a response sets, and what each attribute means."""
    page = str(response.request.url)
    cookies = [parse_set_cookie(line) for line in response.headers.get_list("set-cookie")]
    rows = [
        {
            "cookie": cookie.name,
            "value": shortened(cookie.value) if cookie.value else "empty: delete it",
            "attributes": "\n".join(_explain(cookie)),
            "in a browser": "; ".join(rejection_reasons(cookie, page)) or "kept",
        }
        for cookie in cookies
    ]
    return style_table(
        pd.DataFrame(rows, columns=["cookie", "value", "attributes", "in a browser"])
    )


def _explain(cookie: SetCookie) -> list[str]:
    lines = []
    for name, value in cookie.attributes.items():
        attribute = f"{name}={value}" if value else name
        meaning = _MEANING.get(attribute.lower(), "")
        if name == "max-age" and value.isdecimal() and value != "0":
            meaning = f"kept for {int(value) / 86_400:g} days"
        lines.append(f"{attribute}: {meaning}" if meaning else attribute)
    if "max-age" not in cookie.attributes:
        lines.append("no max-age: deleted when the browser closes")
    return lines
