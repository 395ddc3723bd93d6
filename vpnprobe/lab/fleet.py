"""A whole fleet on loopback: many phones with a known mix of faults, their gateways and their configuration server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec

from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.config_server import http_side, tftp_side
from vpnprobe.lab.configuration import configuration_file
from vpnprobe.lab.dns import Zone, dns_server
from vpnprobe.lab.gateway import gateway_server
from vpnprobe.lab.listening import DATAGRAM, STREAM, bound_sockets, endpoint_of
from vpnprobe.lab.scenario import (
    CUCM_NAME,
    GATEWAY_NAME,
    GROUP_PATH,
    OTHER_MAC,
    CertHash,
    Certificate,
    ConfigServer,
    Configuration,
    Dns,
    Gateway,
)
from vpnprobe.lab.signed_files import ROLE_CCM_AND_TFTP, encrypted_file, signed_file, trust_list
from vpnprobe.model.target import Endpoint, device_name

_HOSTS = ("127.0.0.1", "127.0.0.2")
_TRUST_LIST = "ITLFile.tlv"
# As long as a real configuration in its encrypted form.
_ENCRYPTED_SIZE = 8000

# The first phone's MAC; the others are counted on from it.
FIRST_MAC = 0x001AE2000000

OLD = Certificate()
NEW = Certificate(edition=2)

PhoneKind = Literal[
    "ready", "both-hashes", "old-hash", "no-vpn-group", "missing", "encrypted", "malformed", "silent", "web-page"
]


class FleetGateway(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway's name and what listens at each of its addresses, at most two, all at one port."""

    name: str = GATEWAY_NAME
    addresses: tuple[Gateway, ...] = (Gateway(certificate=NEW),)


class FleetPhone(msgspec.Struct, frozen=True, kw_only=True):
    """One phone: its configuration and how it is served. `gateways` are the names of url1 and so on."""

    mac: str
    configuration: Configuration = Configuration()
    served: Literal["yes", "missing", "silent"] = "yes"
    gateways: tuple[str, ...] = (GATEWAY_NAME,)
    model: str = "7962G"

    @property
    def device(self) -> str:
        """CUCM's name for it."""
        return device_name(self.mac)


_NEW_HASH, _OLD_HASH = CertHash(of=NEW), CertHash(of=OLD)

_KINDS: dict[PhoneKind, tuple[Configuration, Literal["yes", "missing", "silent"]]] = {
    "ready": (Configuration(cert_hashes=(_NEW_HASH,)), "yes"),
    "both-hashes": (Configuration(cert_hashes=(_OLD_HASH, _NEW_HASH)), "yes"),
    "old-hash": (Configuration(cert_hashes=(_OLD_HASH,)), "yes"),
    "no-vpn-group": (Configuration(form="no-vpn"), "yes"),
    "missing": (Configuration(), "missing"),
    "encrypted": (Configuration(form="short"), "yes"),
    "malformed": (Configuration(form="malformed"), "yes"),
    "silent": (Configuration(), "silent"),
    "web-page": (Configuration(form="html"), "yes"),
}


def phones_of(mix: Mapping[PhoneKind, int], *, first_mac: int = FIRST_MAC) -> dict[str, tuple[FleetPhone, PhoneKind]]:
    """Return so many phones of each kind by MAC, the kinds spread evenly. The live certificate is the new one."""
    waiting = [(kind, position / count) for kind, count in mix.items() for position in range(count)]
    waiting.sort(key=lambda item: item[1])
    phones: dict[str, tuple[FleetPhone, PhoneKind]] = {}
    for number, (kind, _) in enumerate(waiting):
        mac = f"{first_mac + number:012X}"
        configuration, served = _KINDS[kind]
        phones[mac] = FleetPhone(mac=mac, configuration=configuration, served=served), kind
    return phones


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a fleet lab starts. `is_signed`: there is a trust list, and each configuration is signed too."""

    phones: tuple[FleetPhone, ...]
    gateways: tuple[FleetGateway, ...] = (FleetGateway(),)
    config_server: ConfigServer = ConfigServer()
    is_signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetLab:
    """A running fleet. `group_urls` are by gateway name, `certificates` the new and the old one's DER."""

    fleet: Fleet
    group_urls: Mapping[str, str]
    tftp_endpoint: Endpoint
    http_endpoint: Endpoint
    dns_endpoint: Endpoint
    pki: LabPki

    @property
    def arguments(self) -> list[str]:
        """The options of `vpnprobe sweep` and `cutover` that name this fleet's servers."""
        return [
            *("--tftp", str(self.tftp_endpoint)),
            *("--http-port", str(self.http_endpoint.port)),
            *("--resolver", str(self.dns_endpoint)),
        ]

    def cert_hash(self, certificate: Certificate) -> str:
        """Return the certHash of a certificate of the lab."""
        return self.pki.cert_hash(CertHash(of=certificate))

    def pem(self, certificate: Certificate) -> bytes:
        """Return a gateway certificate with its chain."""
        return self.pki.gateway(certificate).chain_pem


