"""Checks of the way to the gateway: its name and its addresses."""

from __future__ import annotations

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import BOTH_PROBES, Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.wording import count, describe_failure, listing
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import FirstFlight, Resolution
from vpnprobe.pki.pin import decide_pin

_DNS_VARIANTS = {
    FailureKind.NAME_NOT_FOUND: "no-record",
    FailureKind.NO_ADDRESS: "no-record",
    FailureKind.SERVFAIL: "server",
    FailureKind.DNS_TIMEOUT: "server",
}


def _judge_name(_case: Case, resolution: Resolution) -> Result:
    failure = resolution.failure
    if failure is None:
        if resolution.source == "literal":
            return not_applicable(f"{resolution.name} is an address; no DNS is needed")
        found = count(len(resolution.addresses), "address", "addresses")
        more = f"; {resolution.left_out} more were not dialled" if resolution.left_out else ""
        return passed(
            f"{resolution.name} has {found}: {listing(resolution.addresses)}{more}",
            addresses=list(resolution.addresses),
            canonical=resolution.canonical,
            ttl=resolution.ttl,
        )
    servers = listing(resolution.servers) or "the resolver of this machine"
    summary = f"{resolution.name} does not resolve: {describe_failure(failure)}; asked {servers}"
    if failure.kind not in _DNS_VARIANTS:
        return unclear(f"{resolution.name} was not resolved: {describe_failure(failure)}")
    return failed(summary, _DNS_VARIANTS[failure.kind], failure=failure.kind.value, servers=list(resolution.servers))


NET001 = Check(
    id="NET001",
    slug="gateway-name",
    title="The host of the group-url resolves to an address",
    stage="resolve",
    severity="critical",
    probes=BOTH_PROBES,
    subjects=subjects.gateway_name,
    needs=needs.resolution,
    judge=_judge_name,
    rationale="A phone outside looks the gateway up in the DNS of the place where it stands; without an address it "
    "cannot dial.",
    variants={
        "no-record": Guide(
            fix=(
                fix(
                    "DNS",
                    """
                    Publish an A record for {host} in the zone that phones outside see.
                    Compare the name with url1 to url3 in CUCM: Advanced Features > VPN > VPN Gateway.
                    """,
                ),
            ),
            next=("nslookup {host}", "vpnprobe gateway {gateway} --resolver <server-of-the-phones>"),
        ),
        "server": Guide(
            fix=(
                fix(
                    "DNS",
                    """
                    The DNS server failed or did not answer; that says nothing about the record.
                    Check the server's own log and its forwarders, and that UDP and TCP port 53 are open.
                    """,
                ),
            ),
            next=("nslookup {host}", "vpnprobe gateway {gateway} --resolver <other-server>"),
        ),
    },
)


def _judge_reachable(case: Case, flights: tuple[FirstFlight, ...]) -> Result:
    reached = [flight for flight in flights if needs.is_connected(flight)]
    if reached:
        return passed(
            f"TCP connection in {reached[0].connect_s * 1000:.0f} ms", connect_s=round(reached[0].connect_s, 6)
        )
    failure = next(flight.failure for flight in flights if flight.failure is not None)
    words = describe_failure(failure)
    if needs.is_foreign_family(case.evidence, flights[0]):
        return not_applicable(f"this machine does not reach IPv6 ({words}); the IPv4 address answers")
    if failure.kind in needs.OURS:
        return unclear(f"no connection was tried: {words}", failure=failure.kind.value)
    return failed(f"no TCP connection: {words}", failure.kind.value, failure=failure.kind.value)


NET002 = Check(
    id="NET002",
    slug="gateway-reachable",
    title="Each address of the gateway accepts a TCP connection",
    stage="first-flight",
    severity="critical",
    probes=BOTH_PROBES,
    subjects=subjects.addresses,
    needs=needs.flights,
    judge=_judge_reachable,
    rationale="A phone takes the addresses that the DNS gives it; each one that does not answer costs it a time-out or "
    "the connection.",
    guide=Guide(
        fix=(
            fix(
                "path",
                """
                Nothing came back from {address}: look for a firewall or a route between here and the gateway.
                If the address is no longer the gateway's, delete its record from the DNS.
                """,
            ),
            fix(
                "ASA",
                """
                show run webvpn
                show asp table socket
                show interface ip brief
                """,
            ),
        ),
        next=("vpnprobe gateway {address}", "traceroute --tcp --port={port} {ip}"),
    ),
    variants={
        FailureKind.REFUSED.value: Guide(
            fix=(
                fix(
                    "ASA",
                    """
                    show run webvpn
                    show asp table socket
                    configure terminal
                    webvpn
                     enable outside
                     anyconnect enable
                    """,
                ),
                fix("path", "If {address} is no longer the gateway's, delete its record from the DNS."),
            ),
            next=("ASA# show run webvpn", "vpnprobe gateway {address}"),
        )
    },
)


