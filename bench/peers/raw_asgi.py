"""The limit of the server: the same body, from the barest ASGI application."""

from bench.peers.bodies import SESSION
from bench.peers.runner import Receive, Scope, Send, run


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer everything alike."""
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(SESSION))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": SESSION})


if __name__ == "__main__":
    run(app)
