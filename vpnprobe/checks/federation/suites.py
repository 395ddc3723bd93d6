"""Checks of the versions and suites that the target takes: would a Microsoft edge agree on one?"""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.edge import PROBE, S_CLIENT
from vpnprobe.checks.wording import describe_failure, describe_suite, listing
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import EdgeVisit
from vpnprobe.model.finding import Fact
from vpnprobe.model.observation import FirstFlight
from vpnprobe.wire.tls.registry import AlertDescription, Version, version_name
from vpnprobe.wire.tls.suites import suite, suite_name

# What a server does that has nothing in common with a hello: it says so, or hangs up.
_REFUSALS = frozenset({FailureKind.TLS_ALERT, FailureKind.CLOSED, FailureKind.RESET})
_NO_TLS = frozenset({FailureKind.NOT_TLS, FailureKind.MALFORMED, FailureKind.TOO_MUCH})


def agrees(flight: FirstFlight) -> bool:
    """Whether the server answered this hello with a version and a suite that it offered."""
    return (
        flight.failure is None
        and flight.version is not None
        and flight.suite in flight.offered_suites
        and flight.version <= flight.offered_version
    )


def is_refused(flight: FirstFlight) -> bool:
    """Whether the server answered, and had nothing in common with this hello."""
    return flight.failure is not None and flight.failure.kind in _REFUSALS


def agreed_on(flight: FirstFlight) -> str:
    """Return version and suite of an answer, for instance `TLS 1.2 AES256-SHA (0x0035)`."""
    return describe_suite(flight.version or 0, flight.suite or 0)


def _judge_suite(case: Case, known: tuple[FirstFlight, EdgeVisit]) -> Result:
    own, visit = known
    taken = [flight for flight in visit.flights if agrees(flight)]
    facts: dict[str, Fact] = {
        "offered": list(map(suite_name, own.offered_suites)),
        "taken": [f"{flight.hello}: {agreed_on(flight)}" for flight in taken],
    }
    old = next((flight for flight in taken if flight.version is not None and flight.version < Version.TLS1_2), None)
    if own.failure is None and own.version is None:
        return unclear("the hello of a Microsoft edge got no ServerHello", **facts)
    if agrees(own) and own is not old:
        return passed(f"agrees on {agreed_on(own)}", version=version_name(own.version or 0), **facts)
    if old is not None and case.evidence.expectation.partner == "lync-2010":
        return passed(f"agrees on {agreed_on(old)}, which is what Lync 2010 speaks", **facts)
    failure = own.failure
    if failure is not None:
        if failure.kind in needs.OURS or (not is_refused(own) and failure.kind not in _NO_TLS):
            return unclear(f"the answer is not known: {describe_failure(failure)}", **facts)
        facts |= {"failure": failure.kind.value, "alert": failure.alert}
    variant = _suite_variant(own, taken)
    return failed(f"{_suite_words(variant, own, old)}{_instead(own, taken)}", variant, **facts)


def _suite_variant(own: FirstFlight, taken: list[FirstFlight]) -> str:
    versions = {flight.version or 0 for flight in taken}
    if _is_version_alert(own.failure) or (versions and max(versions) < Version.TLS1_2):
        return "no-tls-1.2"
    hellos = {flight.hello for flight in taken if flight is not own}
    return f"{hellos.pop()}" if hellos in ({"3des-only"}, {"ec-only"}) else "other"


def _is_version_alert(failure: Failure | None) -> bool:
    return failure is not None and failure.alert == AlertDescription.protocol_version


def _suite_words(variant: str, own: FirstFlight, old: FirstFlight | None) -> str:
    if variant == "no-tls-1.2":
        seen = "" if old is None else f", only {version_name(old.version or 0)}"
        return f"does not speak TLS 1.2{seen}"
    if variant == "3des-only":
        return "takes 3DES only, which partners have turned off"
    if variant == "ec-only":
        return "takes suites with an ECDSA certificate only, which a Microsoft edge may not have"
    if own.failure is None:
        chosen = describe_suite(own.version or 0, own.suite or 0)
        return f"answers with {chosen}, which a Microsoft edge did not offer"
    return f"has no suite in common with a Microsoft edge: {describe_failure(own.failure)}"


def _instead(own: FirstFlight, taken: list[FirstFlight]) -> str:
    instead = [agreed_on(flight) for flight in taken if flight is not own]
    return f"; it does take {listing(instead)}" if instead else ""


