"""Checks of which certificate the gateway shows to whom: it depends on the hello (VP-08)."""

from __future__ import annotations

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import BOTH_PROBES, Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.matrix import (
    CLIENT_WORDS,
    MatrixReading,
    client_kind,
    is_rsa,
    is_temporary,
    read_matrix,
)
from vpnprobe.checks.needs import Chain
from vpnprobe.model.finding import Fact
from vpnprobe.pki.pin import decide_pin


def _judge_certificate_for_phone(case: Case, chain: Chain) -> Result:
    flight = chain.flight
    matrix = read_matrix(case.evidence, flight.address)
    facts = _matrix_facts(matrix)
    kind = client_kind(flight.offered_suites)
    row = f"offers {CLIENT_WORDS[kind]}" if kind is not None else "offers no suite with a certificate"
    given = f"{chain.leaf.key_type or 'unreadable'} certificate {chain.leaf.subject or ''}".strip()
    summary = f"{subjects.hello_label(case.evidence, flight.hello)} {row} and is given the {given}"
    is_self_signed_ec = chain.leaf.key_type == "EC" and chain.leaf.self_signed is True
    rsa = matrix.cell("rsa-only")
    if not (is_self_signed_ec and is_rsa(rsa) and not rsa.temporary):
        return passed(summary, **facts)
    pins = needs.find_pins(case)
    if pins is not None and decide_pin(pins.hashes, chain.ders, pins.hash_alg).accepts:
        return passed(f"{summary}, self-signed, and a certHash names it", **facts)
    # An EC trustpoint that was enrolled by the ASA itself looks the same, unless its name tells.
    why = "CSCuu02848" if is_temporary(chain.leaf) else "CSCuu02848, or an EC trustpoint that is not in CUCM"
    return failed(
        f"{summary}, self-signed, while phones with RSA ciphers only are given {rsa.subject} ({why})",
        cert_hash=rsa.cert_hash,
        **facts,
    )


def _matrix_facts(matrix: MatrixReading) -> dict[str, Fact]:
    return {
        "matrix_column": matrix.column,
        **{f"matrix_{cell.client.replace('-', '_')}": cell.words for cell in matrix.cells},
    }


_EC_GUIDE = Guide(
    fix=(
        fix(
            "ASA",
            """
            The command below changes the ciphers of every TLS 1.2 client of this ASA, and takes GCM and ECDHE from \
              them. Note the present ones first:
            show run all ssl
            configure terminal
            ssl cipher tlsv1.2 custom "AES256-SHA:AES128-SHA:DHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA"
            """,
        ),
        fix("ASA", "Or upgrade to a release that has the fix of CSCuu02848: show version"),
        fix(
            "CUCM",
            """
            If the EC certificate is a trustpoint's own (show run ssl), it may stay: upload it as Phone-VPN-trust and \
              add it in Advanced Features > VPN > VPN Gateway.
            """,
        ),
    ),
    next=("vpnprobe gateway {address}", "ASA# show run ssl", "ASA# show version"),
)

TLS002 = Check(
    id="TLS002",
    slug="certificate-for-this-phone",
    title="This phone is given the configured certificate, not a self-signed EC one beside it",
    stage="first-flight",
    severity="critical",
    probes=BOTH_PROBES,
    subjects=subjects.own_hellos,
    needs=needs.chain,
    judge=_judge_certificate_for_phone,
    covers=("VP-08",),
    rationale=(
        "Since ASA 9.4(1) a client that offers EC suites is given an EC certificate. Without the fix of "
        "CSCuu02848 that is one that the ASA signed itself, although the interface has an RSA trustpoint: "
        "newer phones fail, older ones connect."
    ),
    guide=_EC_GUIDE,
    references=("CSCuu02848", "Cisco document 116162, ECDSA self-signed certificate"),
)


