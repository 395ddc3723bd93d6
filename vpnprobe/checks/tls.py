"""Checks of the first flight: whether the gateway speaks TLS, and finds a version and a suite with this phone."""

from __future__ import annotations

from collections.abc import Iterator

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import BOTH_PROBES, Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.matrix import client_kind, read_matrix
from vpnprobe.checks.wording import describe_failure, describe_suite, listing
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.finding import Fact, Logs
from vpnprobe.model.observation import FirstFlight
from vpnprobe.wire.tls.registry import AlertDescription, Version, version_name
from vpnprobe.wire.tls.suites import suite_name


def _judge_speaks_tls(_case: Case, flights: tuple[FirstFlight, ...]) -> Result:
    good = next(filter(needs.speaks_tls, flights), None)
    if good is not None:
        if good.version is not None:
            return passed(f"answers in {version_name(good.version)}", version=version_name(good.version))
        return passed("answers with a TLS alert")
    failure = next(flight.failure for flight in flights if needs.is_connected(flight) and flight.failure)
    excerpt = next((flight.excerpt for flight in flights if flight.excerpt), None)
    words = describe_failure(failure)
    if failure.kind in needs.OURS:
        return unclear(f"no whole answer was read: {words}", failure=failure.kind.value)
    began = f"; it begins {excerpt.strip()!r}" if excerpt else ""
    return failed(
        f"takes connections, but gives no whole TLS answer: {words}{began}",
        failure.kind.value,
        failure=failure.kind.value,
        excerpt=excerpt,
    )


