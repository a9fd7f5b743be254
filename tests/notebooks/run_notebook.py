"""A notebook, run as people run it: `python -m notebooks.report NAME`, a process of its own."""

import html
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.notebooks.proxies import RecordingProxy
from tests.rig.fork_server import NOTEBOOKS, run_forked
from tests.rig.proxy import Proxy
from tests.rig.space import ROOT, Space, inherited

SECRET_KEY = "canary-key-Zq4vT1mX8sLw2rNc7yBf5hJd9gKp3tEu"
REQUESTS = "128"  # four for each of the most callers at once in 04, and one with a session
# The window of a user's calls lasts a minute otherwise; 03 waits until it is over. The frontend is
# what has passkeys: an address such as 127.0.0.1 cannot.
QUICK = {
    "RATE_LIMIT_PER_USER": "10/5 seconds",
    "SECRET_KEY": SECRET_KEY,
    "FRONTEND_URL": "http://localhost:3000",
    "OIDC_PROVIDERS": "company",  # nobody listens there, and no sign-in gets that far
    "OIDC_COMPANY_CLIENT_ID": "client",
    "OIDC_COMPANY_CLIENT_SECRET": "canary-secret-of-a-client",
    "OIDC_COMPANY_AUTHORIZATION_URL": "http://127.0.0.1:9/authorize",
    "OIDC_COMPANY_TOKEN_URL": "http://127.0.0.1:9/token",
    "OIDC_COMPANY_USERINFO_URL": "http://127.0.0.1:9/user",
}


@dataclass(frozen=True)
class NotebookRun:
    """How it ended: the exit code, what the terminal showed, and the page with all outputs."""

    code: int
    output: str
    page: str

    @property
    def text(self) -> str:
        """The page as a reader sees it, without markup and pictures."""
        visible = re.sub(r'src="data:[^"]*"|<style.*?</style>|<[^>]+>', "", self.page, flags=re.S)
        return html.unescape(visible)

    def begins_with(self, verdict: str) -> bool:
        """Whether this verdict is the first that the page says."""
        body = self.page[self.page.index("<body") :]
        first = re.search(r"<(?:p|h1|pre|div id=\"verdict\")[^>]*>(.*?)</", body, re.S)
        return first is not None and first[1].removeprefix("<b>") == verdict.rstrip(".")

    def leaks(self, secrets: set[str]) -> list[str]:
        """The secrets that can be read on the page or the terminal."""
        visible = f"{self.output}{html.unescape(self.page)}"
        return [secret for secret in secrets if secret in visible]


def run(name: str, url: str, folder: Path, **settings: str) -> NotebookRun:
    """Run a notebook against a server."""
    process = run_forked(
        ["-m", "tests.notebooks.warm_report", name, "--into", str(folder)],
        ROOT,
        {**inherited(), "GATEHOUSE_URL": url, "GATEHOUSE_REQUESTS": REQUESTS, **settings},
        imported=NOTEBOOKS,
        seconds=240,
    )
    page = folder / f"{name}.html"
    html_text = page.read_text() if page.exists() else ""
    return NotebookRun(process.returncode, process.stdout + process.stderr, html_text)


@contextmanager
def behind(
    behaviour: RecordingProxy, folder: Path, settings: Mapping[str, str] = QUICK
) -> Iterator[tuple[Space, str]]:
    """A server that is reached through a proxy with these manners, and the proxy's URL."""
    folder.mkdir(exist_ok=True)
    with Proxy(behaviour) as proxy, Space(folder, {"PUBLIC_URL": proxy.url, **settings}) as space:
        proxy.targets = [space.url]
        yield space, proxy.url


def accounts_left(space: Space) -> list[str]:
    """The addresses that have an account, on SQLite."""
    with closing(sqlite3.connect(space.folder / "data" / "gatehouse.db")) as database:
        return [email for (email,) in database.execute("SELECT email FROM users")]