def _judge_certificate_for_others(case: Case, chain: Chain) -> Result:
    flight = chain.flight
    matrix = read_matrix(case.evidence, flight.address)
    facts = _matrix_facts(matrix)
    both = matrix.cell("both")
    if both.outcome == "unknown" or both.leaf is None:
        return unclear("the hello with RSA and EC ciphers was shown no certificate", **facts)
    if both.leaf == flight.chain[0]:
        return passed(f"phones with RSA and EC ciphers are given the same certificate; {matrix.summary}", **facts)
    pins = needs.find_pins(case)
    if pins is not None and both.key_type == "EC":
        other = needs.find_chain(
            case.evidence, next(f for f in case.evidence.flights("both") if f.address == flight.address)
        )
        named = other is not None and decide_pin(pins.hashes, other.ders, pins.hash_alg).accepts is True
        if named:
            return passed(f"a certHash names the EC certificate of newer phones too; {matrix.summary}", **facts)
        if decide_pin(pins.hashes, chain.ders, pins.hash_alg).accepts:
            return failed(
                f"newer phones are given another certificate ({both.words}, {both.subject}) that no certHash names",
                **facts,
            )
    if matrix.has_self_signed_ec_beside_rsa:
        return failed(f"newer phones are given a self-signed EC certificate ({both.subject})", **facts)
    return passed(matrix.summary, **facts)


TLS003 = Check(
    id="TLS003",
    slug="certificate-for-newer-phones",
    title="Newer phones would be given a certificate that is in CUCM, too",
    stage="first-flight",
    severity="warning",
    probes=("phone",),
    subjects=subjects.own_hellos,
    needs=needs.chain,
    judge=_judge_certificate_for_others,
    covers=("VP-08",),
    rationale="This phone does not see the fault that its newer neighbours have: the certificate depends on the hello.",
    guide=_EC_GUIDE,
    references=("CSCuu02848",),
    yields_to=("TLS002",),
)


def _judge_temporary(_case: Case, chain: Chain) -> Result:
    if is_temporary(chain.leaf):
        return failed(
            "shows the ASA's temporary certificate, which the ASA makes anew at every boot",
            cert_hash=chain.leaf.cert_hash,
            not_before=None if chain.leaf.not_before is None else chain.leaf.not_before.isoformat(),
        )
    return passed("the certificate is not the ASA's temporary one", subject=chain.leaf.subject)


TLS006 = Check(
    id="TLS006",
    slug="temporary-certificate",
    title="The certificate is a configured one that outlives a reboot",
    stage="first-flight",
    severity="warning",
    probes=BOTH_PROBES,
    subjects=subjects.leaves,
    needs=needs.chain,
    judge=_judge_temporary,
    covers=("VP-05", "VP-07"),
    rationale="Without a trustpoint on the interface the ASA shows a certificate of its own making. Its hash can be in "
    "CUCM and the phones connect, until the ASA boots and makes another one.",
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                configure terminal
                crypto key generate rsa label <key> modulus 2048
                crypto ca trustpoint <trustpoint>
                 enrollment self
                 fqdn {host}
                 subject-name CN={host}
                 keypair <key>
                 exit
                crypto ca enroll <trustpoint>
                crypto ca export <trustpoint> identity-certificate
                write memory
                """,
            ),
            fix(
                "CUCM",
                """
                Before the ASA shows the new certificate: Cisco Unified OS Administration > Security > Certificate \
                  Management: upload it as Phone-VPN-trust.
                Advanced Features > VPN > VPN Gateway: add it beside the old one, save, apply to the phones.
                """,
            ),
            fix(
                "ASA",
                """
                Only when every phone has the new certHash:
                configure terminal
                ssl trust-point <trustpoint> outside
                write memory
                """,
            ),
        ),
        next=("ASA# show run ssl", "ASA# show crypto ca certificates"),
    ),
    yields_to=("PIN001", "TLS002"),
)

CHECKS = (TLS002, TLS003, TLS006)
