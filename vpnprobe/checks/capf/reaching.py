"""Checks of the way to CAPF: its name, the IP version that a phone takes, TCP, and what stands between."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import (
    Case,
    Check,
    Guide,
    Need,
    Result,
    failed,
    fix,
    not_applicable,
    passed,
    unclear,
)
from vpnprobe.checks.capf import needs
from vpnprobe.checks.capf.differential import FIXES
from vpnprobe.checks.needs import not_reached
from vpnprobe.checks.wording import describe_failure, listing
from vpnprobe.model.capf import Capf, ConnectionRow
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.finding import Fact
from vpnprobe.model.observation import Resolution

PROBE: Final = "vpnprobe capf {capf}"
TABLE: Final = "CUCM system configuration guide 12.5, CAPF: How IPv6 or IPv4 Phone Connects to CAPF"
_KEEP_ALIVE: Final = "CUCM system configuration guide 12.5, CAPF: Set Keepalive Timer"

# Minutes: what the timer can be set to, and what it is when nobody has set it (CA-25).
KEEP_ALIVE_LEAST: Final = 5
KEEP_ALIVE_MOST: Final = 60
KEEP_ALIVE_USUAL: Final = 15

_DNS: Final = frozenset({FailureKind.NAME_NOT_FOUND, FailureKind.NO_ADDRESS, FailureKind.NO_RECORD})

_resolution: Final = Need(
    ("the answer of the DNS",), lambda case: case.evidence.resolution or not_reached(case.evidence, "resolve")
)


def _judge_name(_case: Case, resolution: Resolution) -> Result:
    if resolution.addresses:
        if resolution.source == "literal":
            return passed("an address, no DNS needed")
        where = ", by this machine's hosts file only" if resolution.source == "hosts-file" else ""
        return passed(f"{resolution.name} is {listing(resolution.addresses)}{where}")
    failure = resolution.failure
    words = describe_failure(failure) if failure is not None else "no address"
    if failure is not None and failure.kind in _DNS:
        return failed(f"{resolution.name}: {words}", failure=failure.kind.value)
    return unclear(f"{resolution.name}: {words}")


CPF001 = Check(
    id="CPF001",
    slug="capf-name-resolves",
    title="The name of the CAPF has an address",
    stage="resolve",
    severity="critical",
    probes=("capf",),
    subjects=needs.server,
    needs=_resolution,
    judge=_judge_name,
    rationale="A phone finds CAPF by the name or address in its configuration (capfList, processNodeName). Whether the "
    "phone's DNS says the same as the one that was asked here cannot be seen.",
    guide=Guide(
        fix=(
            fix("DNS", "Publish an A record, and where IPv6 is used an AAAA record, for {host}."),
            fix(
                "CUCM",
                """
                System > Server: what stands there as Host Name/IP Address is what phones are given.
                show network eth0 detail
                utils network host {host}
                """,
            ),
        ),
        next=("nslookup {host}",),
    ),
)


def _judge_way(case: Case, row: ConnectionRow) -> Result:
    facts: dict[str, Fact] = {"row": row.row, "order": list(row.order)}
    if not row.order:
        seen = case.evidence.capf
        phone = listing(seen.phone_addresses) if seen is not None else ""
        return failed(f"the phone cannot connect: it has {phone}, this CAPF only the other (row {row.row})", **facts)
    words = f"the phone takes {', then '.join(row.order)} (row {row.row} of the connection table)"
    return passed(f"{words}; {row.note}" if row.note else words, **facts)


CPF002 = Check(
    id="CPF002",
    slug="way-to-capf",
    title="Phone and CAPF have an IP version in common",
    stage="resolve",
    severity="critical",
    probes=("capf",),
    subjects=needs.server,
    needs=needs.row,
    judge=_judge_way,
    covers=("CA-42",),
    rationale="The document lists fifteen combinations of the phone's stack, its addresses and those of CAPF; in four "
    "of them the phone cannot connect.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Give the publisher an address of the phone's version: set network ipv6 static_address <address> \
                  <prefix-length>, and for IPv6 also set network ipv6 service enable; then publish it in DNS.
                Or let the phone use the other one: Device > Device Settings > Common Device Configuration: IP \
                  Addressing Mode = IPv4 and IPv6; save, apply, reset.
                """,
            ),
            fix("DNS", "The name {host} needs an A record for IPv4 and an AAAA record for IPv6."),
        ),
        next=("nslookup -type=AAAA {host}", "nslookup -type=A {host}"),
    ),
    references=(TABLE,),
)