def _judge_hosts_file(_case: Case, resolution: Resolution) -> Result:
    if resolution.source == "literal":
        return not_applicable(f"{resolution.name} is an address; no DNS is needed")
    if resolution.failure is not None:
        return not_applicable(f"{resolution.name} does not resolve at all (NET001)")
    if resolution.source == "hosts-file":
        return failed(f"only this machine's hosts file knows {resolution.name}; the DNS does not")
    return passed(f"the DNS knows {resolution.name}")


NET003 = Check(
    id="NET003",
    slug="name-in-hosts-file",
    title="The name comes from the DNS, not from this machine's hosts file",
    stage="resolve",
    severity="warning",
    probes=BOTH_PROBES,
    subjects=subjects.gateway_name,
    needs=needs.resolution,
    judge=_judge_hosts_file,
    rationale="No phone has this machine's hosts file, so the rest of the run may have dialled another gateway than "
    "phones do.",
    guide=Guide(
        fix=(
            fix("DNS", "Publish an A record for {host} in the zone that phones outside see."),
            fix("vpnprobe", "Ask the DNS server that phones use: add --resolver <server-of-the-phones>."),
        ),
        next=("nslookup {host}",),
    ),
)


def _judge_alike(case: Case, own: tuple[FirstFlight, ...]) -> Result:
    shown = {
        subjects.endpoint_label(case.evidence, flight.address): chain
        for flight in own
        if (chain := needs.find_chain(case.evidence, flight)) is not None
    }
    if len(subjects.known_addresses(case.evidence)) < 2:
        return not_applicable("there is only one address")
    silent = [subjects.endpoint_label(case.evidence, flight.address) for flight in own if not flight.chain]
    hashes = {label: chain.leaf.cert_hash for label, chain in shown.items()}
    facts = [f"{label} {cert_hash}" for label, cert_hash in hashes.items()]
    if silent or len(shown) < 2:
        return unclear(f"no certificate to compare from {listing(silent) or 'all but one address'}", leaves=facts)
    if len(set(hashes.values())) == 1:
        return passed(f"all {len(shown)} addresses show the same certificate", leaves=facts)
    differ = f"{len(shown)} addresses show {len(set(hashes.values()))} different certificates"
    pins = needs.find_pins(case)
    if pins is not None and all(decide_pin(pins.hashes, c.ders, pins.hash_alg).accepts for c in shown.values()):
        return passed(f"{differ}, and a certHash names each of them", leaves=facts)
    return failed(f"{differ}: which one the phone meets depends on the address it takes", leaves=facts)


NET004 = Check(
    id="NET004",
    slug="addresses-alike",
    title="All addresses behind the name show this phone the same certificate, or one that it knows",
    stage="first-flight",
    severity="warning",
    probes=BOTH_PROBES,
    subjects=subjects.gateway,
    needs=needs.own_flights,
    judge=_judge_alike,
    covers=("VP-07",),
    rationale=(
        "With several ASAs behind one name each one's identity certificate must be in CUCM, and each renewal "
        "must be done for all of them, else the phone connects at one address and not at the next."
    ),
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                show run ssl
                show crypto ca certificates
                """,
            ),
            fix(
                "CUCM",
                """
                Cisco Unified OS Administration > Security > Certificate Management: upload the certificate of \
                  each ASA as Phone-VPN-trust.
                Advanced Features > VPN > VPN Gateway: add each of them to the gateway's certificates.
                Save, then apply the configuration to the phones.
                """,
            ),
        ),
        next=("vpnprobe gateway {gateway}",),
    ),
)
