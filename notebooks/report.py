"""Runs the notebooks against a deployment and writes a page of each: python -m notebooks.report."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter
from traitlets.config import Config

from doctor.clock import SystemBlockingClock
from notebooks.clean import FOLDER, notebooks

_LOCAL = {"localhost", "127.0.0.1", "::1"}
_CELL_AT_MOST = 300  # seconds
# What a page would fetch from elsewhere; it is to be read offline, and in ten years.
_FETCHES_NOTHING = {
    "mathjax_url": "",
    "jquery_url": "",
    "require_js_url": "",
    "mermaid_js_url": "",
    "mermaid_layout_elk_js_url": "",
    "jupyter_widgets_base_url": "",
}


def run(notebook: Path, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a notebook and write its page, also where a cell fails; return why it failed, or ""."""
    book = nbformat.read(notebook, as_version=4)
    why = ""
    with TemporaryDirectory() as sockets:
        # Not TCP: what the kernel is told and says could then be heard by others on this machine.
        channels = Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}})
        client = NotebookClient(
            book,
            timeout=_CELL_AT_MOST,
            kernel_name="python3",
            config=channels,
            resources={"metadata": {"path": str(FOLDER)}},
        )
        try:
            client.execute(env=dict(environment))
        except CellExecutionError as error:
            why = f"{error.ename}: {error.evalue}"
        except (CellTimeoutError, DeadKernelError) as error:
            why = str(error).strip()
    book.cells.insert(0, nbformat.v4.new_markdown_cell(_verdict(why)))
    (folder / f"{notebook.stem}.html").write_text(_page(book, notebook.stem), encoding="utf-8")
    return why


@cache
def _exporter() -> HTMLExporter:
    return HTMLExporter(
        config=Config({"HTMLExporter": _FETCHES_NOTHING}),
        extra_template_basedirs=[str(FOLDER / "templates")],
        template_name="folded",
    )


def _verdict(why: str) -> str:
    """Return what the page begins with."""
    colour, word = ("#c4432f", "Failed") if why else ("#2a9d74", "Passed")
    text = f"<b>{word}</b>. {escape(why) or 'Everything that this page expects holds.'}"
    style = f"border-left:6px solid {colour};padding:.6em 1em;overflow-wrap:anywhere"
    return f'<div id="verdict" style="{style}">{text}</div>'


def _page(book: nbformat.NotebookNode, title: str) -> str:
    body, _ = _exporter().from_notebook_node(book, {"metadata": {"name": title}})
    return str(body)


def _why_left_out(notebook: Path, environment: Mapping[str, str]) -> str:
    host = urlsplit(environment.get("GATEHOUSE_URL", "http://localhost:7860")).hostname
    has_database = environment.get("DATABASE_URL") or environment.get("DATA_DIR")
    if "database" in notebook.stem and host not in _LOCAL and not has_database:
        return "set DATABASE_URL to the database of the deployment"
    return ""


def _selected_notebooks(names: Sequence[str]) -> list[Path]:
    known = {path.stem: path for path in notebooks()}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"There is no notebook {unknown[0]}. There are {', '.join(known)}.")
    return [known[name] for name in names] or list(known.values())


def main() -> int:
    """Run the notebooks; the exit code is 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m notebooks.report", description=__doc__)
    parser.add_argument("notebook", nargs="*", help="such as 01_deployment_check; all of them")
    parser.add_argument("--into", type=Path, default=FOLDER.parent / "reports", metavar="FOLDER")
    arguments = parser.parse_args()
    arguments.into.mkdir(parents=True, exist_ok=True)
    clock, failed = SystemBlockingClock(), False
    for notebook in _selected_notebooks(arguments.notebook):
        left_out = _why_left_out(notebook, os.environ)
        if left_out:
            print(f"{notebook.stem:26} left out: {left_out}")
            continue
        began = clock.monotonic()
        why = run(notebook, arguments.into, os.environ)
        failed = failed or bool(why)
        seconds = clock.monotonic() - began
        result = f"failed: {why}" if why else "passed"
        print(f"{notebook.stem:26} {seconds:3.0f} s  {result}", flush=True)
    print(f"The pages are in {arguments.into}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
