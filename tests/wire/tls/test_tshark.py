"""What we build, read by tshark."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.wire.tls import flights
from tests.wire.tls.flights import TEMPLATES
from tests.wire.tls.servers import NAME, pki
from vpnprobe.wire.tls.hello import HelloTemplate

pytestmark = [
    pytest.mark.container,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed"),
]

RANDOM = flights.RANDOM


def _tshark(stream: bytes, folder: Path, *, from_server: bool) -> list[dict[str, Any]]:
    """Return the TLS layers that tshark sees in one TCP stream to or from port 443."""
    dump, capture = folder / "stream.txt", folder / "stream.pcap"
    packets = [stream[at : at + 1400] for at in range(0, len(stream), 1400)]
    dump.write_text("".join(f"000000 {packet.hex(' ')}\n" for packet in packets))
    ports = "443,40000" if from_server else "40000,443"
    subprocess.run(["text2pcap", "-q", "-T", ports, dump, capture], check=True, capture_output=True)
    seen = subprocess.run(
        ["tshark", "-r", capture, "-d", "tcp.port==443,tls", "-T", "json", "--no-duplicate-keys"],
        check=True,
        capture_output=True,
    )
    layers = [packet["_source"]["layers"] for packet in json.loads(seen.stdout)]
    assert not any("_ws.malformed" in json.dumps(layer) for layer in layers)
    return [layer["tls"] for layer in layers if "tls" in layer]


def _values(tree: object, key: str) -> list[str]:
    """Return every value of one field, in order, wherever it is in the tree."""
    if isinstance(tree, list):
        return [value for item in tree for value in _values(item, key)]
    if not isinstance(tree, dict):
        return []
    found: list[str] = []
    for name, value in tree.items():
        if name == key:
            found += value if isinstance(value, list) else [value]
        else:
            found += _values(value, key)
    return found


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_tshark_reads_our_hello(template: HelloTemplate, tmp_path: Path) -> None:
    seen = _tshark(template.build(RANDOM, NAME), tmp_path, from_server=False)
    assert _values(seen, "tls.record.version") == [f"0x{template.record_version:04x}"]
    assert _values(seen, "tls.handshake.version") == [f"0x{template.client_version:04x}"]
    assert _values(seen, "tls.handshake.ciphersuite") == [f"0x{suite:04x}" for suite in template.suites]
    sent = template.hello(RANDOM, NAME).extensions
    assert _values(seen, "tls.handshake.extension.type") == [str(int(kind)) for kind, _ in sent or ()]
    named = _values(seen, "tls.handshake.extensions_server_name")
    assert named == ([NAME] if template.server_name else [])


def test_tshark_reads_our_server_flight(tmp_path: Path) -> None:
    stream = flights.records(
        flights.server_hello(0x0303, 0xC02F, extensions=((0xFF01, b"\0"),)),
        flights.certificate(pki("RSA").chain),
        flights.key_exchange(),
        flights.request(schemes=(0x0401,), authorities=(pki("RSA").root_name,)),
        flights.DONE,
        version=0x0303,
    )
    seen = _tshark(stream, tmp_path, from_server=True)
    assert _values(seen, "tls.handshake.type") == ["2", "11", "12", "13", "14"]
    assert _values(seen, "tls.handshake.ciphersuite") == ["0xc02f"]
    assert _values(seen, "tls.handshake.certificate_length") == [str(len(der)) for der in pki("RSA").chain]
    assert _values(seen, "tls.handshake.server_named_curve") == ["0x0017"]
    assert _values(seen, "tls.handshake.cert_type") == ["1", "64"]


def test_tshark_reads_the_phone_s_alert(tmp_path: Path) -> None:
    seen = _tshark(flights.alert(2, 48), tmp_path, from_server=False)
    assert _values(seen, "tls.alert_message.desc") == ["48"]
    assert _values(seen, "tls.alert_message.level") == ["2"]
