"""The limit of the framework: the same body, from one Starlette route without anything else."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers.bodies import SESSION
from bench.peers.runner import run


async def get_session(request: Request) -> Response:
    """Answer what a session check answers."""
    return Response(SESSION, media_type="application/json")


app = Starlette(routes=[Route("/api/auth/get-session", get_session)])

if __name__ == "__main__":
    run(app)
