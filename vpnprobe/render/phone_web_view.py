"""What a phone's pages and logs say, for a person: the few facts that a VPN phone's engineer looks for first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vpnprobe.model.evidence import Evidence
from vpnprobe.render.escape import printable

_MESSAGES = 5
_EVENTS = 8
_MORE = 40  # of either with --verbose

# Fields of the pages in the order in which they are shown; with --verbose every other one follows.
_DEVICE = {
    "model": "model",
    "host_name": "device",
    "version": "version",
    "app_load": "load",
    "serial_number": "serial number",
    "phone_dn": "directory number",
}
_NETWORK = {
    "ip_address": "address",
    "dhcp_server": "DHCP server",
    "alternate_tftp": "alternate TFTP",
    "tftp_server_1": "TFTP server 1",
    "tftp_server_2": "TFTP server 2",
    "cucm_1": "CUCM 1",
    "cucm_2": "CUCM 2",
    "security_mode": "security mode",
    "itl": "ITL",
}


def phone_web_sections(evidence: Evidence, *, verbose: bool) -> Iterator[tuple[str, list[str]]]:
    """Give a heading and its lines for each page that says something; text of the phone is escaped."""
    seen = evidence.phone_web
    if seen is None:
        return
    fields = [*_rows(seen.device, _DEVICE, verbose=verbose), *_rows(seen.network, _NETWORK, verbose=verbose)]
    if fields:
        width = max(len(label) for label, _ in fields)
        yield "The phone", [f"  {label:{width}}  {printable(value, 200)}" for label, value in fields]
    if seen.messages:
        shown = seen.messages[-(_MORE if verbose else _MESSAGES) :]
        yield (
            f"Its last status messages ({len(shown)} of {len(seen.messages)})",
            ["  " + printable(f"{one.time or ''} {one.text}".strip(), 200) for one in shown],
        )
    events = [event for log in seen.logs for event in log.events]
    if events:
        last = events[-(_MORE if verbose else _EVENTS) :]
        yield (
            f"Its last log records of VPN or trust lists ({len(last)} of {len(events)})",
            [f"  {printable(event, 200)}" for event in last],
        )


def _rows(page: Mapping[str, str], labels: Mapping[str, str], *, verbose: bool) -> Iterator[tuple[str, str]]:
    yield from ((label, page[key]) for key, label in labels.items() if page.get(key))
    # A row that speaks of the VPN is what the run is about, whatever the phone calls it.
    for key, value in page.items():
        if key not in labels and value and (verbose or "vpn" in key):
            yield printable(key.replace("_", " "), 40), value