@asynccontextmanager
async def running_fleet(fleet: Fleet, *, now: datetime | None = None) -> AsyncIterator[FleetLab]:
    """Run the fleet's servers on loopback until the body ends."""
    now = now or datetime.now(UTC)
    pki = LabPki(now)
    async with AsyncExitStack() as stack:
        urls: dict[str, str] = {}
        names: dict[str, Sequence[str]] = {CUCM_NAME: _HOSTS[:1]}
        for gateway in fleet.gateways:
            hosts = _HOSTS[: len(gateway.addresses)]
            sockets = bound_sockets([(host, STREAM) for host in hosts], 0)
            names[gateway.name] = hosts
            urls[gateway.name] = f"https://{gateway.name}:{sockets[0].getsockname()[1]}{GROUP_PATH}"
            for sock, shown in zip(sockets, gateway.addresses, strict=True):
                await stack.enter_async_context(gateway_server(sock, shown, pki, now, urls[gateway.name]))
        [tftp], [http] = bound_sockets([(_HOSTS[0], DATAGRAM)], 0), bound_sockets([(_HOSTS[0], STREAM)], 0)
        dns_udp, dns_tcp = bound_sockets([(_HOSTS[0], DATAGRAM), (_HOSTS[0], STREAM)], 0)
        tftp_at, http_at = endpoint_of(tftp), endpoint_of(http)
        silent = frozenset(phone.device for phone in fleet.phones if phone.served == "silent")
        server = msgspec.structs.replace(fleet.config_server, ignores=silent)
        files = FleetFiles(fleet, pki, urls, now)
        await stack.enter_async_context(tftp_side(tftp, files, server))
        await stack.enter_async_context(http_side(http, files, server))
        await stack.enter_async_context(dns_server(dns_udp, dns_tcp, Zone(names, "faulty.invalid", Dns())))
        yield FleetLab(
            fleet=fleet,
            group_urls=urls,
            tftp_endpoint=tftp_at,
            http_endpoint=http_at,
            dns_endpoint=endpoint_of(dns_udp),
            pki=pki,
        )


class FleetFiles(Mapping[str, bytes]):
    """The boot files of a fleet, each made when it is asked for, and different for each phone as CUCM's are."""

    def __init__(self, fleet: Fleet, pki: LabPki, urls: Mapping[str, str], now: datetime) -> None:
        self._phones = {phone.device: phone for phone in fleet.phones if phone.served != "missing"}
        self._is_signed = fleet.is_signed
        self._signer = pki.authority("capf")
        self._pki = pki
        self._urls = urls
        self._now = now

    def __getitem__(self, name: str) -> bytes:
        """Return one file; raises `KeyError` where there is none."""
        if name == _TRUST_LIST and self._is_signed:
            return trust_list([(ROLE_CCM_AND_TFTP, self._signer)], name, self._signer, self._now)
        device, _, kind = name.partition(".")
        phone = self._phones[device]
        if kind == "cnf.xml":
            return self.configuration(phone)
        if kind == "cnf.xml.sgn" and self._is_signed:
            own = phone.configuration.signed_name == "right"
            signed = name if own else name.replace(device, device_name(OTHER_MAC))
            return signed_file(self.configuration(phone), signed, self._signer, self._now)
        if kind == "cnf.xml.enc.sgn" and phone.configuration.form == "short":
            return encrypted_file(_ENCRYPTED_SIZE, name, self._signer, self._now)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the plain configurations."""
        return (f"{device}.cnf.xml" for device in self._phones)

    def __len__(self) -> int:
        return len(self._phones)

    def configuration(self, phone: FleetPhone) -> bytes:
        """Return the plain configuration of a phone."""
        wanted = phone.configuration
        if wanted.urls == Configuration().urls:
            wanted = msgspec.structs.replace(wanted, urls=tuple(self._urls[name] for name in phone.gateways))
        data = configuration_file(
            wanted,
            model=phone.model,
            group_url=self._urls[phone.gateways[0]],
            cert_hashes=[self._pki.cert_hash(one) for one in wanted.cert_hashes],
        )
        return data.replace(b'ctiid="548"', f'ctiid="{int(phone.mac, 16) & 0xFFFFFF}"'.encode()).replace(
            b"<versionStamp>1700000000-", f"<versionStamp>1700000000-{phone.mac}-".encode()
        )
