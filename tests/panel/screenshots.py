"""Takes the pictures in docs/screenshots anew: python -m tests.panel.screenshots."""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.panel.conftest import LOGIN, panel_space
from tests.panel.watching import SCREENS, open_panel, watched
from tests.rig import shared
from tests.rig.chromium import chromium
from tests.rig.space import ROOT

PLACE = ROOT / "docs" / "screenshots"


def take_all(browser: Browser, url: str) -> None:
    """Take every picture."""
    PLACE.mkdir(parents=True, exist_ok=True)
    for screen in SCREENS:
        with watched(browser, url, screen) as seen:
            seen.page.goto(LOGIN)
            if screen != "phone":
                seen.page.screenshot(path=PLACE / f"sign-in-{screen}.png")
            page = open_panel(seen)
            page.get_by_role("button", name="Sign up").click()
            expect(page.locator("#card .figure b").first).to_have_text("200 OK")
            page.get_by_role("tab", name="Cookies").click()
            expect(page.locator("#cookies .cookie").first).to_be_visible()
            page.mouse.move(0, 0)
            if screen == "phone":
                page.evaluate("document.querySelector('.deeds').scrollIntoView()")
            picture = PLACE / f"panel-tester-{screen}.png"
            page.screenshot(path=picture, animations="disabled")


def main() -> None:
    shared.open_folder()
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            panel_space(Path(folder)) as space,
            chromium() as browser,
        ):
            take_all(browser, space.url)
    finally:
        shared.close_folder()


if __name__ == "__main__":
    main()
