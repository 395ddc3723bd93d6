"""The lines of a CAPF's stages, and the answer."""

from __future__ import annotations

import pytest

from tests.checks.capf.builder import (
    BOTH_WAYS,
    CAPF,
    NO_WAY,
    OTHER,
    V4,
    V6,
    greeting,
    handshake,
    held_list,
    no_connection,
    resolved,
    run,
    two_ways,
    unreached,
    unresolved,
    visit,
    with_lists,
)
from tests.checks.evidence_builder import fail, names
from tests.render.reports import RAW
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence, StageName
from vpnprobe.model.failure import FailureKind
from vpnprobe.render.escape import printable
from vpnprobe.render.stage_lines import describe_stage
from vpnprobe.render.status_line import headline, status_line

DAMAGED = b"0\x00"
# rsaEncryption in the key's place, and nowhere else.
STRANGE = CAPF.der.replace(bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d01017f"))
SILENT = visit(spoke="silent", chain=names(CAPF.der))


@pytest.mark.parametrize(
    ("stage", "evidence", "line"),
    [
        ("resolve", run(), "cucm-pub.example.com is 192.0.2.10; the phone takes IPv4 (row 6)"),
        ("resolve", run(row=BOTH_WAYS), "cucm-pub.example.com is 192.0.2.10; the phone takes IPv6, then IPv4 (row 1)"),
        ("resolve", run(row=NO_WAY), "cucm-pub.example.com is 192.0.2.10; the phone has no way (row 8)"),
        ("resolve", run(resolution=resolved("192.0.2.10", source="literal")), "the phone takes IPv4 (row 6)"),
        (
            "resolve",
            unresolved(fail(FailureKind.NAME_NOT_FOUND)),
            "cucm-pub.example.com: no such name",
        ),
        ("connect", run(), f"{V4} in 10 ms"),
        ("connect", two_ways(no_connection(V6), visit()), f"{V6}: connection refused; {V4} in 10 ms"),
        ("handshake", run(), "TLS 1.0 AES256-SHA"),
        ("handshake", run(handshakes=(), visits=(visit(spoke="tls-failed"),)), f"{V4}: TLS did not complete"),
        (
            "greeting",
            run(),
            "CAPF, version 3, asks for no authentication string; hung up without an answer",
        ),
        (
            "greeting",
            run(visits=(visit(attempt=3, greeting=greeting(None, 1)),)),
            "CAPF, no version, asks for an authentication string; hung up without an answer, at try 3",
        ),
        (
            "greeting",
            run(visits=(visit(greeting=greeting(3, None)),)),
            "CAPF, version 3, does not say what it asks for; hung up without an answer",
        ),
        ("greeting", run(visits=(SILENT,)), f"{V4}: says nothing"),
        ("certificate", run(), "CN=CAPF-18cf046e, RSA 2048, to 2044-01-01"),
        (
            "certificate",
            run(visits=(visit(chain=names(DAMAGED)),), certificates={names(DAMAGED)[0]: DAMAGED}),
            "a certificate that cannot be read",
        ),
        (
            "certificate",
            run(visits=(visit(chain=names(STRANGE)),), certificates={names(STRANGE)[0]: STRANGE}),
            "CN=CAPF-18cf046e, 1.2.840.113549.1.1.127, to 2044-01-01",
        ),
        ("trust-list", run(), "1 certificate of a CAPF, the one that is shown among them"),
        (
            "trust-list",
            with_lists(held_list(), certificates=(OTHER,)),
            "ITLFile.tlv: 1 certificate of a CAPF",
        ),
        ("trust-list", run(ca_certificates=()), ""),
        ("online-ca", run(), ""),
    ],
)
def test_stages(stage: StageName, evidence: Evidence, line: str) -> None:
    assert describe_stage(evidence, stage) == line


@pytest.mark.parametrize(
    ("evidence", "answer"),
    [
        (run(), "YES, a phone reaches this CAPF and is greeted; no operation was started."),
        (
            run(idle_timeout_min=10),
            "YES, a phone reaches this CAPF and is greeted; no operation was started, but something needs attention.",
        ),
        (unreached(no_connection()), "NO. A phone would not reach this CAPF."),
        (run(row=NO_WAY), "NO. A phone would not find the way to this CAPF."),
        (run(visits=(SILENT,)), "NO. A phone would not be greeted as CAPF does."),
        (
            unreached(no_connection(kind=FailureKind.LOCAL)),
            "NOT KNOWN whether a phone would get its certificate here.",
        ),
    ],
)
def test_answers(evidence: Evidence, answer: str) -> None:
    assert headline(judge(evidence)) == answer


def test_nothing_of_a_peer_is_raw() -> None:
    evidence = run(
        resolution=resolved("192.0.2.10", name=RAW),
        visits=(visit(spoke="other", excerpt=RAW, problem=RAW),),
        handshakes=(handshake(suite_name=RAW),),
    )
    said = [describe_stage(evidence, stage.name) for stage in evidence.stages]
    assert all(text == printable(text, 2000) for text in (*said, status_line(judge(evidence))))