_EXPRESSWAY_CIPHERS = fix(
    "Expressway",
    """
    Maintenance > Security > Ciphers: SIP TLS with TLS 1.2 as its lowest version, and RSA and ECDHE suites with AES in \
      its cipher list.
    """,
)
_IMP_CIPHERS = fix(
    "IM and Presence",
    """
    System > Security > TLS Context Configuration > Default_Cisco_UPS_SIP_Proxy_Peer_Auth_TLS_Context: select the \
      suites TLS_RSA_WITH_AES_128_CBC_SHA and TLS_RSA_WITH_AES_256_CBC_SHA, Save, restart Cisco SIP Proxy.
    """,
)
_ASA_CIPHERS = fix(
    "ASA from 9.3(2)",
    """
    This changes the ciphers of every TLS 1.2 client of this ASA, and takes GCM and ECDHE from them. Note the present \
      ones first:
    show run all ssl
    configure terminal
    ssl cipher tlsv1.2 custom "AES256-SHA:AES128-SHA:DHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA"
    """,
)
_EDGE_CIPHERS = fix(
    "Microsoft edge",
    """
    TLS 1.2 and AES must be on in HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL; TLS 1.2 alone \
      needs Skype for Business 2019 CU1, 2015 CU9, or Lync 2013 in the Edge role.
    """,
)
_RSA_CERTIFICATE = fix(
    "CA",
    """
    Ask for a certificate with an RSA key and the same names, and install it beside the EC one or in its place.
    """,
)

EDG003 = Check(
    id="EDG003",
    slug="microsoft-suite",
    title="The target agrees with a Microsoft edge on TLS 1.2 and a suite",
    stage="first-flight",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.own_flight & needs.visit,
    judge=_judge_suite,
    covers=("M-09", "M-10", "F3-28"),
    rationale="Office 365 dropped TLS 1.0 and 1.1 in 2020, and Microsoft's hardening turns 3DES off. No capture of an "
    "edge's own hello was found: the one that is sent holds what Schannel offers in TLS 1.2, an assumption.",
    variants={
        "no-tls-1.2": Guide(
            fix=(
                _EXPRESSWAY_CIPHERS,
                fix("ASA", "TLS 1.2 came with 9.3(2): show version, and upgrade an older one."),
                _EDGE_CIPHERS,
            ),
            next=(f"{S_CLIENT} -tls1_2", PROBE),
        ),
        "3des-only": Guide(fix=(_EXPRESSWAY_CIPHERS, _IMP_CIPHERS, _ASA_CIPHERS), next=(S_CLIENT, PROBE)),
        "ec-only": Guide(fix=(_RSA_CERTIFICATE, _EXPRESSWAY_CIPHERS), next=(S_CLIENT, PROBE)),
        "other": Guide(
            fix=(_EXPRESSWAY_CIPHERS, _IMP_CIPHERS, _ASA_CIPHERS, _EDGE_CIPHERS), next=(f"{S_CLIENT} -tls1_2", PROBE)
        ),
    },
    references=(
        "Microsoft, disabling TLS 1.0 and 1.1 in Skype for Business",
        "Cisco, IM and Presence federation guide",
    ),
    yields_to=("EDG001", "EDG002"),
)


def _judge_ec(_case: Case, known: tuple[tuple[FirstFlight, ...], EdgeVisit]) -> Result:
    visit = known[1]
    taken = [flight for flight in visit.flights if agrees(flight)]
    plain = next((flight for flight in taken if _exchange(flight) == "RSA"), None)
    if plain is not None:
        return passed(f"takes RSA key exchange too: {agreed_on(plain)}")
    asked = visit.flight("tls12-rsa")
    if asked is None or not is_refused(asked):
        return unclear("whether RSA key exchange is taken is not known: its hello got no answer")
    curves = [agreed_on(flight) for flight in taken if _exchange(flight) == "ECDHE"]
    if not curves:
        return not_applicable("takes no elliptic curves")
    has_rsa = any(_has_rsa(flight) for flight in taken)
    words = f"takes elliptic curves only: {listing(curves)}; RSA key exchange is refused"
    return failed(words, "" if has_rsa else "ec-certificate", taken=curves)


def _has_rsa(flight: FirstFlight) -> bool:
    """Whether the server proved itself by an RSA key."""
    chosen = suite(flight.suite or 0)
    return chosen is not None and chosen.authentication == "RSA"


def _exchange(flight: FirstFlight) -> str | None:
    chosen = suite(flight.suite or 0)
    return None if chosen is None else chosen.key_exchange


