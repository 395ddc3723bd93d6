"""Many domains in one run, and how the federation command behaves on the wire: judged by tshark and Kamailio's log."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from tests.containers import phone
from tests.containers.capture import Capture, capture
from tests.containers.federation_servers import Partners
from tests.containers.federation_zones import FAULTY, MANY, domain, target
from tests.containers.product import CRITICAL, credential, federation
from vpnprobe.model.finding import Report
from vpnprobe.probes.options import DEFAULT_PARALLEL

pytestmark = pytest.mark.container

# Of memory between the 50th and the last of 200 domains. Keeping the reports would take far more.
GROWTH = 1.1


@dataclass(frozen=True, slots=True)
class Run:
    """A run over many domains: its exit status, its lines, the peak of its memory (KiB) at each, and the wire.

    `edge` and `dns` are what the edge and the DNS server sent and received.
    """

    status: int
    lines: list[bytes]
    peaks: list[int]
    reports: dict[str, Report]
    edge: Capture
    dns: Capture


@pytest.fixture(scope="module")
def many(partners: Partners, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """200 domains from a file, all at one edge and one DNS server."""
    names = tmp_path_factory.mktemp("many") / "domains"
    names.write_text("# all of them\n" + "\n".join(MANY))
    command = [sys.executable, "-m", "vpnprobe", "federation", "--from-file", str(names), "--format", "jsonl", "--sip"]
    options = ["--resolver", partners.dns.address, *partners.root]
    lines: list[bytes] = []
    peaks: list[int] = []
    with (
        capture(partners.edge, tmp_path_factory.mktemp("edge")) as edge,
        capture(partners.dns, tmp_path_factory.mktemp("dns")) as dns,
    ):
        with subprocess.Popen([*command, *options], stdout=subprocess.PIPE) as running:
            assert running.stdout is not None
            for line in running.stdout:
                lines.append(line)
                peaks.append(peak(running.pid))
        reports = [msgspec.json.decode(line, type=Report) for line in lines]
        yield Run(running.returncode, lines, peaks, {one.target.label: one for one in reports}, edge, dns)


def peak(process: int) -> int:
    """The most memory that a process had, in KiB; 0 once it has ended."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def mixed(partners: Partners, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Capture]:
    """The edge's wire while domains with one and with many targets are probed with our certificate and with SIP."""
    labels = ("healthy", "asks", "needs", "misnamed", "asks-misnamed", "records")
    given = credential(partners.pki, "partner")
    with capture(partners.edge, tmp_path_factory.mktemp("mixed")) as wire:
        federation(*map(domain, labels), "--resolver", partners.dns.address, "--sip", *given, *partners.root)
        yield wire


def most_at_once(events: Iterable[tuple[str, bool]]) -> int:
    """The most things under way at the same time; an event is the beginning or the end of one."""
    under_way: set[str] = set()
    most = 0
    for name, begins in events:
        if begins:
            under_way.add(name)
        else:
            under_way.discard(name)
        most = max(most, len(under_way))
    return most


def connections(wire: Capture) -> Iterator[tuple[str, bool]]:
    """Connections to the edge, each from its first packet until we close it or somebody resets it."""
    to_edge = "tcp.dstport == 5061 && (tcp.flags.syn == 1 || tcp.flags.fin == 1)"
    rows = wire.rows(f"{to_edge} || tcp.port == 5061 && tcp.flags.reset == 1", "tcp.stream", "tcp.flags")
    return ((stream, bool(int(flags, 16) & 0x02)) for stream, flags in rows)


def test_each_domain_is_one_line_in_the_form_of_the_schema(many: Run) -> None:
    schema = subprocess.run([sys.executable, "-m", "vpnprobe", "schema"], capture_output=True, check=True)
    validator = Draft202012Validator(json.loads(schema.stdout))

    assert len(many.lines) == len(MANY)
    assert set(many.reports) == set(MANY)
    for line in many.lines:
        validator.validate(json.loads(line))


def test_each_domain_has_its_own_verdict_and_the_worst_is_the_status(many: Run) -> None:
    alarms = {
        name: {finding.id for finding in report.findings if finding.is_alarm} for name, report in many.reports.items()
    }

    assert alarms == {name: {"ADR001"} if name in FAULTY else set() for name in MANY}
    assert many.status == CRITICAL


def test_memory_is_that_of_few_domains(many: Run) -> None:
    assert many.peaks[49] > 0
    assert max(many.peaks) < many.peaks[49] * GROWTH


def test_an_edge_has_no_more_connections_than_the_ration(many: Run, mixed: Capture) -> None:
    assert 0 < most_at_once(connections(many.edge)) <= DEFAULT_PARALLEL
    assert 0 < most_at_once(connections(mixed)) <= DEFAULT_PARALLEL


def test_a_dns_server_has_no_more_questions_than_the_ration(many: Run) -> None:
    rows = many.dns.rows("dns", "dns.id", "dns.flags.response", "dns.qry.name")
    asked = {name for _, _, name in rows}
    events = [(f"{number} {name}", response in ("0", "False")) for number, response, name in rows]

    assert asked >= {f"_sipfederationtls._tcp.{name}" for name in MANY}
    assert most_at_once(events) <= DEFAULT_PARALLEL


def test_no_request_but_options_is_ever_sent(many: Run, mixed: Capture, partners: Partners) -> None:
    methods = re.findall(r"method=(\S+)", partners.edge.log())

    assert set(methods) == {"OPTIONS"}
    assert len(methods) >= len(MANY) - len(FAULTY)


def test_our_certificate_goes_to_edges_that_ask_and_have_the_right_name(mixed: Capture, partners: Partners) -> None:
    asked_for = dict(mixed.rows("tls.handshake.type == 1", "tcp.stream", "tls.handshake.extensions_server_name"))
    asking = mixed.rows("tls.handshake.type == 13", "tcp.stream")
    rows = mixed.rows("tls.handshake.type == 11 && tcp.dstport == 5061", "tcp.stream", "tls.handshake.certificate")
    sent = {asked_for[stream]: chain for stream, chain in rows if chain}

    assert {asked_for[stream] for [stream] in asking} == {target(label) for label in ("asks", "needs", "asks-misnamed")}
    assert set(sent) == {target("asks"), target("needs")}
    leaf = phone.leaf(partners.pki / "partner.crt").hex()
    assert {chain.partition(",")[0] for chain in sent.values()} == {leaf}
