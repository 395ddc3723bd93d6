"""The exporter under a real server on loopback, for a plan of probes that look at a lab."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn

from vpnprobe.cli.planned import planned_commands
from vpnprobe.fleet.exporter import Exporter
from vpnprobe.fleet.plan import Plan, load_plan
from vpnprobe.lab.listening import STREAM, bound_sockets
from vpnprobe.lab.network import Lab

LAB_PLAN = """\
[defaults.labels]
site = "berlin"

[[probe]]
name = "phone"
[probe.phone]
group-url = "{lab.group_url}"
mac = "8CB64F576113"
tftp = "{lab.tftp}"
resolver = ["{lab.resolver}"]
client-cert = "{lab.client_certificate}"
client-key = "{lab.client_key}"
timeout = 2

[[probe]]
name = "gateway"
[probe.gateway]
target = "{lab.group_url}"
resolver = ["{lab.resolver}"]
timeout = 2
"""


def plan_for(lab: Lab) -> Plan:
    return read(LAB_PLAN.format(lab=lab))


def read(text: str) -> Plan:
    return load_plan(text, "plan.toml", planned_commands())


@asynccontextmanager
async def served(exporter: Exporter) -> AsyncIterator[httpx.AsyncClient]:
    """Serve it on a free port, and give a client for that."""
    [sock] = bound_sockets([("127.0.0.1", STREAM)], 0)
    server = uvicorn.Server(uvicorn.Config(exporter.app(), log_config=None, lifespan="off"))
    with sock:
        task = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{sock.getsockname()[1]}", timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            await task
