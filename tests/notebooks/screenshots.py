"""Takes the picture in docs/screenshots anew: python -m tests.notebooks.screenshots."""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.notebooks.run_notebook import run
from tests.rig import shared
from tests.rig.chromium import chromium
from tests.rig.space import ROOT, Space

NAME = "01_deployment_check"
PICTURE = ROOT / "docs" / "screenshots" / "notebook-verdict.png"
OWNER, PASSWORD = "owner@example.com", "a long one of the owner's own"
SECTIONS = (
    "The verdict",
    "Response times",
)  # the verdict, and the sections with plots; without code
REMOVE_OTHER_SECTIONS = """shown => {
    let here = false;
    for (const cell of document.querySelectorAll('.jp-Cell')) {
        const title = cell.querySelector('h1, h2');
        if (title) here = shown.some(text => title.textContent.startsWith(text));
        if (cell.matches('.jp-CodeCell')) cell.querySelector('.folded-code').remove();
        if (!here && !cell.querySelector('#verdict')) cell.remove();
    }
}"""


def take(browser: Browser, page: Path) -> None:
    """Take the picture of an executed notebook's page."""
    with browser.new_context(viewport={"width": 960, "height": 700}) as profile:
        tab = profile.new_page()
        tab.goto(page.as_uri())
        tab.evaluate(REMOVE_OTHER_SECTIONS, SECTIONS)
        tab.screenshot(path=PICTURE, full_page=True, animations="disabled")


def main() -> None:
    shared.open_folder()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            with Space(folder, {"ADMIN_EMAIL": OWNER, "ADMIN_PASSWORD": PASSWORD}) as space:
                secret = {"GATEHOUSE_ADMIN_EMAIL": OWNER, "GATEHOUSE_ADMIN_PASSWORD": PASSWORD}
                result = run(NAME, space.url, folder, **secret)
            if result.code != 0:
                raise SystemExit(result.output)
            with chromium() as browser:
                take(browser, folder / f"{NAME}.html")
    finally:
        shared.close_folder()


if __name__ == "__main__":
    main()
