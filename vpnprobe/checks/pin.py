"""Checks of the pin: does a certHash of the phone name the certificate that the gateway shows to it?"""

from __future__ import annotations

from collections.abc import Iterator

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.matrix import is_temporary
from vpnprobe.checks.needs import Chain, Pins
from vpnprobe.checks.renewal import PHONES_OUTSIDE, RENEW
from vpnprobe.checks.wording import day
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Fact, Logs
from vpnprobe.model.observation import FirstFlight
from vpnprobe.pki.basis import Basis
from vpnprobe.pki.fingerprint import phone_log_hex, sha1
from vpnprobe.pki.mismatch import NearMiss, NearMissKind, SeenCertificate, explain_mismatch
from vpnprobe.pki.path import PathEnd, build_path
from vpnprobe.pki.pin import MatchKind, PinDecision, PinReason, decide_pin


def seen_certificates(evidence: Evidence) -> tuple[SeenCertificate, ...]:
    """Return every certificate that the run met: all hellos, all addresses, all positions, and a redirect's host."""
    found = [
        certificate
        for flight in evidence.first_flights
        for certificate in _seen_in(
            evidence,
            flight,
            f"shown to {subjects.hello_label(evidence, flight.hello)} at "
            f"{subjects.endpoint_label(evidence, flight.address)}",
        )
    ]
    for login in evidence.logins:
        if login.redirect_flight is not None:
            found += _seen_in(
                evidence, login.redirect_flight, f"shown by {login.redirect_host}, the host of the redirect"
            )
    return tuple(found)


def _seen_in(evidence: Evidence, flight: FirstFlight, where: str) -> Iterator[SeenCertificate]:
    for position, name in enumerate(flight.chain):
        der = evidence.certificates.get(name)
        if der is not None:
            what = "leaf" if position == 0 else f"issuer {position}"
            yield SeenCertificate(der=der, where=f"{what} {where}")


_UNDECIDED = {
    PinReason.NO_EXPECTATION: "no certHash is known",
    PinReason.NO_CERTIFICATE: "the gateway showed no certificate",
    PinReason.UNKNOWN_HASH_ALG: "hashAlg has a value whose meaning is not known (CFG007)",
    PinReason.DOUBTFUL_FORM: "the only certHash that fits is written in a form that not every decoder reads (CFG006)",
}


def _judge_pin(case: Case, known: tuple[Chain, Pins]) -> Result:
    chain, pins = known
    decision = decide_pin(pins.hashes, chain.ders, pins.hash_alg)
    facts = _pin_facts(chain, pins)
    if decision.accepts:
        return passed(_describe_match(decision, pins), **facts)
    if decision.accepts is None:
        return unclear(f"the pin cannot be judged: {_UNDECIDED.get(decision.reason, decision.reason.value)}", **facts)
    seen = seen_certificates(case.evidence)
    misses = explain_mismatch(pins.hashes, seen)
    told = [_describe_miss(miss, pins) for miss in misses]
    variant = _variant(case, chain, misses, seen)
    more = f" and {len(pins.hashes) - 1} more" if len(pins.hashes) > 1 else ""
    compared = f"configured {pins.names[0]} {pins.hashes[0].text[:80]}{more}, live {chain.leaf.cert_hash}"
    summary = f"no certHash names the certificate shown: {compared} ({chain.leaf.subject or 'unreadable'})"
    if told:
        summary += f". {told[0]}"
    if variant == "expired" and chain.leaf.not_after is not None:
        summary += f". Do not pin the one shown: it expired on {day(chain.leaf.not_after)}"
    missing = _missing_issuer(case, chain)
    if not told and missing is not None:
        facts["missing_issuer"] = missing
        summary += f". The certHash may be that of the issuer {missing}, which is not sent"
    return failed(summary, variant, near_misses=told, **facts)


def _is_expired(case: Case, chain: Chain) -> bool:
    return chain.leaf.not_after is not None and case.now >= chain.leaf.not_after


def _missing_issuer(case: Case, chain: Chain) -> str | None:
    """Return the issuer of a leaf that is sent all alone."""
    path = build_path(chain.ders, at=case.now)
    return path.missing_issuer if path.end is PathEnd.ISSUER_MISSING and len(path.members) == 1 else None


def _pin_facts(chain: Chain, pins: Pins) -> dict[str, Fact]:
    leaf = chain.leaf
    return {
        "leaf_sha1": phone_log_hex(sha1(chain.ders[0])),
        "live": leaf.cert_hash,
        "cert_hash": leaf.cert_hash,
        "leaf_subject": leaf.subject,
        "leaf_oneline": leaf.subject_oneline,
        "leaf_expires": None if leaf.not_after is None else day(leaf.not_after),
        "configured": [f"{name} {item.text[:80]}" for name, item in zip(pins.names, pins.hashes, strict=True)],
        "first_configured": pins.hashes[0].text[:80],
    }


