"""The online CA as CUCM's enrolment service meets it: its name, its HTTPS certificate, one page without a login.

Nothing is enrolled and no credential is sent. That CUCM asks the web enrolment pages of a Microsoft CA, at
/certsrv/, is in Cisco document 214501; which TLS hello it sends was found nowhere, so a usual one up to TLS 1.2 is
offered.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from vpnprobe.model.capf import OnlineCa
from vpnprobe.model.errors import TransportError
from vpnprobe.model.observation import CertificateRequest
from vpnprobe.model.target import Endpoint
from vpnprobe.phones.profile import edge_hellos
from vpnprobe.probes.options import NetworkOptions
from vpnprobe.probes.recorder import Recorder
from vpnprobe.transport.names import Resolver
from vpnprobe.wire.tls.registry import Version

HTTPS_PORT: Final = 443
ENROLMENT_PATH: Final = "/certsrv/"

PAGE_BYTES: Final = 128 * 1024
# The start page of a CA has some 3 KiB. What is looked through is short, as a hostile page could make it slow.
_READ: Final = 4 * 1024
_EXCERPT: Final = 400
_TEXT: Final = 200

_HELLO: Final = "microsoft-edge"
_LANGUAGE = re.compile(r"<html\b[^>]{0,500}?\blang\s*=\s*[\"']?([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,400})", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,2000}>")


async def look_at_online_ca(
    endpoint: Endpoint, given: Sequence[bytes], resolver: Resolver, network: NetworkOptions, recorder: Recorder
) -> OnlineCa:
    """Resolve the CA's name, complete one handshake, ask for one page; every failure is in the result.

    Addresses of the wanted IP versions are tried in turn until one completes a handshake. `given` are CA certificates
    (DER) of the operator.
    """
    began = time.monotonic()
    # Whether DNS knows the name is a question of its own, whichever version is to be dialled.
    resolution = await resolver.resolve(endpoint.host)
    seen = OnlineCa(endpoint=endpoint, resolution=resolution, given=recorder.keep(given))
    for address in resolution.addresses:
        if (6 if ":" in address else 4) not in network.families:
            continue
        seen = await _visit(seen, Endpoint(address, endpoint.port), network, recorder)
        if seen.failure is None:
            break
    return msgspec.structs.replace(seen, duration_s=round(time.monotonic() - began, 6))


async def _visit(seen: OnlineCa, where: Endpoint, network: NetworkOptions, recorder: Recorder) -> OnlineCa:
    from vpnprobe.transport.exchange import HttpConnection
    from vpnprobe.transport.tls import HandshakeFailed, handshake
    from vpnprobe.transport.tls_settings import TlsSettings

    host = seen.endpoint.host
    settings = TlsSettings(
        minimum=Version.TLS1_0,
        maximum=Version.TLS1_2,
        suites=edge_hellos()[_HELLO].suites,
        server_name=None if seen.endpoint.is_address else host,
    )
    failure = answer = None
    try:
        connection = await handshake(where.host, where.port, settings, timeout=network.timeout)
    except HandshakeFailed as error:
        facts, failure = error.facts, error.failure
    else:
        http = HttpConnection(connection, f"https://{seen.endpoint}/")
        try:
            # IIS asks for a client certificate in a second handshake, after it has read the path.
            answer = await http.ask("GET", ENROLMENT_PATH, timeout=network.timeout, cap=PAGE_BYTES)
        except TransportError as error:
            failure = error.failure
        finally:
            facts = connection.facts
            await http.close()
    chain = recorder.keep(facts.chain)
    seen = msgspec.structs.replace(
        seen,
        address=str(where),
        failure=failure,
        version=facts.version,
        suite_name=facts.suite_name,
        chain=chain,
        asks_client_certificate=facts.client_certificate_requested if facts.chain else None,
        certificate_request=(
            CertificateRequest(authorities=facts.authorities) if facts.client_certificate_requested else None
        ),
    )
    if answer is None:
        return seen
    headers = dict(answer.headers)
    body = answer.body[:_READ].decode("utf-8", "replace")
    language, title = _LANGUAGE.search(body), _TITLE.search(body)
    return msgspec.structs.replace(
        seen,
        path=ENROLMENT_PATH,
        status=answer.status,
        server=_text(headers.get("server")),
        language=_text(headers.get("content-language") or (language[1] if language else None)),
        title=_text(title[1] if title else None),
        excerpt=" ".join(_TAG.sub(" ", _HIDDEN.sub(" ", body)).split())[:_EXCERPT] or None,
        http_failure=answer.failure,
    )


def _text(value: str | None) -> str | None:
    return " ".join(value.split())[:_TEXT] or None if value else None
