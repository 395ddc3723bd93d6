"""Would this Cisco VPN phone connect, and if not, exactly why, and what fixes it?

The library's public face:

    from vpnprobe import PhoneOptions, load_profile, parse_group_url, probe_phone

    report = probe_phone(
        PhoneOptions(
            group_url=parse_group_url("https://vpn.example.com/VPNPhone"),
            mac="8CB64F576113",
            profile=load_profile("7962G"),
        )
    )
    print(report.verdict, report.cause)

Names are imported when they are first used, so that the command line starts fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from vpnprobe.version import __version__

if TYPE_CHECKING:
    from vpnprobe.checks.evaluate import judge as judge
    from vpnprobe.federation.domain import parse_domain as parse_domain
    from vpnprobe.model.errors import UsageError as UsageError
    from vpnprobe.model.evidence import Evidence as Evidence
    from vpnprobe.model.finding import Finding as Finding
    from vpnprobe.model.finding import Report as Report
    from vpnprobe.model.target import parse_endpoint as parse_endpoint
    from vpnprobe.model.target import parse_group_url as parse_group_url
    from vpnprobe.model.target import parse_mac as parse_mac
    from vpnprobe.phones.profile import load_profile as load_profile
    from vpnprobe.probes.options import AskDhcp as AskDhcp
    from vpnprobe.probes.options import CapfOptions as CapfOptions
    from vpnprobe.probes.options import ConfigOptions as ConfigOptions
    from vpnprobe.probes.options import FederationOptions as FederationOptions
    from vpnprobe.probes.options import GatewayOptions as GatewayOptions
    from vpnprobe.probes.options import GivenConfig as GivenConfig
    from vpnprobe.probes.options import GivenFile as GivenFile
    from vpnprobe.probes.options import GivenServer as GivenServer
    from vpnprobe.probes.options import NetworkOptions as NetworkOptions
    from vpnprobe.probes.options import Password as Password
    from vpnprobe.probes.options import PhoneOptions as PhoneOptions
    from vpnprobe.run import measure_capf as measure_capf
    from vpnprobe.run import measure_config as measure_config
    from vpnprobe.run import measure_federation as measure_federation
    from vpnprobe.run import measure_gateway as measure_gateway
    from vpnprobe.run import measure_phone as measure_phone
    from vpnprobe.run import probe_capf as probe_capf
    from vpnprobe.run import probe_config as probe_config
    from vpnprobe.run import probe_federation as probe_federation
    from vpnprobe.run import probe_gateway as probe_gateway
    from vpnprobe.run import probe_phone as probe_phone
    from vpnprobe.transport.tls import load_client_credential as load_client_credential
    from vpnprobe.transport.tls_settings import ClientCredential as ClientCredential

_HOMES = {
    "judge": "vpnprobe.checks.evaluate",
    "UsageError": "vpnprobe.model.errors",
    "Evidence": "vpnprobe.model.evidence",
    "Finding": "vpnprobe.model.finding",
    "Report": "vpnprobe.model.finding",
    "parse_domain": "vpnprobe.federation.domain",
    "parse_endpoint": "vpnprobe.model.target",
    "parse_group_url": "vpnprobe.model.target",
    "parse_mac": "vpnprobe.model.target",
    "load_profile": "vpnprobe.phones.profile",
    "AskDhcp": "vpnprobe.probes.options",
    "CapfOptions": "vpnprobe.probes.options",
    "ConfigOptions": "vpnprobe.probes.options",
    "FederationOptions": "vpnprobe.probes.options",
    "GatewayOptions": "vpnprobe.probes.options",
    "GivenConfig": "vpnprobe.probes.options",
    "GivenFile": "vpnprobe.probes.options",
    "GivenServer": "vpnprobe.probes.options",
    "NetworkOptions": "vpnprobe.probes.options",
    "Password": "vpnprobe.probes.options",
    "PhoneOptions": "vpnprobe.probes.options",
    "measure_capf": "vpnprobe.run",
    "measure_config": "vpnprobe.run",
    "measure_federation": "vpnprobe.run",
    "measure_gateway": "vpnprobe.run",
    "measure_phone": "vpnprobe.run",
    "probe_capf": "vpnprobe.run",
    "probe_config": "vpnprobe.run",
    "probe_federation": "vpnprobe.run",
    "probe_gateway": "vpnprobe.run",
    "probe_phone": "vpnprobe.run",
    "ClientCredential": "vpnprobe.transport.tls_settings",
    "load_client_credential": "vpnprobe.transport.tls",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vpnprobe' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
