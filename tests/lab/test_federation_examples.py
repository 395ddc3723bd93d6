"""The examples of Cisco's document on federation with Microsoft, from labs with the same names.

What is predicted has to carry the same number, the same fields and the same values as the printed headers (F4-13,
F4-14) and trace records (F4-15, F4-16) do; `source` is the partner's and is not predicted.
"""

import asyncio

import pytest

from tests.lab.accuracy import probe_federation
from vpnprobe.lab.federation.scenarios import find_federation_scenario
from vpnprobe.model.finding import Finding
from vpnprobe.wire.sip.diagnostics import parse_ms_diagnostics

# As the document prints them, line breaks taken out.
PRINTED_1009 = (
    '1009; reason="No match for domain in DNS SRV results"; domain="cms.steven.lab"; '
    'fqdn1="vcse.sub.cms.steven.lab:5061";source="sip.skype.lab"'
)
PRINTED_1010 = (
    '1010; reason="Certificate trust with another server could not be established";'
    'ErrorType="The peer certificate does not contain a matching FQDN"; tls-target="vcse.cms.steven.lab"; '
    'PeerServer="vcse.steven.lab";HRESULT="0x80090322(SEC_E_WRONG_PRINCIPAL)";source="sip.skype.lab"'
)
HEADER = "ms-diagnostics: "


def alarm(name: str) -> Finding:
    outcome = asyncio.run(probe_federation(find_federation_scenario(name)))
    assert outcome.is_right, str(outcome)
    [finding] = [finding for finding in outcome.report.findings if finding.is_alarm]
    return finding


@pytest.mark.parametrize(
    ("name", "check", "printed"),
    [("federation-example-1009", "DOM001", PRINTED_1009), ("federation-example-1010", "FCR001", PRINTED_1010)],
)
def test_predicted_header(name: str, check: str, printed: str) -> None:
    finding = alarm(name)
    [header] = [line for line in finding.logs.edge if line.startswith(HEADER)]
    predicted, shown = parse_ms_diagnostics(header.removeprefix(HEADER)), parse_ms_diagnostics(printed)
    assert finding.id == check
    assert predicted.code == shown.code
    assert predicted.sub == shown.sub
    fields, expected = dict(predicted.fields), dict(shown.fields)
    assert fields.pop("source") == "<partner-edge>"
    assert expected.pop("source") == "sip.skype.lab"
    assert fields == expected


@pytest.mark.parametrize(
    ("name", "result", "data"),
    [
        (
            "federation-example-acano",
            "0xc3e93d6f SIPPROXY_E_EPROUTING_MSG_ALLOWED_DOMAIN_NO_SRV_MATCH",
            'domain="acano.steven.lab";fqdn1="vcse.steven.lab:5061"',
        ),
        (
            "federation-example-1010",
            "0xc3e93d67 SIPPROXY_E_ROUTING_MSG_CERT_MISMATCH",
            (
                'expected-fqdn="vcse.cms.steven.lab";certName="vcse.steven.lab";'
                'info="The peer certificate does not contain a matching FQDN"'
            ),
        ),
    ],
)
def test_predicted_trace(name: str, result: str, data: str) -> None:
    [record] = [line for line in alarm(name).logs.edge if line.startswith("$$begin_record")]
    assert f"Result-Code: {result} " in record
    assert f"Data: {data} " in record


@pytest.mark.parametrize("name", ["federation-example-1009", "federation-example-1010", "federation-example-acano"])
def test_expressway_sees_a_504_and_no_reason(name: str) -> None:
    [line] = alarm(name).logs.expressway
    assert line.startswith("SIP/2.0 504 Server time-out")
    assert "RTC/6.0" in line


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "federation-example-1009",
            "_sipfederationtls._tcp.cms.steven.lab. 3600 IN SRV 0 0 5061 vcse.cms.steven.lab.",
        ),
        (
            "federation-example-acano",
            "_sipfederationtls._tcp.acano.steven.lab. 3600 IN SRV 0 0 5061 vcse.acano.steven.lab.",
        ),
    ],
)
def test_record_to_publish(name: str, line: str) -> None:
    assert line in {step for fix in alarm(name).fix for step in fix.steps}
