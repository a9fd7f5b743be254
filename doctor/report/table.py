"""The findings as a table: a line for each check, and more for what failed or is odd."""

import textwrap
from collections.abc import Sequence
from typing import TextIO

from doctor.findings import Finding, Verdict, to_printable
from doctor.report.summary import summarize, worst_verdict
from doctor.report.terminal import Style

_OPERATIONS = "Operations"
_HEADINGS = {
    "reach": "Reachability",
    "headers": "Security headers",
    "account": "Accounts, cookies and sessions",
    "cookies": "Accounts, cookies and sessions",
    "clock": "Accounts, cookies and sessions",
    "session": "Accounts, cookies and sessions",
    "address": "Accounts, cookies and sessions",
    "protection": "Access control",
    "origins": "Other sites",
    "cors": "Other sites",
    "stream": "Streaming and compression",
    "limits": "Rate limits",
    "enumeration": "Account enumeration",
    "frontend": "Through the app",
    "second-factor": "Second factor",
    "ways": "Ways to sign in",
    "providers": "Providers",
    "account.deleted": "Clean-up",
    "address.public-url": _OPERATIONS,
    "limits.store": _OPERATIONS,
}
_INDENT = "    "


class Table:
    """Writes findings as they arrive; with `brief` only failures and warnings."""

    def __init__(self, out: TextIO, style: Style, *, brief: bool = False) -> None:
        self._out, self._style, self._brief = out, style, brief
        self._heading = ""

    def write(self, finding: Finding) -> None:
        """Write one finding."""
        matters = finding.verdict in {Verdict.WARN, Verdict.FAIL}
        if self._brief and not matters:
            return
        self._write_heading(heading_of(finding.check))
        if matters:
            self._write_details(finding)
        else:
            self._write_line(finding)

    def write_summary(self, findings: Sequence[Finding]) -> None:
        """Write the summary."""
        if self._heading:
            self._print("")
        mark = self._style.mark(worst_verdict(findings))
        self._print(f"{mark} {self._style.bold(summarize(findings))}")

    def _write_heading(self, heading: str) -> None:
        if heading != self._heading:
            self._print(("\n" if self._heading else "") + self._style.bold(heading))
            self._heading = heading

    def _write_line(self, finding: Finding) -> None:
        room = self._style.width - len(f"  x {finding.title}  ")
        evidence = to_printable(finding.evidence)
        if finding.verdict is Verdict.SKIPPED and len(evidence) > room:
            self._print(f"  {self._style.mark(finding.verdict)} {finding.title}")
            self._print(self._style.dim(self._wrapped(evidence)))
            return
        evidence = self._style.truncate(evidence, room) if room > len(_INDENT) else ""
        self._print(
            f"  {self._style.mark(finding.verdict)} {finding.title}  {self._style.dim(evidence)}"
        )

    def _write_details(self, finding: Finding) -> None:
        name = self._style.dim(f"({finding.check})")
        self._print(f"  {self._style.mark(finding.verdict)} {finding.title} {name}")
        self._print(self._wrapped(finding.evidence))
        self._print(self._wrapped(f"fix: {finding.fix}"))

    def _wrapped(self, text: str) -> str:
        return textwrap.fill(
            to_printable(text),
            self._style.width,
            initial_indent=_INDENT,
            subsequent_indent=_INDENT,
            break_on_hyphens=False,
        )

    def _print(self, line: str) -> None:
        encoding = self._out.encoding or "utf-8"
        self._out.write(f"{line}\n".encode(encoding, "replace").decode(encoding))
        self._out.flush()


def heading_of(check: str) -> str:
    """Return the heading under which a check appears."""
    return _HEADINGS.get(check) or _HEADINGS.get(check.partition(".")[0], _OPERATIONS)
