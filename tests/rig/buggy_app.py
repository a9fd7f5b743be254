"""Gatehouse with two bugs, whose exceptions tell all that they know: what the log must not.

A password that begins with "Break" cannot be checked, and GET and POST /break fail.
"""

from typing import Any

from fastapi import FastAPI, Request

import app
from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.secrets.secret import Password
from backend.kernel.settings import Settings

space: Any = app
_create_app, _verify = space.create_app, PasswordHasher.verify


def _verify_or_break(hasher: PasswordHasher, password: Password, *others: object) -> object:
    typed = password.reveal()
    if not typed.startswith("Break"):
        return _verify(hasher, password, *others)  # type: ignore[arg-type]
    try:
        raise KeyError(typed)
    except KeyError as error:
        error.add_note(f"a note about {typed!r}")
        raise RuntimeError(f"cannot check {typed} for {others}") from error


def _app_with_a_bug(settings: Settings) -> FastAPI:
    api: FastAPI = _create_app(settings)

    @api.api_route("/break/{token}", methods=["GET", "POST"])
    async def fail(request: Request) -> None:
        raise RuntimeError(f"{request.url} {request.headers.raw} {request.cookies}")

    return api


PasswordHasher.verify = _verify_or_break  # type: ignore[method-assign,assignment]
space.create_app = _app_with_a_bug

if __name__ == "__main__":
    space.main()
