"""The servers by name: as the figures are kept, and as people read them."""

OURS = "gatehouse"
SQLITE = "gatehouse-sqlite"
NICE_ZERO = "gatehouse-nice-0"
ONE_THREAD = "gatehouse-1-thread"
BETTER_AUTH = "better-auth"
BETTER_AUTH_CACHED = "better-auth-cookie-cache"
FASTAPI_USERS = "fastapi-users"
BETTER_AUTH_PYTHON = "better-auth-server"
STARLETTE = "bare-starlette"
ASGI = "raw-asgi"

API_ALONE = "gatehouse-api-alone"
"""Ours without the panel: what a replica runs."""
LIMITS = (STARLETTE, ASGI)
"""Those that only show what Python can do."""

_DISPLAY_NAMES = {
    OURS: "Gatehouse",
    SQLITE: "Gatehouse on SQLite",
    NICE_ZERO: "Gatehouse, HASH_NICE=0",
    ONE_THREAD: "Gatehouse, HASH_THREADS=1",
    API_ALONE: "Gatehouse without its panel",
    BETTER_AUTH: "Better Auth",
    BETTER_AUTH_CACHED: "Better Auth, cookie cache",
    STARLETTE: "a bare Starlette route",
    ASGI: "a raw ASGI application",
}


def display_name(server: str) -> str:
    """Return the name that people read."""
    return _DISPLAY_NAMES.get(server, server)


def is_ours(server: str) -> bool:
    """Tell whether this is Gatehouse, however it is set up."""
    return server.startswith((OURS, "replica"))