def _describe_match(decision: PinDecision, pins: Pins) -> str:
    best = decision.matches[0]
    name = pins.names[best.cert_hash_index]
    what = "the leaf" if best.kind is MatchKind.LEAF else f"issuer {best.certificate_index} of the chain, not the leaf"
    doubt = {
        Basis.ASSUMPTION: "; it is not written canonically, which a phone is assumed to overlook",
        Basis.INFERENCE: "; that a phone accepts this is inferred from its log",
    }.get(best.basis, "")
    return f"{name} names {what}{doubt}"


def _describe_miss(miss: NearMiss, pins: Pins) -> str:
    what = miss.explanation[0].lower() + miss.explanation[1:].rstrip(".")
    where = f" ({'; '.join(miss.where[:3])})" if miss.kind is NearMissKind.OTHER_CERTIFICATE else ""
    return f"{pins.names[miss.cert_hash_index]}: {what}{where}; the value for that certificate is {miss.right}"


def _variant(case: Case, chain: Chain, misses: tuple[NearMiss, ...], seen: tuple[SeenCertificate, ...]) -> str:
    if is_temporary(chain.leaf):
        return "temporary"
    if _is_expired(case, chain):
        return "expired"
    if any(miss.kind is not NearMissKind.OTHER_CERTIFICATE and miss.right == chain.leaf.cert_hash for miss in misses):
        return "written-wrongly"
    named = [seen[miss.seen_index].der for miss in misses if miss.kind is NearMissKind.OTHER_CERTIFICATE]
    if chain.leaf.key_type == "EC" and any(needs.certificate_facts(der).key_type == "RSA" for der in named):
        return "ec"
    if named:
        return "other-certificate"
    return "" if _missing_issuer(case, chain) is None else "issuer-not-sent"


# VP-34 and VP-35, from the process name on; number, level and time stand before it in the phone's log.
_LOGS = Logs(
    phone=(
        "VPNC: cert_vfy_cb: depth:1 of 1, subject: <{leaf_oneline}>",
        "VPNC: cert_vfy_cb: peer cert saved: /tmp/leaf.crt",
        "SECD: Leaf cert hash = {leaf_sha1}",
        "SECD: EROR:secLoadFile: file not found </tmp/issuer.crt>",
        "VPNC: VPN cert chain verification failed, issuer certificate not found and leaf not trusted",
        "VPNC: ssl_state_cb: TLSv1: write: alert: fatal: unknown CA",
        "VPNC: alert_err: SSL write alert: code 48, unknown CA",
        "VPNC: SSL: SSL_connect: error:14090086:SSL routines:SSL3_GET_SERVER_CERTIFICATE:certificate verify failed",
        "VPNC: vpnc_send_notify: notify code: 37 [SslAlertSrvrCert]",
        "VPNC: vpnc_send_notify: notify desc: [alert: Unknown CA (server cert)]",
        "VPNC: protocol_handler: login failed",
    ),
    asa=(
        "%ASA-7-725014: SSL lib error. Function: SSL3_READ_BYTES Reason: tlsv1 alert unknown ca",
        "%ASA-6-725006: Device failed SSL handshake with client outside:<phone>/<port>",
    ),
)

_EXPORT = fix(
    "ASA",
    """
    show run ssl
    configure terminal
    crypto ca export <trustpoint> identity-certificate
    """,
)
_UPLOAD = fix(
    "CUCM",
    """
    Cisco Unified OS Administration > Security > Certificate Management > Upload Certificate: Phone-VPN-trust, the \
      certificate exported above.
    Advanced Features > VPN > VPN Gateway: move it to VPN Certificates in this Location.
    Save, then Apply Config to {device}; it must reach its TFTP server.
    Afterwards {config_file} must hold <certHash1>{cert_hash}</certHash1> (any number from 1 to 10 will do).
    A certificate of the same common name is overwritten by the upload (CSCuh19734).
    """,
)
_BY_HAND = fix("TFTP", "A file made by hand: <certHash1>{cert_hash}</certHash1>, then reset the phone.")
_NEXT = ("vpnprobe hash {first_configured} {group_url}", "ASA# show crypto ca certificates")

