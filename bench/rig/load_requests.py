"""Requests as bytes, built before the measurement: the load generator only sends them."""

import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

# RFC 2544 sets this network aside for measurements.
_NETWORK = ipaddress.ip_network("198.18.0.0/15")


@dataclass(frozen=True)
class LoadRequest:
    """One request; `address` is the client address a trusted proxy would report."""

    method: str
    path: str
    cookie: str = ""
    body: bytes = b""
    form: bool = False
    address: str = ""

    def to(self, port: int) -> bytes:
        """Return the bytes to send to a server on this port of 127.0.0.1."""
        host = f"127.0.0.1:{port}"
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}"]
        if self.cookie:
            lines.append(f"Cookie: {self.cookie}")
        if self.address:
            lines.append(f"X-Forwarded-For: {self.address}")
        if self.method != "GET":
            kind = "application/x-www-form-urlencoded" if self.form else "application/json"
            lines += [f"Origin: http://{host}", f"Content-Type: {kind}"]
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


def encode_json(body: Any) -> bytes:
    """Return a body of JSON."""
    return json.dumps(body).encode()


def encode_form(fields: dict[str, str]) -> bytes:
    """Return a body as a page's form sends it."""
    return urlencode(fields).encode()


def caller_addresses(count: int) -> list[str]:
    """Return callers' addresses, all different up to 131,070 of them."""
    return [str(each) for each in islice(_NETWORK.hosts(), count)]


def write_requests(file: Path, requests: Iterable[LoadRequest], port: int) -> Path:
    """Write requests for the scripts of bench/rig/lua; returns the file."""
    with file.open("wb") as out:
        for request in requests:
            sent = request.to(port)
            out.write(b"%d\n%b" % (len(sent), sent))
    return file