def _judge_reachable(case: Case, known: tuple[Capf, ConnectionRow]) -> Result:
    seen, row = known
    if not row.order:
        return not_applicable("the phone would not even try (CPF002)")
    tried = [visit for visit in needs.last_visits(seen) if visit.family in row.order]
    reached = [visit for visit in tried if visit.connect_s > 0]
    if reached:
        family = needs.deciding_family(seen)
        dead = [visit for visit in tried if visit.connect_s == 0 and visit.family == family]
        if dead:
            failure = dead[0].failure
            words = describe_failure(failure) if failure is not None else "no answer"
            kind = failure.kind.value if failure is not None else ""
            ends = f"{listing(visit.address for visit in dead)}: {words}; a phone may be given it"
            return unclear(ends) if needs.is_local(dead[0]) else failed(ends, kind, failure=kind)
        return passed(
            "; ".join(f"{visit.address} in {visit.connect_s * 1000:.0f} ms" for visit in reached),
            connect_s=round(reached[0].connect_s, 6),
        )
    if not tried:
        left_out = listing(seen.not_dialled)
        return unclear(
            f"the phone's way was not tried: {left_out} was left out" if left_out else "no attempt came to its end"
        )
    ends = "; ".join(
        ("" if visit.address == case.subject.label else f"{visit.address}: ")
        + (describe_failure(visit.failure) if visit.failure is not None else "no answer")
        for visit in tried
    )
    theirs = next((visit.failure for visit in tried if visit.failure is not None and not needs.is_local(visit)), None)
    if theirs is None:
        return unclear(f"this machine has no way to it: {ends}")
    return failed(f"no TCP connection: {ends}", theirs.kind.value, failure=theirs.kind.value)


CPF003 = Check(
    id="CPF003",
    slug="capf-reachable",
    title="CAPF takes a TCP connection by the IP version that the phone takes",
    stage="connect",
    severity="critical",
    probes=("capf",),
    subjects=needs.server,
    needs=needs.capf & needs.row,
    judge=_judge_reachable,
    covers=("CA-01", "CA-22"),
    rationale="Phones install and renew their LSC over TCP 3804 to the CAPF service, which runs on the publisher where "
    "it is activated. Without it, certificate login at the VPN ends when the LSCs do.",
    guide=Guide(
        fix=(
            fix(
                "path",
                """
                Nothing came back: look for a firewall or an access list that drops TCP {port} between the phones and \
                  {host}, and whether {host} is still the publisher's address.
                """,
            ),
            fix(
                "CUCM",
                """
                show network cluster
                utils network capture eth0 numeric count 20 port {port}
                """,
            ),
        ),
        next=("traceroute --tcp --port={port} {host}", PROBE),
    ),
    variants={FailureKind.REFUSED.value: Guide(fix=FIXES, next=("vpnprobe capf <publisher>", PROBE))},
)


def _judge_ipv6(_case: Case, known: tuple[Capf, ConnectionRow]) -> Result:
    seen, row = known
    if "IPv6" not in row.order:
        return not_applicable("the phone does not take IPv6 to this CAPF")
    if seen.ipv6_enabled is None:
        return not_applicable("--enable-ipv6 was not given; no server says from outside what the parameter is")
    if seen.ipv6_enabled:
        return passed("Enable IPv6 is True, so CAPF serves phones over IPv6")
    if row.order == ("IPv6",):
        return failed("Enable IPv6 is False: CAPF ignores or refuses this phone, which has no other way", row=row.row)
    over_ipv6 = [visit for visit in needs.last_visits(seen) if visit.family == "IPv6"]
    if over_ipv6 and all(visit.connect_s == 0 and not needs.is_local(visit) for visit in over_ipv6):
        return passed("Enable IPv6 is False, and nothing answers over IPv6: the phone goes on by IPv4")
    return unclear(
        "Enable IPv6 is False, and the phone takes IPv6 first: that it goes on by IPv4 when it is refused, and not "
        "only when it cannot connect, no document says"
    )


