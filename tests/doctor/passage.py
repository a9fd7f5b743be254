"""A proxy whose manners a test gives it, and may change while it runs."""

from collections.abc import Callable

from tests.rig.proxy import Asked, Manners, Proxy, Told

Before = Callable[[Asked], Told | None]
After = Callable[[Asked, Told], None]


class Passage(Proxy):
    """Passes requests on to `target`. `before` may change one or answer it; `after` the answer."""

    def __init__(self, before: Before = lambda asked: None) -> None:
        super().__init__(_Obedient(self))
        self.before: Before = before
        self.after: After = lambda asked, told: None

    @property
    def target(self) -> str:
        """The server behind it."""
        return self.targets[0]

    @target.setter
    def target(self, url: str) -> None:
        self.targets = [url]


class _Obedient(Manners):
    def __init__(self, passage: Passage) -> None:
        self._passage = passage

    def before(self, asked: Asked) -> Told | None:
        return self._passage.before(asked)

    def after(self, asked: Asked, told: Told) -> None:
        self._passage.after(asked, told)


def response(status: int, body: bytes, kind: str = "application/json") -> Told:
    """An answer that the server has not given."""
    return Told(status, [("content-type", kind)], [body])