EDG004 = Check(
    id="EDG004",
    slug="rsa-or-ecdhe",
    title="The target takes suites without elliptic curves too",
    stage="first-flight",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.connection & needs.visit,
    judge=_judge_ec,
    covers=("M-11",),
    rationale="Cisco's guide says that Lync supports no elliptic curves and warns of offering them alone. Later "
    "Microsoft servers take ECDHE.",
    guide=Guide(
        fix=(_EXPRESSWAY_CIPHERS, _IMP_CIPHERS, _ASA_CIPHERS), next=(f"{S_CLIENT} -tls1_2 -cipher kRSA", PROBE)
    ),
    variants={
        "ec-certificate": Guide(
            fix=(_RSA_CERTIFICATE, _EXPRESSWAY_CIPHERS), next=(f"{S_CLIENT} -tls1_2 -cipher kRSA", PROBE)
        )
    },
    yields_to=("EDG001", "EDG002", "EDG003"),
)


def _judge_old_partner(case: Case, known: tuple[tuple[FirstFlight, ...], EdgeVisit]) -> Result:
    old = known[1].flight("tls10")
    if old is None or (not agrees(old) and not is_refused(old)):
        return unclear("whether TLS 1.0 is taken is not known: its hello got no answer")
    if agrees(old):
        return passed(f"takes TLS 1.0: {agreed_on(old)}", tls_1_0=True)
    if case.evidence.expectation.partner != "lync-2010":
        return passed("refuses TLS 1.0; no partner that needs it was named (--partner)", tls_1_0=False)
    return failed("refuses TLS 1.0, and Lync 2010 speaks nothing later", tls_1_0=False)


EDG005 = Check(
    id="EDG005",
    slug="old-partner",
    title="A partner with Lync 2010 finds TLS 1.0",
    stage="first-flight",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.connection & needs.visit,
    judge=_judge_old_partner,
    covers=("F3-26", "M-09"),
    rationale="Microsoft's change to TLS 1.2 leaves Lync 2010 out, and an Access Edge in FIPS mode was set to TLS 1.0. "
    "For everybody else a refused TLS 1.0 is right.",
    guide=Guide(
        fix=(
            fix(
                "Microsoft edge", "Best, the partner moves to Lync 2013 or later in the Edge role: that speaks TLS 1.2."
            ),
            fix(
                "Expressway",
                """
                Until then, Maintenance > Security > Ciphers: TLS 1.0 as the lowest version of SIP TLS. This opens \
                  every SIP peer to TLS 1.0.
                """,
            ),
        ),
        next=(f"{S_CLIENT} -tls1 -cipher ALL:@SECLEVEL=0", PROBE),
    ),
    yields_to=("EDG001", "EDG002", "EDG003"),
)


def _judge_triple_des(case: Case, known: tuple[tuple[FirstFlight, ...], EdgeVisit]) -> Result:
    flight = known[1].flight("3des-only")
    if flight is None or (not agrees(flight) and not is_refused(flight)):
        return unclear("whether 3DES is taken is not known: its hello got no answer")
    if not agrees(flight):
        return passed("refuses 3DES", triple_des=False)
    if case.evidence.expectation.partner == "lync-2010":
        return passed("takes 3DES, as Cisco's guide asks for beside old servers", triple_des=True)
    return failed(f"takes 3DES: {agreed_on(flight)}", triple_des=True)


EDG006 = Check(
    id="EDG006",
    slug="triple-des",
    title="3DES is off",
    stage="first-flight",
    severity="info",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.connection & needs.visit,
    judge=_judge_triple_des,
    covers=("F3-28",),
    rationale="Cisco's guide asks IM and Presence for TLS_RSA_WITH_3DES_EDE_CBC_SHA beside an old Access "
    "Edge; Microsoft's hardening turns it off. Beside other suites it does no harm to federation.",
    guide=Guide(
        fix=(
            fix(
                "IM and Presence",
                """
                Leave it on only for a partner with OCS or Lync 2010. Else: System > Security > TLS Context \
                  Configuration > Default_Cisco_UPS_SIP_Proxy_Peer_Auth_TLS_Context, take \
                  TLS_RSA_WITH_3DES_EDE_CBC_SHA out.
                """,
            ),
            fix("Expressway", "Maintenance > Security > Ciphers: !3DES in the cipher list of SIP TLS."),
        ),
        next=("nmap --script ssl-enum-ciphers -p {port} {ip}", PROBE),
    ),
    yields_to=("EDG001", "EDG002", "EDG003"),
)


CHECKS: Final = (EDG003, EDG004, EDG005, EDG006)