CPF004 = Check(
    id="CPF004",
    slug="enable-ipv6",
    title="CUCM serves phones over IPv6 where they come by it",
    stage="connect",
    severity="critical",
    probes=("capf",),
    subjects=needs.server,
    needs=needs.capf & needs.row,
    judge=_judge_ipv6,
    covers=("CA-41",),
    rationale="With the enterprise parameter Enable IPv6 set to False, CAPF ignores or refuses phones that come by "
    "IPv6; SCCP phones with IPv6 need it True. The port may answer all the same, so the operator says what is set.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                System > Enterprise Parameters: Enable IPv6 = True. Save, and restart the services that the page names.
                utils service restart Cisco Certificate Authority Proxy Function
                Until then, an IPv4 address for the phone lets it in.
                """,
            ),
        ),
        next=("vpnprobe capf {capf} --enable-ipv6 true",),
    ),
    references=("CUCM system configuration guide 12.5, CAPF interaction with IPv6 addressing",),
)


def _judge_idle(_case: Case, seen: Capf) -> Result:
    idle, keep_alive = seen.idle_timeout_min, seen.keep_alive_min
    if idle is None:
        return not_applicable("--idle-timeout was not given")
    facts: dict[str, Fact] = {"idle_timeout_min": idle, "keep_alive_min": keep_alive}
    assumed = KEEP_ALIVE_USUAL if keep_alive is None else keep_alive
    word = "" if keep_alive is not None else "the usual "
    if idle <= KEEP_ALIVE_LEAST:
        return failed(
            f"the firewall forgets an idle connection after {idle:g} minutes; CAPF's keep-alive cannot be more often "
            f"than every {KEEP_ALIVE_LEAST}",
            "too-short",
            **facts,
        )
    if idle <= assumed:
        return failed(
            f"the firewall forgets an idle connection after {idle:g} minutes, before {word}keep-alive of {assumed:g}",
            **facts,
        )
    if keep_alive is None and idle <= KEEP_ALIVE_MOST:
        return unclear(
            f"{idle:g} minutes are enough for the usual keep-alive of {KEEP_ALIVE_USUAL}, but up to {KEEP_ALIVE_MOST} "
            "can be set: say it with --keep-alive",
            **facts,
        )
    return passed(
        f"{idle:g} minutes, longer than the keep-alive can be"
        if keep_alive is None
        else f"{idle:g} minutes, longer than the keep-alive of {keep_alive:g}",
        **facts,
    )


CPF006 = Check(
    id="CPF006",
    slug="idle-timeout",
    title="A firewall keeps an idle connection to CAPF longer than CAPF's keep-alive",
    stage="connect",
    severity="warning",
    probes=("capf",),
    subjects=needs.server,
    needs=needs.capf,
    judge=_judge_idle,
    covers=("CA-25",),
    rationale="A phone's connection to CAPF can stand idle, while the key is made or an offline CA is waited for. The "
    "keep-alive is 5 to 60 minutes, 15 where nobody has set it; a firewall that forgets sooner cuts the connection.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                On the publisher, a value below the firewall's {idle_timeout_min} minutes (5 to 60):
                utils capf set keep_alive
                """,
            ),
        ),
        next=("vpnprobe capf {capf} --idle-timeout {idle_timeout_min} --keep-alive 5",),
    ),
    variants={
        "too-short": Guide(
            fix=(
                fix("path", "Raise the firewall's idle time for TCP {port} above 5 minutes, better above 15."),
                fix(
                    "ASA",
                    """
                    configure terminal
                    access-list CAPF extended permit tcp any host <publisher> eq {port}
                    class-map CAPF
                     match access-list CAPF
                    policy-map global_policy
                     class CAPF
                      set connection timeout idle 1:05:00
                    """,
                ),
                fix("CUCM", "On the publisher, with 5 as the number: utils capf set keep_alive"),
            ),
            next=("vpnprobe capf {capf} --idle-timeout <minutes>",),
        )
    },
    references=(_KEEP_ALIVE,),
)