TLS004 = Check(
    id="TLS004",
    slug="gateway-speaks-tls",
    title="The gateway's port answers in TLS",
    stage="first-flight",
    severity="critical",
    probes=BOTH_PROBES,
    subjects=subjects.addresses,
    needs=needs.connection,
    judge=_judge_speaks_tls,
    rationale="What answers on the port must be the SSL VPN; a web server without TLS, a stalled process or a "
    "middlebox that cuts the answer looks to the phone like no gateway.",
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                show run webvpn
                show asp table socket
                show processes cpu-usage non-zero
                show conn port {port}
                """,
            ),
            fix(
                "path",
                """
                Look for a proxy, balancer or firewall in front of the gateway that ends or cuts TLS.
                """,
            ),
        ),
        next=("openssl s_client -connect {address}", "vpnprobe gateway {address}"),
    ),
    variants={
        FailureKind.NOT_TLS.value: Guide(
            fix=(
                fix(
                    "ASA",
                    """
                    show run webvpn
                    show run http
                    show run nat
                    Whatever answers on port {port} does not speak TLS: find it by the socket table and by NAT, \
                      and give the port to webvpn.
                    """,
                ),
            ),
            next=("curl -v http://{address}/", "ASA# show asp table socket"),
        )
    },
)


def _taken_instead(evidence: Evidence, flight: FirstFlight) -> Iterator[str]:
    """Yield the versions and suites that the gateway is known to take at this address."""
    for enumeration in evidence.enumerations:
        if enumeration.address == flight.address:
            for accepted in enumeration.accepted:
                yield describe_suite(accepted.version, accepted.suite)
    for other in evidence.first_flights:
        if (
            other.address == flight.address
            and other is not flight
            and other.version is not None
            and other.suite is not None
            and other.suite in other.offered_suites
        ):
            yield describe_suite(other.version, other.suite)


def _variant(evidence: Evidence, flight: FirstFlight) -> str:
    is_new = _has_tls_1_2(evidence, flight.address)
    if flight.failure is not None and flight.failure.alert == AlertDescription.protocol_version:
        return _variant_name("version", is_new)
    matrix = read_matrix(evidence, flight.address)
    given = {matrix.cell(client).key_type for client in ("ec-only", "both")}
    if (
        client_kind(flight.offered_suites) == "rsa-only"
        and matrix.cell("rsa-only").outcome == "refused"
        and given & {"EC"}
        and not given - {"EC", None}
    ):
        return "ec-only"
    return _variant_name("tls1.2" if flight.offered_version >= Version.TLS1_2 else "tls1.0", is_new)


def _variant_name(kind: str, is_new: bool) -> str:
    return f"{kind}, ASA from 9.3(2)" if is_new else kind


def _has_tls_1_2(evidence: Evidence, address: str) -> bool:
    """Whether the gateway answered anything in TLS 1.2, as an ASA does from 9.3(2) on."""
    seen = [flight.version or 0 for flight in evidence.first_flights if flight.address == address]
    for enumeration in evidence.enumerations:
        if enumeration.address == address:
            seen += [accepted.version for accepted in enumeration.accepted]
    return max(seen, default=0) >= Version.TLS1_2


def _is_unoffered(breach: str) -> bool:
    return breach.startswith(("version not offered", "suite not offered"))


def _judge_common_suite(case: Case, flight: FirstFlight) -> Result:
    phone = subjects.hello_label(case.evidence, flight.hello)
    offered = [suite_name(code) for code in flight.offered_suites]
    instead = list(dict.fromkeys(_taken_instead(case.evidence, flight)))
    takes = f"; it does take {listing(instead)}" if instead else ""
    facts: dict[str, Fact] = {
        "offered_version": version_name(flight.offered_version),
        "offered": offered,
        "offered_count": len(offered),
        "accepted_from_others": instead,
    }
    failure = flight.failure
    if failure is not None:
        words = describe_failure(failure)
        if failure.kind in needs.OURS:
            return unclear(f"the hello of {phone} got no answer: {words}")
        variant = _variant(case.evidence, flight)
        why = "; hellos with EC suites are given an EC certificate, those without none" if variant == "ec-only" else ""
        return failed(
            f"refuses the hello of {phone} ({version_name(flight.offered_version)}; {listing(offered)}): "
            f"{words}{why}{takes}",
            variant,
            failure=failure.kind.value,
            alert=failure.alert,
            **facts,
        )
    if flight.version is None or flight.suite is None:
        return unclear(f"the hello of {phone} got no ServerHello", **facts)
    chosen = describe_suite(flight.version, flight.suite)
    if flight.suite not in flight.offered_suites or any(map(_is_unoffered, flight.breaches)):
        return failed(
            f"answers with {chosen}, which {phone} did not offer; the phone breaks off",
            "breach",
            chosen=chosen,
            **facts,
        )
    return passed(
        f"agrees with {phone} on {chosen}", version=version_name(flight.version), suite=suite_name(flight.suite)
    )


_LOOK = fix(
    "ASA",
    """
    show run all ssl
    show ssl
    """,
)
# The ASA's wider lists for a phone that speaks TLS 1.2 are VP-08's.
_FROM_9_3_2 = {
    "tls1.0": fix(
        "ASA from 9.3(2)",
        """
        This changes the ciphers of every TLS 1.0 client of this ASA. Note the present ones first:
        show run all ssl
        configure terminal
        ssl cipher tlsv1 custom "AES256-SHA:AES128-SHA"
        """,
    ),
    "tls1.2": fix(
        "ASA from 9.3(2)",
        """
        This changes the ciphers of every TLS 1.2 client of this ASA, and takes GCM and ECDHE from them. Note the \
          present ones first:
        show run all ssl
        configure terminal
        ssl cipher tlsv1.2 custom "AES256-SHA:AES128-SHA:DHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA"
        """,
    ),
    "version": fix(
        "ASA from 9.3(2)",
        """
        This lets every client of this ASA speak TLS 1.0. Note the present values first:
        show run all ssl
        configure terminal
        ssl server-version tlsv1
        ssl cipher tlsv1 custom "AES256-SHA:AES128-SHA"
        """,
    ),
}
_UP_TO_9_3_1 = fix(
    "ASA up to 9.3(1)",
    """
    configure terminal
    ssl server-version any
    ssl encryption aes256-sha1 aes128-sha1
    """,
)
_REPLACE = fix(
    "phone",
    "A model whose newest firmware offers no later version than {offered_version} must be replaced, if TLS 1.0 may not "
    "be allowed.",
)

_NO_SHARED_CIPHER = Logs(
    asa=(
        "%ASA-7-725010: Device supports the following",
        "%ASA-7-725008: SSL client outside:<phone>/<port> proposes the following {offered_count} cipher(s).",
        "%ASA-7-725014: SSL lib error. Function: SSL3_GET_CLIENT_HELLO Reason: no shared cipher",
    )
)


def _guide(kind: str, *, is_new: bool) -> Guide:
    """Return how to bring phone and gateway together. TLS 1.2 came with 9.3(2): where it was seen, `is_new`."""
    own = (_FROM_9_3_2[kind],) if is_new else (_UP_TO_9_3_1, _FROM_9_3_2[kind])
    return Guide(
        fix=(_LOOK, *own, *([_REPLACE] if kind == "version" else [])),
        logs=Logs() if kind == "version" else _NO_SHARED_CIPHER,
        next=("ASA# show run all ssl", "vpnprobe gateway {address}"),
    )


_EC_ONLY = Guide(
    fix=(
        fix(
            "ASA",
            """
            This interface has an EC certificate only, and this phone can only take an RSA one. No cipher command \
              mends that: assign an RSA trustpoint as well.
            show run ssl
            show crypto ca certificates
            configure terminal
            ssl trust-point <rsa-trustpoint> outside
            write memory
            """,
        ),
        fix(
            "CUCM",
            """
            Before that upload the RSA certificate as Phone-VPN-trust and add it in Advanced Features > VPN > VPN \
              Gateway; let the phones fetch it.
            """,
        ),
        fix(
            "ASA",
            """
            If show run ssl names an RSA trustpoint already, its suites are off. Note the present ones, then allow \
              them:
            show run all ssl
            configure terminal
            ssl cipher tlsv1 custom "AES256-SHA:AES128-SHA"
            """,
        ),
    ),
    logs=_NO_SHARED_CIPHER,
    next=("ASA# show run ssl", "vpnprobe gateway {address}"),
)

TLS001 = Check(
    id="TLS001",
    slug="common-suite",
    title="The gateway takes a version and a suite that this phone offers",
    stage="first-flight",
    severity="critical",
    probes=BOTH_PROBES,
    subjects=subjects.own_hellos,
    needs=needs.own_flight,
    judge=_judge_common_suite,
    covers=("VP-23", "VP-24"),
    rationale=(
        "Old phones offer little: a 7962G with firmware 9.1.1 speaks TLS 1.0 with AES256-SHA and AES128-SHA "
        "only. A gateway that was hardened, or one that only has RC4 and 3DES, has nothing in common with "
        "them."
    ),
    variants={
        **{
            _variant_name(kind, is_new): _guide(kind, is_new=is_new) for kind in _FROM_9_3_2 for is_new in (False, True)
        },
        "ec-only": _EC_ONLY,
        "breach": Guide(
            fix=(
                fix(
                    "path",
                    """
                    No TLS server may answer so. Look for a middlebox in front of the gateway; dial from a place \
                      behind it and compare.
                    """,
                ),
                fix(
                    "ASA",
                    """
                    show version
                    show run all ssl
                    """,
                ),
            ),
            next=("vpnprobe gateway {address}",),
        ),
    },
    references=("Cisco document 116162, supported ciphers",),
)


def _judge_breaches(_case: Case, flights: tuple[FirstFlight, ...]) -> Result:
    breaches = [f"{flight.hello}: {breach}" for flight in flights for breach in flight.breaches]
    if breaches:
        return failed(f"breaks the rules of TLS: {listing(breaches)}", breaches=breaches)
    return passed("the answers keep to the rules of TLS")


TLS005 = Check(
    id="TLS005",
    slug="protocol-breach",
    title="The gateway's answers keep to the rules of TLS",
    stage="first-flight",
    severity="warning",
    probes=BOTH_PROBES,
    subjects=subjects.addresses,
    needs=needs.connection,
    judge=_judge_breaches,
    rationale="An answer that nobody asked for comes from a broken server or from a middlebox; phones may break off.",
    guide=Guide(
        fix=(
            fix("path", "Dial from a place behind any proxy or balancer and compare the answers."),
            fix(
                "ASA",
                """
                show version
                Look the breach up in the release notes before the next upgrade.
                """,
            ),
        ),
        next=("vpnprobe gateway {address}",),
    ),
    yields_to=("TLS001", "TLS004"),
)


CHECKS = (TLS004, TLS001, TLS005)
