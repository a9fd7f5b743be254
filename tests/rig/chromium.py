"""The system's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.rig.missing_tools import skip_test

# First the one without windows: a page costs it less.
NAMES = (
    *("chromium-headless-shell", "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable"),
)
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
# Its sandbox needs rights a container lacks; the others keep it from calling home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window; leaves the test out if there is none on this machine."""
    program = next(filter(None, map(shutil.which, (*NAMES, MAC))), None)
    if not program:
        advice = f"install the package {NAMES[0]} (make test does it where it is root)"
        skip_test("Chromium", advice)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
