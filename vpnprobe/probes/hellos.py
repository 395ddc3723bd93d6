"""Profiles' hellos as what the first-flight codec sends."""

from __future__ import annotations

from vpnprobe.phones.hello import HelloData
from vpnprobe.phones.profile import PhoneProfile, edge_hellos, matrix_hellos
from vpnprobe.probes.flights import Hello
from vpnprobe.wire.tls.hello import HelloTemplate


def profile_hello(profile: PhoneProfile) -> Hello:
    """Return the hello of a phone; its id is the profile's."""
    return Hello(profile.id, _template(profile.hello))


def all_matrix_hellos() -> tuple[Hello, ...]:
    """Return the hellos of the certificate matrix (VP-08): `rsa-only`, `ec-only` and `both`."""
    return tuple(Hello(name, _template(data)) for name, data in matrix_hellos().items())


def all_edge_hellos() -> tuple[Hello, ...]:
    """Return the hellos of the federation probe, that of a Microsoft edge first."""
    return tuple(Hello(name, _template(data)) for name, data in edge_hellos().items())


def _template(data: HelloData) -> HelloTemplate:
    return HelloTemplate(
        record_version=data.record_version,
        client_version=data.client_version,
        suites=data.suites,
        extensions=data.extensions,
        server_name=data.server_name,
        compression=data.compression,
    )
