import pytest

from tests.wire.tls.judges import tlslite
from vpnprobe.wire.tls.alert import Alert, build_alert


def test_the_phone_s_own_alert() -> None:
    assert build_alert(0x0301, 2, 48) == bytes.fromhex("15 0301 0002 0230")


def test_tlslite_reads_it() -> None:
    parser = tlslite("utils.codec").Parser(bytearray(build_alert(0x0301, 2, 48)[5:]))
    theirs = tlslite("messages").Alert().parse(parser)
    assert (theirs.level, theirs.description, theirs.descriptionName) == (2, 48, "unknown_ca")


@pytest.mark.parametrize(
    ("alert", "fatal", "text"),
    [
        (Alert(2, 48), True, "fatal unknown_ca(48)"),
        (Alert(1, 112), False, "warning unrecognized_name(112)"),
        (Alert(7, 40), True, "fatal handshake_failure(40)"),
        (Alert(2, 222), True, "fatal unassigned(222)"),
    ],
    ids=str,
)
def test_level_and_text(alert: Alert, fatal: bool, text: str) -> None:
    assert alert.fatal is fatal
    assert str(alert) == text
