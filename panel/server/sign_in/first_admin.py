"""The page that the link in the log opens: who comes first chooses an address and a password."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import httpx
from starlette.responses import HTMLResponse, Response

from panel.client.api import ApiClient, ApiError
from panel.client.visitor import Visitor
from panel.server.sign_in import first_admin_words as words
from panel.server.sign_in.plain_pages import PlainPages, render_notice
from panel.ui import urls
from panel.ui.markup import Markup
from panel.ui.words import refused, try_later

_API = "/api/admin/first-admin"
_FORM = Markup("""<form method="post" action="{action}">
<input type="hidden" name="token" value="{token}">
<label>{email_label}<input name="email" type="email" autocomplete="username" required
value="{email}"{focus}></label>
<label>{password_label}<input name="password" type="password" autocomplete="new-password" required>
</label><button>{button}</button></form>""")
SignIn = Callable[[Sequence[Visitor], Mapping[str, str]], Awaitable[Response]]


class FirstAdminPage:
    """Has the API create the first admin, and signs them in."""

    def __init__(self, api: ApiClient, pages: PlainPages, sign_in: SignIn) -> None:
        self._api = api
        self._pages = pages
        self._sign_in = sign_in

    def show(self, visitor: Visitor, query: Mapping[str, str]) -> HTMLResponse:
        """Show the form; whether the link works, only sending it tells."""
        return self._page(visitor, query)

    async def answer(self, visitors: Sequence[Visitor], form: Mapping[str, str]) -> Response:
        """Create the admin that the form describes."""
        chosen = {name: form.get(name, "") for name in ("token", "email", "password")}
        response = await self._api.call(visitors[0].with_token(None), "POST", _API, chosen)
        if response.status_code == 200:
            return await self._sign_in(visitors, form)
        return self._refuse(visitors[0], form, response)

    def _refuse(
        self, visitor: Visitor, form: Mapping[str, str], response: httpx.Response
    ) -> HTMLResponse:
        error = ApiError.from_response(response)
        if error.status in {429, 503}:
            message = try_later(error.status, error.retry_after)
            page = self._page(visitor, form, message, error.status)
            page.headers["retry-after"] = str(error.retry_after)
            return page
        message = words.MESSAGES.get(error.code) or refused(error.message, error.status)
        return self._page(visitor, form, message, error.status)

    def _page(
        self, visitor: Visitor, fields: Mapping[str, str], message: str = "", status: int = 200
    ) -> HTMLResponse:
        form = _FORM.format(
            action=urls.FIRST_ADMIN,
            token=fields.get("token", ""),
            email=fields.get("email", ""),
            email_label=words.EMAIL,
            password_label=words.PASSWORD,
            button=words.CREATE,
            # Browsers refuse it to the frame of another site.
            focus=Markup() if visitor.framed else Markup(" autofocus"),
        )
        notice = render_notice(message) if message else Markup()
        return self._pages.page(words.TITLE, words.LEAD, notice + form, status=status)
