"""An authenticator app that reads the QR code from the screen, as a phone does."""

import io
from typing import Any

import pyotp
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from backend.kernel.clock import SystemClock


def scan(page: Any) -> pyotp.TOTP:
    """Read the QR code that a page shows, from a picture of it."""
    expect(page.locator(".qr svg")).to_be_visible()
    picture = Image.open(io.BytesIO(page.locator(".qr").screenshot()))
    (found,) = zxingcpp.read_barcodes(picture)
    app = pyotp.parse_uri(found.text)
    assert isinstance(app, pyotp.TOTP)
    return app


def next_code(app: pyotp.TOTP) -> str:
    """Return the app's next code, which the server takes half a minute early: each works once."""
    return app.at(SystemClock().now(), counter_offset=1)
