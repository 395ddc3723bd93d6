"""The stand-in configuration server: the boot files of a scenario, served by TFTP and by HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from urllib.parse import unquote

from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.cluster import Cluster
from vpnprobe.lab.configuration import configuration_file
from vpnprobe.lab.hostile import EndlessTftp
from vpnprobe.lab.http import PlainStream, read_request, response
from vpnprobe.lab.listening import refuse, tcp_server, udp_server
from vpnprobe.lab.scenario import CUCM_NAME, OTHER_MAC, PHONE_MAC, ConfigServer, Scenario
from vpnprobe.lab.signed_files import encrypted_file, signed_file
from vpnprobe.lab.tftp import tftp_server
from vpnprobe.model.target import device_name

# As long as a real configuration in its encrypted form.
_ENCRYPTED_SIZE = 8000
_HEADERS = (("Cache-Control", "no-store"), ("Content-Type", "*/*"))


def boot_files(
    scenario: Scenario, pki: LabPki, *, group_url: str, cert_hashes: Sequence[str], now: datetime
) -> dict[str, bytes]:
    """Return the files that the phone can fetch, by name. There is no CTL file, as in most clusters."""
    wanted = scenario.network.configuration
    device = device_name(PHONE_MAC)
    plain = configuration_file(wanted, model=scenario.model, group_url=group_url, cert_hashes=cert_hashes)
    files = {f"{device}.cnf.xml": plain}
    if wanted.signed_name == "unsigned":
        return files
    cluster = Cluster(CUCM_NAME, now, pki.authority("capf"))
    signer = cluster.renewed_call_manager if wanted.signature == "unlisted-signer" else cluster.call_manager
    for name in (f"ITL{device}.tlv", "ITLFile.tlv"):
        files[name] = cluster.trust_list(name)
    owner = device if wanted.signed_name == "right" else device_name(OTHER_MAC)
    signed = signed_file(plain, f"{owner}.cnf.xml.sgn", signer, now)
    if wanted.signature == "changed-after":
        signed = signed.replace(b"<mtu>1290<", b"<mtu>1291<")
    files[f"{device}.cnf.xml.sgn"] = signed
    if wanted.form == "short":
        name = f"{device}.cnf.xml.enc.sgn"
        files[name] = encrypted_file(_ENCRYPTED_SIZE, name, signer, now)
    return files


def tftp_side(
    sock: socket.socket, files: Mapping[str, bytes], server: ConfigServer
) -> AbstractAsyncContextManager[None]:
    """Serve `files` by TFTP on a bound UDP socket, or fail in the way that `server` says."""
    if server.tftp == "refuses":
        # A UDP port is only refused (ICMP port unreachable) once nobody holds it.
        sock.close()
        return refuse(sock)
    if server.tftp == "endless":
        return udp_server(sock, EndlessTftp(b".cnf.xml"))
    return tftp_server(sock, files, server)


@asynccontextmanager
async def http_side(sock: socket.socket, files: Mapping[str, bytes], server: ConfigServer) -> AsyncIterator[None]:
    """Serve `files` by HTTP on a bound TCP socket, or fail in the way that `server` says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = PlainStream(reader, writer)
        while (request := await read_request(stream)) is not None:
            name = unquote(request.target.lstrip("/"))
            data = files.get(name)
            if server.http == "silent" or name.partition(".")[0] in server.ignores:
                await asyncio.Event().wait()
            if data is None or server.http == "not-found":
                await stream.write(response(404, "Not Found", _HEADERS))
            elif server.http == "busy":
                await stream.write(response(503, "Service Unavailable", _HEADERS, b"File is Busy"))
            elif server.http == "truncates":
                whole = response(200, "OK", _HEADERS, data)
                await stream.write(whole[: -len(data) // 2])
                return
            else:
                await stream.write(response(200, "OK", _HEADERS, data))

    async with refuse(sock) if server.http == "refuses" else tcp_server(sock, serve):
        yield
