"""Proxies as operators set them up, each with one mistake."""

import gzip

from doctor.client.throwaway_account import GET_SESSION
from tests.rig.faulty_proxies import TEN_MINUTES, TenMinutesSlow
from tests.rig.proxy import ProxyBehaviour, ProxyRequest, ProxyResponse

_ERROR_PAGE = b"<!doctype html><title>Oops</title>Something went wrong."
_HTML = ("content-type", "text/html; charset=utf-8")


class DropsQueries(ProxyBehaviour):
    """Passes the path on, without the query string."""

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        request.target = request.path
        return None


class CachesHealth(ProxyBehaviour):
    """Answers GET /health as it was ten minutes ago."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        if request.path == "/health":
            TenMinutesSlow().after(request, response)
            response.set_header("age", f"{TEN_MINUTES.total_seconds():.0f}")


class CachesGetSession(ProxyBehaviour):
    """Answers each GET of get-session as the first, whoever sends it and with whatever query."""

    def __init__(self) -> None:
        self._cached: ProxyResponse | None = None

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        is_cached = self._cached is not None and request.path == GET_SESSION
        return self._cached.copy() if is_cached and self._cached else None

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        if request.path == GET_SESSION and self._cached is None:
            self._cached = response.copy()


class KeepsErrorStatus(ProxyBehaviour):
    """Shows a page of its own in place of an error."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        if response.status >= 400:
            response.headers, response.chunks = [_HTML], [_ERROR_PAGE]


class ShowsErrorPages(KeepsErrorStatus):
    """Shows that page as if nothing had happened."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        super().after(request, response)
        response.status = 200 if response.status >= 400 else response.status


class AllowsItselfAgain(ProxyBehaviour):
    """Adds Access-Control-Allow-Origin for its own pages, which the server has sent too."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        allowed = f"http://{request.headers['host']}"
        response.headers.append(("access-control-allow-origin", allowed))


class KnowsNoHead(ProxyBehaviour):
    """Answers HEAD with 404."""

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        return ProxyResponse(404) if request.method == "HEAD" else None


class Compresses(ProxyBehaviour):
    """Compresses JSON for everybody, and does not say that it depends on the caller."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        if request.method != "HEAD" and "json" in str(response.get_all("content-type")):
            response.drop_headers("vary")
            response.set_header("content-encoding", "gzip")
            response.chunks = [gzip.compress(response.read())]


class CompressesTwice(Compresses):
    """Compresses what is compressed already, and names one compression."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        super().after(request, response)
        if response.get_all("content-encoding"):
            response.chunks = [gzip.compress(response.read())]


class AsksForAPassword(ProxyBehaviour):
    """Lets only those in who know its password."""

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        challenge = ("www-authenticate", 'Basic realm="staging"')
        return ProxyResponse(401, [challenge, _HTML], [b"<h1>401 Authorization Required</h1>"])


class BusyOnce(ProxyBehaviour):
    """Is busy at the first deletion of an account."""

    def __init__(self) -> None:
        self._was_busy = False

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        if self._was_busy or not request.path.endswith("/delete-user"):
            return None
        self._was_busy = True
        return ProxyResponse(503, [("retry-after", "7")])
