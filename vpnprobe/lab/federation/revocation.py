"""Serves the CRLs and OCSP answers that the lab's certificates name, by plain HTTP."""

from __future__ import annotations

import asyncio
import base64
import binascii
from datetime import datetime, timedelta
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from vpnprobe.lab.federation.certificates import EdgePki
from vpnprobe.lab.federation.scenario import EdgeCertificate
from vpnprobe.lab.http import PlainStream, Request, read_request, response
from vpnprobe.lab.issuing import Issued

_DAY = timedelta(days=1)
_JUNK = b"<html><body>moved</body></html>"


class RevocationService:
    """Answers `/crl/WHAT` and `/ocsp/WHAT`, where WHAT is "good", "revoked" or "junk"."""

    def __init__(self, pki: EdgePki, now: datetime) -> None:
        self._pki = pki
        self._now = now

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, request after request."""
        stream = PlainStream(reader, writer)
        while (request := await read_request(stream)) is not None:
            await stream.write(self._answer(request))

    def _answer(self, request: Request) -> bytes:
        _, kind, what, *rest = (*request.target.split("/", 3), "")
        if what == "junk":
            return response(200, "OK", [("Content-Type", "text/html")], _JUNK)
        if kind == "crl" and what in ("good", "revoked"):
            return response(200, "OK", [("Content-Type", "application/pkix-crl")], self._crl(revokes=what == "revoked"))
        if kind == "ocsp" and what in ("good", "revoked"):
            try:
                asked = request.body if request.method == "POST" else base64.b64decode(unquote_to_bytes(rest[0]))
                body = self._ocsp(asked, revoked=what == "revoked")
            except (ValueError, binascii.Error):
                body = ocsp.OCSPResponseBuilder.build_unsuccessful(
                    ocsp.OCSPResponseStatus.MALFORMED_REQUEST
                ).public_bytes(serialization.Encoding.DER)
            return response(200, "OK", [("Content-Type", "application/ocsp-response")], body)
        return response(404, "Not Found")

    def _crl(self, *, revokes: bool) -> bytes:
        """Return a CRL of the public issuing CA; one that revokes lists every certificate that leads to it."""
        issuer = self._pki.issuing("public")
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(self._now - _DAY)
            .next_update(self._now + 7 * _DAY)
        )
        for wanted, issued in self._pki.edges.items():
            if revokes and wanted.crl == "revoked":
                entry = x509.RevokedCertificateBuilder().serial_number(issued.certificate.serial_number)
                builder = builder.add_revoked_certificate(entry.revocation_date(self._now - _DAY).build())
        crl = builder.sign(issuer.key, hashes.SHA256())
        return crl.public_bytes(serialization.Encoding.DER)

    def _ocsp(self, asked: bytes, *, revoked: bool) -> bytes:
        serial = ocsp.load_der_ocsp_request(asked).serial_number
        issuer = self._pki.issuing("public")
        _, issued = self._by_serial(serial)
        answer = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=issued.certificate,
                issuer=issuer.certificate,
                algorithm=hashes.SHA1(),
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
                this_update=self._now - _DAY,
                next_update=self._now + _DAY,
                revocation_time=self._now - _DAY if revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.NAME, issuer.certificate)
            .sign(issuer.key, hashes.SHA256())
        )
        return answer.public_bytes(serialization.Encoding.DER)

    def _by_serial(self, serial: int) -> tuple[EdgeCertificate, Issued]:
        for wanted, issued in self._pki.edges.items():
            if issued.certificate.serial_number == serial:
                return wanted, issued
        raise ValueError("no such certificate")
