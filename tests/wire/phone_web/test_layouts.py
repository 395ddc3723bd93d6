"""Labels of the families to our names; what is not known is said."""

from __future__ import annotations

import pytest

from tests.wire.phone_web import samples
from vpnprobe.wire.phone_web.layouts import LAYOUTS, MAX_UNRECOGNISED, Layout, read_values
from vpnprobe.wire.phone_web.page import parse_page


def test_device_page_of_a_7962g() -> None:
    values = read_values(parse_page(samples.DEVICE_7962G), "device-information")
    assert values.found == {
        "mac": "8CB64F576113",
        "host_name": "SEP8CB64F576113",
        "app_load": "jar42sccp.9-1-1TH1-16.sbn",
        "version": "SCCP42.9-1-1SR1S",
        "model": "CP-7962G",
    }
    assert values.unrecognised == ("Something New",)


def test_network_page_of_a_7962g() -> None:
    values = read_values(parse_page(samples.NETWORK_7962G), "network")
    assert values.found == {
        "dhcp_server": "192.168.1.1",
        "mac": "8CB64F576113",
        "alternate_tftp": "Yes",
        "tftp_server_1": "10.1.1.5",
        "admin_vlan": "4095",
        "cucm_1": "cucm1.example.com Active",
        "cucm_3": "10.1.1.9",
        "vpn_status": "Connected",
    }


def test_device_page_of_an_8845() -> None:
    values = read_values(parse_page(samples.DEVICE_8845), "device-information")
    assert values.found["version"] == "sip8845_65.14-3-1-0201-246"
    assert values.found["model"] == "CP-8845"
    assert values.found["udi"] == "phone"
    assert values.unrecognised == ()


def test_xml_form() -> None:
    values = read_values(parse_page(samples.DEVICE_XML), "device-information")
    assert values.found["model"] == "CP-7975G"
    assert values.found["version"] == "9.4(2)SR3"
    assert values.found["mac"] == "00:11:22:33:44:55"


def test_a_7937_writes_label_and_value_in_one() -> None:
    page = parse_page(b"<table><tr><td>Host Name : SEP0004F2000001</td></tr><tr><td>Software Version : 1.4.5</td></tr>")
    assert read_values(page, "device-information").found == {"host_name": "SEP0004F2000001", "version": "1.4.5"}


def test_another_language_is_named_and_the_heading_read() -> None:
    page = parse_page(
        "<p>Cisco Unified IP Phone CP-7962G ( SEP8CB64F576113 )</p>"
        "<table><tr><td>MACアドレス</td><td>8CB64F576113</td></tr></table>".encode()
    )
    values = read_values(page, "device-information")
    assert values.found == {"model": "CP-7962G", "host_name": "SEP8CB64F576113"}
    assert values.unrecognised == ("MACアドレス",)


def test_the_first_of_a_repeated_label_counts() -> None:
    page = parse_page(b"<tr><td>Host Name</td><td>SEP1</td></tr><tr><td>Host Name</td><td>SEP2</td></tr>")
    assert read_values(page, "device-information").found == {"host_name": "SEP1"}


def test_unknown_labels_are_counted_to_a_limit() -> None:
    page = parse_page(b"".join(b"<tr><td>label%d</td><td>1</td></tr>" % n for n in range(MAX_UNRECOGNISED + 5)))
    assert len(read_values(page, "network").unrecognised) == MAX_UNRECOGNISED


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_every_layout_has_a_device_page(layout: Layout) -> None:
    assert next(iter(layout.paths)) == "device-information"
    assert all(path.startswith("/") for path in layout.paths.values())
