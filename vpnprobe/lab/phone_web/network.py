"""Starts a phone-web scenario on loopback and says how to probe it."""

from __future__ import annotations

import shlex
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vpnprobe.lab import scenario as phones
from vpnprobe.lab.config_server import tftp_side
from vpnprobe.lab.configuration import configuration_file
from vpnprobe.lab.directory import write_files
from vpnprobe.lab.issuing import certificate_builder, lab_name, rsa_key, signed
from vpnprobe.lab.listening import DATAGRAM, STREAM, Binding, bound_sockets, endpoint_of
from vpnprobe.lab.phone_web.scenario import PhoneWebScenario
from vpnprobe.lab.phone_web.server import phone_server
from vpnprobe.lab.wording import wrapped
from vpnprobe.model.target import Endpoint, device_name

_HOST = "127.0.0.1"
# Where the ports stand from a chosen base port.
_PHONE_OFFSET, _TFTP_OFFSET = 0, 1

_CERT_HASH = "5X6B6plUwUSXZnjQ4kGM33mpMXY="


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneWebLab:
    """A running scenario. `config_file` is CUCM's configuration of the phone, also served by TFTP."""

    scenario: PhoneWebScenario
    phone: Endpoint
    tftp: Endpoint
    config_file: Path

    @property
    def arguments(self) -> list[str]:
        """The arguments of `vpnprobe` that probe this scenario."""
        options = self.scenario.options
        words = ["phone-web", str(self.phone)]
        words += ["--https"] if self.scenario.phone.https else []
        words += ["--mac", phones.PHONE_MAC] if options.mac else []
        words += ["--model", "7962G"] if options.model else []
        if options.config == "tftp":
            words += ["--tftp", str(self.tftp)]
        elif options.config == "file":
            words += ["--config", str(self.config_file)]
        return words

    def describe(self, width: int = 80) -> str:
        """Say in a few lines what runs and what to type; prose is broken between words at `width` columns."""
        scenario = self.scenario
        expected = ", ".join(sorted(scenario.expect_fail)) or "no alarm"
        return "\n".join(
            (
                *wrapped(f"{scenario.name}: {scenario.title}", width),
                *(part for line in scenario.story for part in wrapped(line, width, "  ")),
                "",
                f"  phone    {self.phone}",
                f"  TFTP     {self.tftp}",
                f"  files    {self.config_file.parent}",
                *wrapped(f"expected {expected} (verdict {scenario.expect_verdict})", width, "  "),
                "",
                f"  {shlex.join(('vpnprobe', *self.arguments))}",
            )
        )


@asynccontextmanager
async def running_phone_web_lab(
    scenario: PhoneWebScenario, *, port_base: int | None = None, now: datetime | None = None
) -> AsyncIterator[PhoneWebLab]:
    """Run the phone of `scenario` until the body ends.

    Ports are free ones of the system's choice, or `port_base` and the one after it (phone, TFTP).
    """
    started_at = now or datetime.now(UTC)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vpnprobe-lab-")))

        def bind(offset: int, *wanted: Binding) -> socket.socket:
            [sock] = bound_sockets(wanted, 0 if port_base is None else port_base + offset)
            stack.callback(sock.close)
            return sock

        phone_socket = bind(_PHONE_OFFSET, (_HOST, STREAM))
        tftp_socket = bind(_TFTP_OFFSET, (_HOST, DATAGRAM))
        phone, tftp = endpoint_of(phone_socket), endpoint_of(tftp_socket)
        name = f"{device_name(phones.PHONE_MAC)}.cnf.xml"
        config = _configuration(scenario)
        write_files(directory, {name: config})

        key = rsa_key("phone web")
        who = lab_name("Cisco Systems Inc.", f"{scenario.phone.model}-{device_name(scenario.phone.mac)}")
        own = signed(certificate_builder(who, who, key, now=started_at, age_days=400, days_left=700), key)
        await stack.enter_async_context(phone_server(phone_socket, scenario.phone, tftp.host, own))
        await stack.enter_async_context(tftp_side(tftp_socket, {name: config}, phones.ConfigServer()))
        yield PhoneWebLab(scenario=scenario, phone=phone, tftp=tftp, config_file=directory / name)


def _configuration(scenario: PhoneWebScenario) -> bytes:
    wanted = scenario.configuration
    return configuration_file(
        phones.Configuration(load=wanted.load or scenario.phone.version, web_access=wanted.web_access),
        model="7962G",
        group_url="https://vpn.lab.example/VPNPhone",
        cert_hashes=(_CERT_HASH,),
    )
