"""Probe and judge in one call: what a program uses instead of the command line."""

from __future__ import annotations

import asyncio

from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Report
from vpnprobe.probes.capf import CapfProbe
from vpnprobe.probes.config_files import ConfigProbe
from vpnprobe.probes.federation import FederationProbe
from vpnprobe.probes.gateway import GatewayProbe
from vpnprobe.probes.options import CapfOptions, ConfigOptions, FederationOptions, GatewayOptions, PhoneOptions
from vpnprobe.probes.phone import PhoneProbe


async def measure_phone(options: PhoneOptions) -> Evidence:
    """Go through a phone's stages and return what was seen. Network failures are in the Evidence, not raised."""
    return await PhoneProbe(options).run()


async def measure_gateway(options: GatewayOptions) -> Evidence:
    """Look at a gateway with every phone's hello and return what was seen."""
    return await GatewayProbe(options).run()


async def measure_federation(options: FederationOptions) -> Evidence:
    """Look at a SIP domain as a Microsoft edge would and return what was seen."""
    return await FederationProbe(options).run()


async def measure_config(options: ConfigOptions) -> Evidence:
    """Look at the files that a phone would take, and return what was seen."""
    return await ConfigProbe(options).run()


async def measure_capf(options: CapfOptions) -> Evidence:
    """Go a phone's way to CAPF, up to the first word of the server, and return what was seen."""
    return await CapfProbe(options).run()


def probe_phone(options: PhoneOptions) -> Report:
    """Measure and judge. For code without an event loop; inside one, await `measure_phone` and call `judge`."""
    return judge(asyncio.run(measure_phone(options)))


def probe_gateway(options: GatewayOptions) -> Report:
    """Measure and judge. For code without an event loop; inside one, await `measure_gateway` and call `judge`."""
    return judge(asyncio.run(measure_gateway(options)))


def probe_federation(options: FederationOptions) -> Report:
    """Measure and judge. For code without an event loop; inside one, await `measure_federation` and call `judge`."""
    return judge(asyncio.run(measure_federation(options)))


def probe_config(options: ConfigOptions) -> Report:
    """Measure and judge. For code without an event loop; inside one, await `measure_config` and call `judge`."""
    return judge(asyncio.run(measure_config(options)))


def probe_capf(options: CapfOptions) -> Report:
    """Measure and judge. For code without an event loop; inside one, await `measure_capf` and call `judge`."""
    return judge(asyncio.run(measure_capf(options)))
