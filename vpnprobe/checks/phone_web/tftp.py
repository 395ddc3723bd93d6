"""Check of the TFTP server that the phone has: the one that CUCM's configuration comes from (VP-38)."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.phone_web import needs
from vpnprobe.checks.wording import describe_failure, listing
from vpnprobe.model.finding import Fact

_YES: Final = frozenset({"yes", "true", "on", "enabled", "1"})
_NO: Final = frozenset({"no", "false", "off", "disabled", "0"})
_NOWHERE: Final = frozenset({"", "0.0.0.0", "::", "none", "n/a"})

_ALTERNATE: Final = fix(
    "phone",
    """
    Settings > Network Configuration > IPv4 > Alternate TFTP: Yes; **# unlocks it.
    TFTP Server 1: the server that the phone reaches from there, through the tunnel where it is outside. Save.
    """,
)
_OPTION_150: Final = fix(
    "DHCP server",
    """
    Give the phones' network option 150 with the address of CUCM's TFTP server.
    """,
)


def _judge_server(case: Case, network: dict[str, str]) -> Result:
    alternate = network.get("alternate_tftp", "").strip().lower()
    used = [one for key in _SERVERS if (one := network.get(key, "").strip()).lower() not in _NOWHERE]
    facts: dict[str, Fact] = {"used": used, "alternate": network.get("alternate_tftp")}
    told = ""
    if alternate in _YES or alternate in _NO:
        told = " (Alternate TFTP is on: DHCP's is not used)" if alternate in _YES else " (from DHCP)"
    if not any(key in network for key in _SERVERS):
        return unclear("the network page names no TFTP server in known words", **facts)
    if not used:
        return failed(f"the phone has no TFTP server{told}", "none", **facts)
    server = case.evidence.tftp_server
    if server is None or server.endpoint is None:
        return not_applicable(f"it uses {listing(used)}{told}; name CUCM's with --tftp to compare", **facts)
    wanted = {server.endpoint.host.lower().rstrip("."), *server.addresses}
    facts["wanted"] = server.endpoint.host
    wanted |= {server.endpoint.host.lower().partition(".")[0]} if not server.endpoint.is_address else set()
    if any(_host(one) in wanted for one in used):
        return passed(f"it uses {listing(used)}{told}", **facts)
    if nodes := [one for one in used if _host(one) in _nodes(case)]:
        return passed(f"it uses {listing(used)}{told}; {nodes[0]} is of the same cluster by its configuration", **facts)
    if server.failure is not None and not server.addresses:
        words = describe_failure(server.failure)
        return unclear(f"it uses {listing(used)}{told}; {server.endpoint.host} cannot be compared: {words}", **facts)
    if any(not _is_plain_address(one) for one in used):
        # Two names of one server, or a name and one of its addresses, may still be the same.
        return unclear(f"it uses {listing(used)}{told}; whether that is {server.endpoint.host} is not known", **facts)
    variant = "alternate" if alternate in _YES else ""
    return failed(f"it asks {listing(used)}{told}, not {server.endpoint.host}", variant, **facts)


_SERVERS: Final = ("tftp_server_1", "tftp_server_2", "ipv6_tftp_server_1", "ipv6_tftp_server_2")


def _nodes(case: Case) -> frozenset[str]:
    """The nodes of the cluster that the configuration names: each of them may serve files."""
    config = needs.find_config(case)
    if config is None:
        return frozenset()
    names = [one.process_node_name or one.name for one in config.call_managers]
    names += [one.address for one in config.tvs] + [one.host for one in config.capf]
    return frozenset(_host(name) for name in names if name and name.strip())


def _host(text: str) -> str:
    """Return the first word: pages may say more behind it."""
    return text.split()[0].lower().rstrip(".")


def _is_plain_address(text: str) -> bool:
    return ":" in _host(text) or _host(text).replace(".", "").isdigit()


WEB006 = Check(
    id="WEB006",
    slug="tftp-server-in-use",
    title="The phone asks CUCM's TFTP server",
    stage="pages",
    severity="critical",
    probes=("phone-web",),
    subjects=needs.phone,
    needs=needs.network,
    judge=_judge_server,
    covers=("VP-38",),
    rationale="A phone outside gets its address, and with it a TFTP server, from somebody else's DHCP. Where that "
    "names no server of CUCM, new configurations never arrive; Alternate TFTP overrides it.",
    guide=Guide(
        fix=(_OPTION_150, _ALTERNATE),
        next=("vpnprobe config {mac} --tftp {tftp_server}",),
    ),
    variants={
        "alternate": Guide(
            fix=(
                fix(
                    "phone",
                    """
                    Settings > Network Configuration > IPv4 > TFTP Server 1 (**# unlocks it): {wanted}. Save.
                    Or Alternate TFTP: No, where DHCP's option 150 names it.
                    """,
                ),
            ),
            next=("vpnprobe config {mac} --tftp {tftp_server}",),
        ),
        "none": Guide(
            fix=(_OPTION_150, _ALTERNATE),
            next=("vpnprobe phone-web {gateway} --tftp {tftp_server}",),
        ),
    },
    references=("Cisco document 116162, change of the VPN configuration",),
)

CHECKS: Final = (WEB006,)
