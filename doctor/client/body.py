"""The body of a response, read with limits: a server may send any amount, packed or nested."""

import json
import zlib
from collections.abc import Iterator
from typing import Any

import httpx

MAX_BODY_BYTES = 1_000_000  # bytes, after decompression
_MAX_DEPTH = 64  # arrays and objects within each other
_MAX_ENCODINGS = 2  # of one body
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # finds out which it is


def iterate_body(response: httpx.Response) -> Iterator[bytes]:
    """Yield the decompressed body as it arrives, up to MAX_BODY_BYTES; raises DecodingError.

    httpx would decompress a piece of any size at once. A body in an encoding that the doctor did
    not accept is not decompressed.
    """
    left = MAX_BODY_BYTES
    for piece in _decompress(response.iter_raw(), _encodings(response)):
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def parse_json(body: bytes) -> Any:
    """Return the body parsed as JSON, or None if it is not JSON or nested too deeply."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if _depth_is_limited(parsed) else None


def _encodings(response: httpx.Response) -> list[str]:
    """Return the encodings in which the body was packed, the last first."""
    header = response.headers.get("content-encoding", "").lower()
    names = [name.strip() for name in header.split(",") if name.strip()][::-1]
    is_known = all(name in {"gzip", "x-gzip", "deflate"} for name in names)
    return names if is_known and len(names) <= _MAX_ENCODINGS else []


def _decompress(pieces: Iterator[bytes], encodings: list[str]) -> Iterator[bytes]:
    for _ in encodings:
        pieces = _inflate(pieces)
    return pieces


def _inflate(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decoder = zlib.decompressobj(_GZIP_OR_ZLIB)
    for piece in pieces:
        waiting = piece
        while waiting:
            try:
                unpacked = decoder.decompress(waiting, MAX_BODY_BYTES)
            except zlib.error as error:
                raise httpx.DecodingError(f"the body cannot be decompressed: {error}") from None
            waiting = decoder.unconsumed_tail
            if unpacked:
                yield unpacked
            if decoder.eof:
                return


def _depth_is_limited(value: Any) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [inner for each in level for inner in _children(each)]
        if not level:
            return True
    return False


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
