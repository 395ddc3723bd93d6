"""A federation lab of many healthy domains. Prints where they are, as JSON; runs until it is ended by SIGTERM.

Argument: how many domains. Each has an edge with an address and a certificate of its own, all of one issuer: what was
read of one domain's leaf is of no use for the next.
"""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import sys
from typing import TypedDict

from vpnprobe.lab.federation.network import running_federation_lab
from vpnprobe.lab.federation.scenario import (
    Edge,
    EdgeCertificate,
    FederationScenario,
    Network,
    Resolver,
    address,
    federation,
)


class Where(TypedDict):
    """Addresses with their ports, the file of the root that all trust; the lists are in the same order."""

    resolver: str
    root: str
    domains: list[str]
    targets: list[str]
    edges: list[str]


async def main() -> None:
    """Serve until the signal comes, then clear up."""
    # A socket for each edge, and the connections.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    domains = [f"company{number}.example" for number in range(1, int(sys.argv[1]) + 1)]
    targets = [f"sip.{domain}" for domain in domains]
    records = [federation(domain, target) for domain, target in zip(domains, targets, strict=True)]
    records += [one for number, target in enumerate(targets, 1) for one in address(target, f"edge{number}")]
    scenario = FederationScenario(
        name="many-domains",
        title="Many domains as they ought to be",
        story=("Every domain has an edge of its own.", "Nothing is wrong with any."),
        domains=tuple(domains),
        network=Network(
            resolver=Resolver(records=tuple(records)),
            edges=tuple(Edge(certificate=EdgeCertificate(common_name=target)) for target in targets),
        ),
    )
    async with running_federation_lab(scenario) as lab:
        where = Where(
            resolver=str(lab.resolvers[0]),
            root=str(lab.root),
            domains=domains,
            targets=targets,
            edges=[str(edge) for edge in lab.edges],
        )
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
