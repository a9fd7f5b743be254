"""The documentation over HTTP: public with DOCS=on, otherwise for admins alone."""

from backend.features.docs.page import assets, docs_page, policy
from backend.features.sessions.reader import SessionReader
from backend.kernel.randomness import alphanumeric
from backend.kernel.settings import Settings
from backend.web.app_context import House
from backend.web.request_context import Visit
from backend.web.responses.responses import NOT_FOUND, Answer
from backend.web.routing.openapi import ApiDocument
from backend.web.routing.routes import Routes

routes = Routes("docs", auth_rules=False)


@routes.get("/openapi.json", in_docs=False)
async def openapi(
    visit: Visit, house: House, reader: SessionReader, document: ApiDocument
) -> Answer:
    """Describe every endpoint, for programs."""
    if not await _may_read(visit, house, reader):
        return NOT_FOUND
    app = visit.scope["app"]
    return Answer(await house.pools.ask(lambda: document.of(app)))


@routes.get("/docs", in_docs=False)
async def docs(visit: Visit, house: House, reader: SessionReader, settings: Settings) -> Answer:
    """Describe every endpoint, for people."""
    if not await _may_read(visit, house, reader):
        return NOT_FOUND
    nonce = alphanumeric(house.workshop.randomness, 24)
    page = await house.pools.ask(lambda: docs_page(settings.app_name, nonce))
    return Answer(
        page.encode(),
        media_type=b"text/html; charset=utf-8",
        headers={"content-security-policy": policy(nonce)},
    )


@routes.get("/docs/assets/{name}", in_docs=False)
def docs_asset(visit: Visit, name: str) -> Answer:
    """Return a file of the page; these are the same for everyone and never change."""
    asset = assets().get(name)
    if asset is None:
        return NOT_FOUND
    zipped = b"gzip" in visit.headers.get(b"accept-encoding", b"")
    encoding = {"content-encoding": "gzip"} if zipped else {}
    return Answer(
        asset.zipped if zipped else asset.plain,
        media_type=asset.media_type,
        headers={
            "cache-control": "public, max-age=31536000, immutable",
            "vary": "Accept-Encoding",
            **encoding,
        },
    )


async def _may_read(visit: Visit, house: House, reader: SessionReader) -> bool:
    if house.workshop.settings.docs:
        return True
    current = await reader.read(visit)
    return current is not None and "admin" in current.user.roles
