"""`vpnprobe route`: the static route of Cisco IM and Presence towards a federated domain."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.exitcodes import OK
from vpnprobe.cli.output import write_text
from vpnprobe.model.target import SIP_TLS_PORT

_WHERE = "Cisco Unified CM IM and Presence Administration > Presence > Routing > Static Routes"


class StaticRoute(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of one static route; `next_hop` is for the operator to fill in."""

    domain: str
    pattern: str
    route_type: str = "domain"
    next_hop: str = "<edge-public-interface>"
    next_hop_port: int = SIP_TLS_PORT
    protocol: str = "TLS"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("route", cls=PlainCommand)(route)


def route(
    domains: Annotated[list[str], typer.Argument(metavar="DOMAIN", help="The federated domain, for example abc.com.")],
    json: shared.JsonOption = False,
    output: shared.OutputOption = None,
) -> int:
    """Print the static route of Cisco IM and Presence towards a federated domain, and where to enter it.

    Its pattern is the domain in reverse. A route is only needed where DNS SRV records are not used.

    Example: vpnprobe route abc.com
    """
    from vpnprobe.federation.domain import parse_domain
    from vpnprobe.federation.route import static_route_pattern

    names = [parse_domain(text) for text in domains]
    routes = [StaticRoute(domain=name, pattern=static_route_pattern(name)) for name in dict.fromkeys(names)]
    if json:
        text = msgspec.json.format(msgspec.json.encode(routes), indent=2).decode() + "\n"
    else:
        text = "\n".join([_WHERE, *(_text(one) for one in routes)])
    write_text(text, output)
    return OK


def _text(one: StaticRoute) -> str:
    return (
        f"{one.domain}\n"
        f"  destination pattern  {one.pattern}\n"
        f"  route type           {one.route_type}\n"
        f"  next hop             {one.next_hop} (the address that the partner's SRV record leads to)\n"
        f"  next hop port        {one.next_hop_port}\n"
        f"  protocol type        {one.protocol}\n"
    )
