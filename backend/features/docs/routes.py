"""HTTP endpoints of the documentation: public with DOCS=on, otherwise for admins only."""

from backend.features.docs.page import assets, docs_page, policy
from backend.features.sessions.dependencies import find_session
from backend.kernel.randomness import random_alphanumeric
from backend.kernel.settings import Settings
from backend.web.app_context import AppContext
from backend.web.request_context import RequestContext
from backend.web.responses.responses import NOT_FOUND, Response
from backend.web.routing.openapi import ApiDocument
from backend.web.routing.routes import Routes

_BUILD_TIMEOUT = 30.0  # seconds; building takes half a second, ten times that on a busy machine

routes = Routes("docs", auth_rules=False)


@routes.get("/openapi.json", in_docs=False)
async def openapi(request: RequestContext, context: AppContext, document: ApiDocument) -> Response:
    """Describe every endpoint, for programs."""
    if not await _may_read(request, context):
        return NOT_FOUND
    app = request.scope["app"]
    return Response(await context.pools.run(lambda: document.render(app), timeout=_BUILD_TIMEOUT))


@routes.get("/docs", in_docs=False)
async def docs(request: RequestContext, context: AppContext, settings: Settings) -> Response:
    """Describe every endpoint, for people."""
    if not await _may_read(request, context):
        return NOT_FOUND
    nonce = random_alphanumeric(context.runtime.randomness, 24)
    page = await context.pools.run(lambda: docs_page(settings.app_name, nonce))
    return Response(
        page.encode(),
        media_type=b"text/html; charset=utf-8",
        headers={"content-security-policy": policy(nonce)},
    )


@routes.get("/docs/assets/{name}", in_docs=False)
def docs_asset(request: RequestContext, name: str) -> Response:
    """Return a file of the page; these are the same for everyone and never change."""
    asset = assets().get(name)
    if asset is None:
        return NOT_FOUND
    zipped = b"gzip" in request.headers.get(b"accept-encoding", b"")
    encoding = {"content-encoding": "gzip"} if zipped else {}
    return Response(
        asset.zipped if zipped else asset.plain,
        media_type=asset.media_type,
        headers={
            "cache-control": "public, max-age=31536000, immutable",
            "vary": "Accept-Encoding",
            **encoding,
        },
    )


async def _may_read(request: RequestContext, context: AppContext) -> bool:
    if context.runtime.settings.docs:
        return True
    current = await find_session(request, context)
    return current is not None and "admin" in current.user.roles