PIN001 = Check(
    id="PIN001",
    slug="cert-hash-match",
    title="A certHash of the phone names the certificate that the gateway shows to it",
    stage="pin",
    severity="critical",
    probes=("phone",),
    subjects=subjects.own_hellos,
    needs=needs.chain & needs.pins,
    judge=_judge_pin,
    covers=("VP-07", "VP-10", "VP-30", "VP-34", "VP-35"),
    rationale="A phone follows no chain to a root that it trusts. It compares the SHA-1 of the gateway's "
    "leaf with the hashes in its configuration, then looks for an issuer among them, and else ends the handshake "
    "with alert 48.",
    guide=Guide(fix=(_EXPORT, _UPLOAD, _BY_HAND), logs=_LOGS, next=_NEXT),
    variants={
        "expired": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    Do not upload the certificate that is shown now: it has expired ({leaf_expires}). Renew first:
                    """,
                ),
                *RENEW,
                PHONES_OUTSIDE,
            ),
            logs=_LOGS,
            next=("ASA# show crypto ca certificates", "ASA# show clock"),
        ),
        "issuer-not-sent": Guide(
            fix=(
                fix(
                    "ASA",
                    """
                    The leaf comes without its issuer {missing_issuer}. If that is the certificate in CUCM, send it \
                      with the leaf:
                    show crypto ca certificates <trustpoint>
                    configure terminal
                    crypto ca authenticate <trustpoint>
                    Paste the PEM of the issuer, then quit.
                    write memory
                    """,
                ),
                fix(
                    "CUCM",
                    """
                    Or pin the leaf itself. Export it from the ASA (crypto ca export <trustpoint> \
                      identity-certificate), then Cisco Unified OS Administration > Security > Certificate \
                      Management > Upload Certificate: Phone-VPN-trust.
                    Advanced Features > VPN > VPN Gateway: move it to VPN Certificates in this Location.
                    Save, then Apply Config to {device}; it must reach its TFTP server.
                    """,
                ),
            ),
            logs=_LOGS,
            next=_NEXT,
        ),
        "written-wrongly": Guide(
            fix=(_BY_HAND, _EXPORT, _UPLOAD), logs=_LOGS, next=("vpnprobe hash {first_configured} {group_url}",)
        ),
        "temporary": Guide(
            fix=(
                fix(
                    "ASA",
                    """
                    The ASA shows its temporary certificate: no trustpoint is assigned, or its certificate is \
                      gone.
                    show run ssl
                    show crypto ca certificates
                    configure terminal
                    ssl trust-point <trustpoint> outside
                    write memory
                    """,
                ),
                _UPLOAD,
            ),
            logs=_LOGS,
            next=("ASA# show run ssl", "vpnprobe gateway {gateway}"),
        ),
        "ec": Guide(
            fix=(
                fix(
                    "ASA",
                    """
                    The certHash is of the RSA certificate, and this phone is given the EC one. Note the present \
                      ciphers first; the command below changes them for every TLS 1.2 client of this ASA:
                    show run all ssl
                    Then offer RSA only:
                    configure terminal
                    ssl cipher tlsv1.2 custom "AES256-SHA:AES128-SHA:DHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA"
                    """,
                ),
                _EXPORT,
                _UPLOAD,
            ),
            logs=_LOGS,
            next=("vpnprobe gateway {gateway}", "ASA# show run ssl"),
        ),
        "other-certificate": Guide(
            fix=(
                fix(
                    "ASA",
                    """
                    The certHash is of another certificate of this gateway or of its neighbour. Show the \
                      same certificate everywhere, or add this one in CUCM as well.
                    show run ssl
                    configure terminal
                    crypto ca export <trustpoint> identity-certificate
                    """,
                ),
                _UPLOAD,
            ),
            logs=_LOGS,
            next=("vpnprobe gateway {gateway}", "ASA# show run ssl"),
        ),
    },
    references=("Cisco document 116162, certificate hash mismatch", "CSCuh19734"),
    yields_to=("TLS002",),
)


def _judge_issuer_pin(_case: Case, known: tuple[Chain, Pins]) -> Result:
    chain, pins = known
    decision = decide_pin(pins.hashes, chain.ders, pins.hash_alg)
    if decision.reason is PinReason.ISSUER_MATCHES:
        issuer = chain.ders[decision.matches[0].certificate_index]
        return failed(
            f"{_describe_match(decision, pins)}: a renewal by the same CA needs no change in CUCM, but the issuer must "
            "always be sent with the leaf",
            issuer=needs.certificate_facts(issuer).subject,
            leaf_cert_hash=chain.leaf.cert_hash,
        )
    if decision.accepts:
        return passed("a certHash names the leaf itself")
    return unclear("no certHash is known to match")


PIN002 = Check(
    id="PIN002",
    slug="pinned-by-issuer",
    title="The pin holds by the leaf itself, not by an issuer",
    stage="pin",
    severity="info",
    probes=("phone",),
    subjects=subjects.own_hellos,
    needs=needs.chain & needs.pins,
    judge=_judge_issuer_pin,
    covers=("VP-35", "VP-40"),
    rationale=(
        "With the CA's certificate in CUCM the gateway's certificate can be renewed by the same CA without "
        "touching the phones. That a certHash may name an issuer is inferred from the phone's log and from "
        "the renewal guide."
    ),
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
            Keep the issuer installed in the trustpoint: show crypto ca certificates <trustpoint>
            """,
            ),
        ),
        next=("vpnprobe gateway {gateway}",),
    ),
)

CHECKS = (PIN001, PIN002)
