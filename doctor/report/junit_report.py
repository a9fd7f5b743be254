"""The findings as JUnit XML, in the form that pytest writes and CI systems read."""

import re
from urllib.parse import urlsplit
from xml.etree import ElementTree

from doctor.findings import Finding, Verdict
from doctor.report.json_report import Report
from doctor.report.summary import count_verdicts

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2


def render_junit(report: Report) -> bytes:
    """Return the report: a test case for each check, with warnings in its system-out."""
    counts = count_verdicts(report.findings)
    totals = {
        "name": "doctor",
        "errors": "0",
        "failures": str(counts["fail"]),
        "skipped": str(counts["skipped"]),
        "tests": str(len(report.findings)),
        "time": f"{report.seconds:.3f}",
        "timestamp": report.started_at.isoformat(timespec="milliseconds"),
        "hostname": urlsplit(report.deployment.url).netloc,
    }
    root = ElementTree.Element("testsuites", {"name": "doctor"})
    suite = ElementTree.SubElement(root, "testsuite", totals)
    for finding in report.findings:
        _add_case(suite, finding)
    ElementTree.indent(root)
    xml: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _add_case(suite: ElementTree.Element, finding: Finding) -> None:
    attributes = {
        "classname": f"doctor.{finding.check.partition('.')[0]}",
        "name": finding.check,
        "time": f"{finding.seconds:.3f}",
    }
    case = ElementTree.SubElement(suite, "testcase", attributes)
    evidence = _clean(finding.evidence)
    if finding.verdict is Verdict.FAIL:
        failure = ElementTree.SubElement(case, "failure", {"message": evidence, "type": "fail"})
        failure.text = _clean(_details(finding))
    elif finding.verdict is Verdict.SKIPPED:
        ElementTree.SubElement(case, "skipped", {"message": evidence, "type": "skipped"})
    else:
        ElementTree.SubElement(case, "system-out").text = _clean(_details(finding))


def _details(finding: Finding) -> str:
    lines = [f"{finding.verdict.value}: {finding.title}", finding.evidence]
    return "\n".join([*lines, f"fix: {finding.fix}"] if finding.fix else lines)


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
