"""Findings as JUnit XML for build servers.

A failure is `<failure>`. What is not known is `<error type="inconclusive">`, because a build server shows a skipped
case in green and a thing not known must not look fine; but where the report has a cause, that one `<failure>` is red
already, and what could not be seen behind it is `<skipped>`, as is what does not apply.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from vpnprobe.model.finding import Finding, Report
from vpnprobe.render.escape import printable


def render_junit(reports: Sequence[Report]) -> str:
    """Return a `<testsuites>` document, one suite for each report."""
    root = ElementTree.Element("testsuites", name="vpnprobe")
    for report in reports:
        target = report.target.label
        cases = [_case(finding, report.cause) for finding in report.findings]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=printable(f"{report.probe} {target}"),
            tests=str(len(cases)),
            failures=str(sum(case.find("failure") is not None for case in cases)),
            errors=str(sum(case.find("error") is not None for case in cases)),
            skipped=str(sum(case.find("skipped") is not None for case in cases)),
            time=f"{report.duration_s:.3f}",
            timestamp=report.started_at.isoformat(timespec="seconds"),
        )
        suite.extend(cases)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(finding: Finding, cause: str | None) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase",
        classname=f"vpnprobe.{finding.stage}",
        name=printable(f"{finding.id} {finding.name} {finding.subject}"),
    )
    message = printable(finding.summary, 800)
    if finding.status == "fail" and finding.severity != "info":
        steps = [f"{fix.when or fix.platform}: {printable(step, 800)}" for fix in finding.fix for step in fix.steps]
        failure = ElementTree.SubElement(case, "failure", type=finding.severity, message=message)
        failure.text = "\n".join(steps)
    elif finding.status == "inconclusive" and cause is not None:
        ElementTree.SubElement(case, "skipped", message=f"not known, because {cause} failed: {message}")
    elif finding.status in ("inconclusive", "error"):
        ElementTree.SubElement(case, "error", type=finding.status, message=message)
    elif finding.status == "not-applicable":
        ElementTree.SubElement(case, "skipped", message=message)
    return case
