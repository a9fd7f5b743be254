"""A proxy whose manners a test gives it, and may change while it runs."""

from collections.abc import Callable

from tests.rig.proxy import Proxy, ProxyBehaviour, ProxyRequest, ProxyResponse

Before = Callable[[ProxyRequest], ProxyResponse | None]
After = Callable[[ProxyRequest, ProxyResponse], None]


class ScriptedProxy(Proxy):
    """Passes requests on to `target`. `before` may change one or answer it; `after` the answer."""

    def __init__(self, before: Before = lambda request: None) -> None:
        super().__init__(_ScriptedBehaviour(self))
        self.before: Before = before
        self.after: After = lambda request, response: None

    @property
    def target(self) -> str:
        """The server behind it."""
        return self.targets[0]

    @target.setter
    def target(self, url: str) -> None:
        self.targets = [url]


class _ScriptedBehaviour(ProxyBehaviour):
    def __init__(self, proxy: ScriptedProxy) -> None:
        self._proxy = proxy

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        return self._proxy.before(request)

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        self._proxy.after(request, response)


def make_response(status: int, body: bytes, kind: str = "application/json") -> ProxyResponse:
    """An answer that the server has not given."""
    return ProxyResponse(status, [("content-type", kind)], [body])
