"""HTTP endpoint of the outbox, for admins."""

from typing import Annotated

from fastapi import Query

from backend.features.mail.service import Mailer, open_message
from backend.features.mail.wire import MailOut, Outbox, OutboxQuery
from backend.features.sessions.dependencies import Administrator
from backend.storage.db import Db
from backend.storage.queries import outbox
from backend.web.routing.routes import Routes

routes = Routes("admin", prefix="/api/admin", auth_rules=False)


@routes.get("/outbox", response_model=Outbox)
def read_outbox(
    _: Administrator, db: Db, mailer: Mailer, page: Annotated[OutboxQuery, Query()]
) -> Outbox:
    """List mails, newest first, with their state and last error.

    If no mailer is configured, this also shows their text and links.
    """
    rows = outbox.list_newest(db, page.limit + 1, page.cursor)
    mails = [
        MailOut.of(mail, None if mailer.sends else open_message(mailer, mail))
        for mail in rows[: page.limit]
    ]
    more = len(rows) > page.limit
    return Outbox(sends=mailer.sends, mails=mails, next_cursor=mails[-1].id if more else None)
